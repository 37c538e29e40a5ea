using Foreword.Data.Sampling;
using Foreword.Numerics;

namespace Foreword.Data.Supervised;

/// <summary>Puts sequences into rows of at most a given length, so that short sequences leave little padding. No sequence is cut.</summary>
internal static class PackedRows
{
    /// <summary>The number of rows that are kept open for further sequences.</summary>
    private const int Open = 64;

    /// <summary>Assigns sequences to rows: each to the first open row that has room, in an order drawn by the seed.</summary>
    /// <param name="lengths">The lengths of the sequences, each at least 1.</param>
    /// <param name="capacity">The length of a row, at least that of the longest sequence.</param>
    /// <param name="seed">Determines the order; null for the given order.</param>
    /// <returns>The indices of the sequences of each row.</returns>
    /// <exception cref="ArgumentException">A sequence is longer than a row.</exception>
    public static int[][] Create(IReadOnlyList<int> lengths, int capacity, long? seed)
    {
        ArgumentNullException.ThrowIfNull(lengths);
        List<int[]> rows = [];
        List<(List<int> Sequences, int Used)> open = [];
        KeyedPermutation? order = seed is { } given && lengths.Count > 0 ? new KeyedPermutation(lengths.Count, SplitMix.Bits((ulong)given, 0)) : null;
        for (int i = 0; i < lengths.Count; i++)
        {
            int sequence = order is null ? i : (int)order.Value.At(i), length = lengths[sequence];
            if (length > capacity)
                throw new ArgumentException($"a sequence has {length} tokens; a row has room for {capacity}", nameof(lengths));
            int at = open.FindIndex(row => row.Used + length <= capacity);
            if (at >= 0)
            {
                open[at].Sequences.Add(sequence);
                open[at] = (open[at].Sequences, open[at].Used + length);
            }
            else
            {
                open.Add(([sequence], length));
                if (open.Count > Open)
                    Close(open.MaxBy(row => row.Used));
            }
        }

        foreach ((List<int> sequences, int _) in open)
            rows.Add([.. sequences]);
        return [.. rows];

        void Close((List<int> Sequences, int Used) row)
        {
            rows.Add([.. row.Sequences]);
            open.Remove(row);
        }
    }
}
