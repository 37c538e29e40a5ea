using Foreword.Numerics;
using Foreword.Tasks;

namespace Foreword.Data.Labeled;

/// <summary>
/// Groups the examples of an epoch into batches of similar length, to reduce the computation for padding. The order is random and different in every
/// epoch. It depends only on the seed and the epoch.
/// </summary>
internal static class LengthBuckets
{
    /// <summary>The number of batches in a pool whose examples are sorted by length. A larger pool has less padding but is less random.</summary>
    private const int BatchesOfAPool = 50;

    /// <summary>
    /// Creates the batches of an epoch. The examples are shuffled, sorted by length within pools of batches, and the batches are shuffled.
    /// </summary>
    /// <param name="lengths">The number of tokens of each example.</param>
    /// <param name="batchSize">The number of examples in a batch, 1 or more. One batch may have fewer.</param>
    /// <param name="seed">The seed of the run.</param>
    /// <param name="epoch">The number of completed epochs.</param>
    /// <returns>The indices of the examples of each batch.</returns>
    public static int[][] Batches(IReadOnlyList<int> lengths, int batchSize, int seed, int epoch)
    {
        ArgumentNullException.ThrowIfNull(lengths);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        ulong key = SplitMix.Bits((ulong)seed, (ulong)epoch);
        return [.. Enumerable.Range(0, lengths.Count)
            .OrderBy(i => SplitMix.Bits(key, (ulong)i))
            .Chunk(BatchesOfAPool * batchSize)
            .SelectMany(pool => pool.OrderByDescending(i => lengths[i]).Chunk(batchSize)) // the sort is stable, so examples of equal length stay shuffled
            .Select((batch, number) => (batch, number))
            .OrderBy(b => SplitMix.Bits(key + 1, (ulong)b.number))
            .Select(b => b.batch)];
    }

    /// <summary>Computes the share of positions that are padding if every sequence is padded to the longest one of its batch.</summary>
    /// <param name="examples">All examples.</param>
    /// <param name="batches">The indices of the examples of each batch.</param>
    /// <returns>The share, from 0 to below 1.</returns>
    public static double Padding(IReadOnlyList<EncodedExample> examples, IEnumerable<int[]> batches)
    {
        ArgumentNullException.ThrowIfNull(examples);
        ArgumentNullException.ThrowIfNull(batches);
        long real = 0, all = 0;
        foreach (int[] batch in batches)
        {
            real += batch.Sum(i => examples[i].Sequences.Sequences.Sum(sequence => (long)sequence.Length));
            all += batch.Max(i => examples[i].Length) * batch.Sum(i => (long)examples[i].Sequences.Sequences.Count);
        }

        return all == 0 ? 0 : 1 - (double)real / all;
    }
}
