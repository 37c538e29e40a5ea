using Foreword.Data.Shards;

namespace Foreword.Data.Sampling;

/// <summary>
/// Cuts a dataset into consecutive windows of T inputs, for validation. Every token from the second one on is a target exactly once. The last window
/// may be shorter: it is padded with input 0 and target <see cref="NoTarget"/>.
/// </summary>
internal sealed class SequentialWindows
{
    /// <summary>The target of a position that does not count: -1, like nanoGPT's <c>ignore_index</c>.</summary>
    public const long NoTarget = -1;

    private readonly TokenDataset _data;

    /// <summary>Cuts a dataset into windows. The caller still owns the dataset.</summary>
    /// <param name="data">The tokens.</param>
    /// <param name="contextLength">T, 1 or more.</param>
    /// <exception cref="ArgumentException">There are fewer than two tokens and therefore no target, or T is below 1.</exception>
    public SequentialWindows(TokenDataset data, int contextLength)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentOutOfRangeException.ThrowIfLessThan(contextLength, 1);
        if (data.Count < 2)
            throw new ArgumentException($"{data.Directory} holds {data.Count} tokens to evaluate on; at least 2 are needed", nameof(data));
        _data = data;
        ContextLength = contextLength;
        Count = (data.Count - 2 + contextLength) / contextLength;
    }

    /// <summary>Gets T, the number of inputs in a window.</summary>
    public int ContextLength { get; }

    /// <summary>Gets the number of windows.</summary>
    public long Count { get; }

    /// <summary>Reads windows from number <paramref name="first"/> on, as many as exist and fit into the spans.</summary>
    /// <param name="first">Number of the first window, from 0. Windows may be read in any order.</param>
    /// <param name="inputs">Receives the input ids, (B, T).</param>
    /// <param name="targets">Receives the ids that follow them, (B, T).</param>
    /// <returns>B, the number of windows read. It is smaller than the spans allow only at the end of the dataset.</returns>
    /// <exception cref="ArgumentException">The spans differ in length or do not hold whole windows, or the first window does not exist.</exception>
    public int Read(long first, Span<long> inputs, Span<long> targets)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(first, Count);
        if (inputs.Length != targets.Length || inputs.IsEmpty || inputs.Length % ContextLength != 0)
            throw new ArgumentException($"inputs and targets need the same whole number of windows of {ContextLength} tokens; they hold {inputs.Length} and {targets.Length}", nameof(targets));
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
