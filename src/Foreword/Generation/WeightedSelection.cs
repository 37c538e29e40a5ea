using System.Numerics.Tensors;

namespace Foreword.Generation;

/// <summary>Finds where the smallest keys' weights reach a sum, without sorting: keys fall into buckets, and the bucket that holds the answer into smaller ones.</summary>
internal static class WeightedSelection
{
    /// <summary>Bits of a key that one pass looks at: the largest table that stays in the first cache beside what is read. Six or seven passes at most, whatever the keys.</summary>
    private const int BucketBits = 10;

    /// <summary>
    /// The first key, in ascending order, at which the weights of the keys up to it sum to <paramref name="target"/> or more (the largest key when
    /// they never do), and that sum, equal keys taken together.
    /// </summary>
    /// <param name="keys">At least one.</param>
    /// <param name="weights">A weight of at least 0 for each key.</param>
    /// <param name="target">The sum to reach.</param>
    /// <param name="someKeys">Room for as many keys; overwritten.</param>
    /// <param name="theirWeights">Room for as many weights; overwritten.</param>
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
                // Written whether it belongs to the bucket or not: cheaper than a branch that cannot be foretold.
                (someKeys[kept], theirWeights[kept]) = (keys[i], weights[i]);
                kept += (int)((keys[i] - lowest) >> shift) == bucket ? 1 : 0;
            }

            keys = someKeys[..kept];
            weights = theirWeights[..kept];
        }
    }
}
