using Foreword.Data.Shards;
using Foreword.Numerics;

namespace Foreword.Data.Sampling;

/// <summary>
/// Draws windows of T + 1 tokens for training: T inputs and, shifted by one, T targets. Within an epoch, no window occurs twice, and the windows begin a
/// stride apart: T tokens, so that no two overlap in their inputs, or fewer. Each epoch shuffles the order and moves the start of the first window (0 to stride - 1), so that epochs cut the text
/// differently.
/// </summary>
/// <remarks>
/// Nothing is stored: window number n is computed from the seed and n, independent of the corpus's size. To continue exactly, a saved run needs only
/// <see cref="Seed"/> and <see cref="Cursor"/>. An epoch leaves out fewer than 2 T tokens at the ends of the corpus, and different ones in each
/// epoch. Documents are not separated: a window may hold the end of one document, the end-of-text token and the beginning of the next, as in GPT-2's
/// training.
/// </remarks>
internal sealed class BatchSampler
{
    private readonly TokenDataset _data;
    private readonly int _offsets; // the first window of an epoch begins at one of 0 .. _offsets - 1
    private long _cursor;

    /// <summary>Creates a sampler at the beginning of its first epoch. The caller still owns the dataset.</summary>
    /// <param name="data">The corpus.</param>
    /// <param name="contextLength">T, 1 or more.</param>
    /// <param name="seed">Seed of the order.</param>
    /// <param name="stride">The distance between the beginnings of two windows in tokens, from 1 to T; null for T.</param>
    /// <exception cref="ArgumentException">The corpus has fewer than T + 1 tokens, or T or the stride is outside its range.</exception>
    public BatchSampler(TokenDataset data, int contextLength, long seed, int? stride = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentOutOfRangeException.ThrowIfLessThan(contextLength, 1);
        if (data.Count < contextLength + 1L)
            throw new ArgumentException($"{data.Directory} holds {data.Count} tokens to train on; a context of {contextLength} needs at least {contextLength + 1L}", nameof(data));
        _data = data;
        ContextLength = contextLength;
        Seed = seed;
        Stride = stride ?? contextLength;
        ArgumentOutOfRangeException.ThrowIfLessThan(Stride, 1, nameof(stride));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Stride, contextLength, nameof(stride));

        // One window fewer than would fit, so that the first window can begin anywhere in 0 .. stride - 1. A very short corpus has only one
        // window, which begins wherever it fits.
        WindowsPerEpoch = Math.Max(1, (data.Count - contextLength) / Stride);
        _offsets = (int)Math.Min(Stride, data.Count - contextLength - ((WindowsPerEpoch - 1) * Stride));
    }

    /// <summary>Gets T, the number of inputs in a window.</summary>
    public int ContextLength { get; }

    /// <summary>Gets the distance between the beginnings of two windows of an epoch in tokens.</summary>
    public int Stride { get; }

    /// <summary>Gets the seed of the order.</summary>
    public long Seed { get; }

    /// <summary>Gets the number of windows in every epoch.</summary>
    public long WindowsPerEpoch { get; }

    /// <summary>Gets or sets the number of windows drawn since the beginning of training. Set it to continue from there.</summary>
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

    /// <summary>Gets the number of epochs that correspond to <see cref="Cursor"/> windows, including the fraction.</summary>
    public double Epochs => (double)_cursor / WindowsPerEpoch;

    /// <summary>
    /// Returns the position in the corpus of the first token of window number <paramref name="cursor"/>, counted from the beginning of training.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public long WindowAt(long cursor)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(cursor);
        (long epoch, long index) = Math.DivRem(cursor, WindowsPerEpoch);
        ulong key = SplitMix.Bits((ulong)Seed, (ulong)epoch);
        long offset = SplitMix.Below(_offsets, key, ulong.MaxValue); // an index that the permutation never uses
        return offset + (new KeyedPermutation(WindowsPerEpoch, key).At(index) * Stride);
    }

    /// <summary>Draws the next windows and advances <see cref="Cursor"/>.</summary>
    /// <param name="batch">B: number of windows, 1 or more.</param>
    /// <param name="inputs">Receives the input ids, (B, T).</param>
    /// <param name="targets">Receives the ids that follow them, (B, T).</param>
    /// <returns>The position where each window begins, [B], for error messages about a batch.</returns>
    /// <exception cref="ArgumentException">A span does not hold exactly B * T numbers, or B is below 1.</exception>
    public ShardPosition[] Next(int batch, Span<long> inputs, Span<long> targets)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        long expected = (long)batch * ContextLength;
        if (inputs.Length != expected || targets.Length != expected)
            throw new ArgumentException($"{batch} windows of {ContextLength} tokens need {expected} inputs and targets; there is room for {inputs.Length} and {targets.Length}", nameof(targets));
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
