namespace Foreword.Generation;

/// <summary>Finds where the smallest keys' weights reach a sum, without sorting: quickselect by weight, in linear time on average.</summary>
internal static class WeightedSelection
{
    /// <summary>
    /// The first key, in ascending order, at which the weights of the keys up to it sum to <paramref name="target"/> or more (the largest key when
    /// they never do), and that sum, equal keys taken together. Reorders both spans.
    /// </summary>
    /// <param name="keys">At least one.</param>
    /// <param name="weights">A weight of at least 0 for each key.</param>
    /// <param name="target">The sum to reach.</param>
    public static (ulong Key, double Sum) Reach(Span<ulong> keys, Span<double> weights, double target)
    {
        double before = 0;
        while (true)
        {
            ulong pivot = Median(keys[0], keys[keys.Length / 2], keys[^1]);
            // [0, less) below the pivot, [less, at) equal, [greater, length) above; the rest is not looked at yet
            int less = 0, at = 0, greater = keys.Length;
            double lessSum = 0, equalSum = 0;
            while (at < greater)
            {
                ulong key = keys[at];
                if (key < pivot)
                {
                    lessSum += weights[at];
                    Swap(keys, weights, less++, at++);
                }
                else if (key > pivot)
                {
                    Swap(keys, weights, at, --greater);
                }
                else
                {
                    equalSum += weights[at++];
                }
            }

            if (less > 0 && before + lessSum >= target)
            {
                keys = keys[..less];
                weights = weights[..less];
            }
            else if (before + lessSum + equalSum >= target || greater == keys.Length)
            {
                return (pivot, before + lessSum + equalSum);
            }
            else
            {
                before += lessSum + equalSum;
                keys = keys[greater..];
                weights = weights[greater..];
            }
        }
    }

    private static ulong Median(ulong a, ulong b, ulong c) => Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));

    private static void Swap(Span<ulong> keys, Span<double> weights, int a, int b)
    {
        (keys[a], keys[b]) = (keys[b], keys[a]);
        (weights[a], weights[b]) = (weights[b], weights[a]);
    }
}
