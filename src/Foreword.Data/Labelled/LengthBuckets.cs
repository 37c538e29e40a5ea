using Foreword.Numerics;
using Foreword.Tasks;

namespace Foreword.Data.Labelled;

/// <summary>
/// The batches of an epoch: examples of similar length together, so that little is computed for padding, and still a new random
/// order in every epoch. They follow from seed and epoch alone.
/// </summary>
public static class LengthBuckets
{
    /// <summary>Batches that are sorted by length among themselves: more means less padding and less chance.</summary>
    private const int BatchesOfAPool = 50;

    /// <summary>The examples of each batch: the examples are shuffled, sorted by length within pools of batches, and the batches shuffled.</summary>
    /// <param name="lengths">Tokens of each example.</param>
    /// <param name="batchSize">Examples of a batch; one batch may have fewer.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="epoch">Epochs made before.</param>
    public static int[][] Batches(IReadOnlyList<int> lengths, int batchSize, int seed, int epoch)
    {
        ArgumentNullException.ThrowIfNull(lengths);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        ulong key = SplitMix.Bits((ulong)seed, (ulong)epoch);
        return [.. Enumerable.Range(0, lengths.Count)
            .OrderBy(i => SplitMix.Bits(key, (ulong)i))
            .Chunk(BatchesOfAPool * batchSize)
            .SelectMany(pool => pool.OrderByDescending(i => lengths[i]).Chunk(batchSize)) // a stable sort: equals stay shuffled
            .Select((batch, number) => (batch, number))
            .OrderBy(b => SplitMix.Bits(key + 1, (ulong)b.number))
            .Select(b => b.batch)];
    }

    /// <summary>The share of positions that are padding, 0 to below 1, when every sequence of a batch is as long as its longest.</summary>
    /// <param name="examples">All examples.</param>
    /// <param name="batches">Which of them share a batch.</param>
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
