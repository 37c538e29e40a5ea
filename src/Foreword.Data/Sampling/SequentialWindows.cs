using Foreword.Data.Shards;

namespace Foreword.Data.Sampling;

/// <summary>
/// A dataset cut into windows of T inputs that follow each other, for validation: every token from the second one
/// on is a target exactly once. The last window may be shorter; it is filled up with input 0 and target
/// <see cref="NoTarget"/>.
/// </summary>
public sealed class SequentialWindows
{
    /// <summary>The target of a place that does not count: -1, as nanoGPT's <c>ignore_index</c>.</summary>
    public const long NoTarget = -1;

    private readonly TokenDataset _data;

    /// <summary>Cuts the dataset, which stays the caller's.</summary>
    /// <param name="data">The tokens.</param>
    /// <param name="contextLength">T, at least 1.</param>
    /// <exception cref="ArgumentException">There are fewer than two tokens, so there is no target.</exception>
    public SequentialWindows(TokenDataset data, int contextLength)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentOutOfRangeException.ThrowIfLessThan(contextLength, 1);
        if (data.Count < 2)
            throw new ArgumentException($"{data.Directory} holds {data.Count} tokens to evaluate on; at least 2 are needed");
        _data = data;
        ContextLength = contextLength;
        Count = (data.Count - 2 + contextLength) / contextLength;
    }

    /// <summary>T: inputs in a window.</summary>
    public int ContextLength { get; }

    /// <summary>Number of windows.</summary>
    public long Count { get; }

    /// <summary>Reads as many windows as there are from <paramref name="first"/> on and fit the arrays.</summary>
    /// <param name="first">Number of the first window, from 0; windows may be read in any order.</param>
    /// <param name="inputs">Receives the input ids, (B, T).</param>
    /// <param name="targets">Receives the ids that follow them, (B, T).</param>
    /// <returns>B, the number of windows read: smaller than the arrays allow only at the end of the dataset.</returns>
    /// <exception cref="ArgumentException">The arrays differ in length or do not hold whole windows, or there is no such window.</exception>
    public int Read(long first, Span<long> inputs, Span<long> targets)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(first, Count);
        if (inputs.Length != targets.Length || inputs.IsEmpty || inputs.Length % ContextLength != 0)
            throw new ArgumentException($"inputs and targets need the same whole number of windows of {ContextLength} tokens; they hold {inputs.Length} and {targets.Length}");
        int windows = (int)Math.Min(inputs.Length / ContextLength, Count - first);
        long start = first * ContextLength;
        int length = (int)Math.Min((long)windows * ContextLength, _data.Count - 1 - start);
        _data.Read(start, inputs[..length]);
        _data.Read(start + 1, targets[..length]);
        inputs[length..(windows * ContextLength)].Clear();
        targets[length..(windows * ContextLength)].Fill(NoTarget);
        return windows;
    }
}
