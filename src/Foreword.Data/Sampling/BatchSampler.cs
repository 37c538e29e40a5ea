using Foreword.Data.Shards;
using Foreword.Numerics;

namespace Foreword.Data.Sampling;

/// <summary>
/// Draws windows of T + 1 tokens for training: T inputs and, shifted by one, T targets. Within an epoch no window
/// comes twice and no two overlap in their inputs; the order is shuffled anew each epoch, and so is where the first
/// window begins (0 to T - 1), so that epochs see different cuts of the text.
/// </summary>
/// <remarks>
/// Nothing is stored: window number n is computed from the seed and n, whatever the corpus's size. A saved run needs
/// only <see cref="Seed"/> and <see cref="Cursor"/> to continue exactly. An epoch leaves out fewer than 2 T tokens at
/// the ends of the corpus, other ones each time. Documents are not kept apart: a window may hold the end of one, the
/// end-of-text token and the beginning of the next, as in GPT-2's training.
/// </remarks>
public sealed class BatchSampler
{
    private readonly TokenDataset _data;
    private readonly int _offsets; // an epoch's first window begins at one of 0 .. _offsets - 1
    private long _cursor;

    /// <summary>A sampler at the beginning of its first epoch. The dataset stays the caller's.</summary>
    /// <param name="data">The corpus.</param>
    /// <param name="contextLength">T, at least 1.</param>
    /// <param name="seed">Chooses the order.</param>
    /// <exception cref="ArgumentException">The corpus has fewer than T + 1 tokens.</exception>
    public BatchSampler(TokenDataset data, int contextLength, long seed)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentOutOfRangeException.ThrowIfLessThan(contextLength, 1);
        if (data.Count < contextLength + 1L)
            throw new ArgumentException($"{data.Directory} holds {data.Count} tokens to train on; a context of {contextLength} needs at least {contextLength + 1L}");
        _data = data;
        ContextLength = contextLength;
        Seed = seed;

        // One window less than fit, so that the grid of windows can begin anywhere in 0 .. T - 1; a corpus of fewer
        // than 2 T tokens has its one window wherever it fits.
        WindowsPerEpoch = Math.Max(1, (data.Count / contextLength) - 1);
        _offsets = (int)Math.Min(contextLength, data.Count - (WindowsPerEpoch * contextLength));
    }

    /// <summary>T: inputs in a window.</summary>
    public int ContextLength { get; }

    /// <summary>Chooses the order.</summary>
    public long Seed { get; }

    /// <summary>Windows in every epoch.</summary>
    public long WindowsPerEpoch { get; }

    /// <summary>Number of windows drawn since the beginning of training; set it to continue from there.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public long Cursor
    {
        get => _cursor;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _cursor = value;
        }
    }

    /// <summary>Epochs that <see cref="Cursor"/> windows make, with the fraction.</summary>
    public double Epochs => (double)_cursor / WindowsPerEpoch;

    /// <summary>The position in the corpus of the first token of window number <paramref name="cursor"/>, counted from the beginning of training.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public long WindowAt(long cursor)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(cursor);
        (long epoch, long index) = Math.DivRem(cursor, WindowsPerEpoch);
        ulong key = SplitMix.Bits((ulong)Seed, (ulong)epoch);
        long offset = SplitMix.Below(_offsets, key, ulong.MaxValue); // a place that the permutation never asks for
        return offset + (new KeyedPermutation(WindowsPerEpoch, key).At(index) * ContextLength);
    }

    /// <summary>Draws the next windows and moves <see cref="Cursor"/> behind them.</summary>
    /// <param name="batch">B: number of windows, at least 1.</param>
    /// <param name="inputs">Receives the input ids, (B, T).</param>
    /// <param name="targets">Receives the ids that follow them, (B, T).</param>
    /// <returns>Where each window begins, [B]: what to name when a batch goes wrong.</returns>
    /// <exception cref="ArgumentException">An array does not hold exactly B * T numbers.</exception>
    public ShardPosition[] Next(int batch, Span<long> inputs, Span<long> targets)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        long expected = (long)batch * ContextLength;
        if (inputs.Length != expected || targets.Length != expected)
            throw new ArgumentException($"{batch} windows of {ContextLength} tokens need {expected} inputs and targets; there is room for {inputs.Length} and {targets.Length}");
        ShardPosition[] positions = new ShardPosition[batch];
        for (int i = 0; i < batch; i++)
        {
            long start = WindowAt(_cursor + i);
            _data.Read(start, inputs.Slice(i * ContextLength, ContextLength));
            _data.Read(start + 1, targets.Slice(i * ContextLength, ContextLength));
            positions[i] = _data.Locate(start);
        }

        _cursor += batch;
        return positions;
    }
}
