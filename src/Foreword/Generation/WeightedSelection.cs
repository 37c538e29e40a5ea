using System.Numerics.Tensors;

namespace Foreword.Generation;

/// <summary>
/// Finds the key at which the weights of the smallest keys reach a sum, without sorting. The keys are divided into buckets. The bucket that contains
/// the answer is divided again.
/// </summary>
internal static class WeightedSelection
{
    /// <summary>
    /// The number of key bits that one pass examines. The table of buckets is the largest one that stays in the L1 cache together with the data. At
    /// most six or seven passes are needed for any keys.
    /// </summary>
    private const int BucketBits = 10;

    /// <summary>
    /// Finds the first key, in ascending order, at which the weights of all keys up to it sum to <paramref name="target"/> or more.
    /// </summary>
    /// <param name="keys">The keys, at least one.</param>
    /// <param name="weights">The weight of each key, 0 or more.</param>
    /// <param name="target">The sum to reach.</param>
    /// <param name="someKeys">A buffer of at least the same length as <paramref name="keys"/>. It is overwritten.</param>
    /// <param name="theirWeights">A buffer of at least the same length as <paramref name="weights"/>. It is overwritten.</param>
    /// <returns>The key (the largest one if the target is never reached), and the sum of the weights up to it. Equal keys count together.</returns>
    public static (ulong Key, double Sum) Reach(ReadOnlySpan<ulong> keys, ReadOnlySpan<double> weights, double target, Span<ulong> someKeys, Span<double> theirWeights)
    {
        Span<double> buckets = stackalloc double[1 << BucketBits];
        double before = 0;
        while (true)
        {
            ulong lowest = TensorPrimitives.Min(keys), highest = TensorPrimitives.Max(keys);
            if (lowest == highest)
                return (lowest, before + TensorPrimitives.Sum(weights));
            int shift = Math.Max(0, 64 - BucketBits - (int)ulong.LeadingZeroCount(highest - lowest));
            buckets.Clear();
            for (int i = 0; i < keys.Length; i++)
                buckets[(int)((keys[i] - lowest) >> shift)] += weights[i];
            int bucket = 0, last = (int)((highest - lowest) >> shift);
            while (bucket < last && before + buckets[bucket] < target)
                before += buckets[bucket++];
            int kept = 0;
            for (int i = 0; i < keys.Length; i++)
            {
                // Writes the key whether it belongs to the bucket or not. This costs less than a branch that is hard to predict.
                (someKeys[kept], theirWeights[kept]) = (keys[i], weights[i]);
                kept += (int)((keys[i] - lowest) >> shift) == bucket ? 1 : 0;
            }

            keys = someKeys[..kept];
            weights = theirWeights[..kept];
        }
    }
}
