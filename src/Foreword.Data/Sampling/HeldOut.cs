using Foreword.Numerics;

namespace Foreword.Data.Sampling;

/// <summary>Holds out a part of the training data.</summary>
internal static class HeldOut
{
    /// <summary>Holds out a share of the items, drawn by the seed. Both parts keep their order.</summary>
    /// <param name="items">The items.</param>
    /// <param name="share">The share that is held out, above 0 and below 1.</param>
    /// <param name="seed">Determines which items are held out.</param>
    /// <param name="least">The smallest number of items of each part. If there are too few items, none is held out.</param>
    public static (List<T> Train, List<T> Validation) Split<T>(List<T> items, double share, int seed, int least = 1)
    {
        ArgumentNullException.ThrowIfNull(items);
        if (items.Count < 2 * least)
            return (items, []);
        int count = Math.Clamp((int)Math.Round(share * items.Count), least, items.Count - least);
        KeyedPermutation order = new(items.Count, SplitMix.Bits((ulong)seed, ulong.MaxValue));
        HashSet<long> held = [.. Enumerable.Range(0, count).Select(i => order.At(i))];
        return ([.. items.Where((_, i) => !held.Contains(i))], [.. items.Where((_, i) => held.Contains(i))]);
    }
}
