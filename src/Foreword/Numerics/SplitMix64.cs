namespace Foreword.Numerics;

/// <summary>
/// Generates pseudorandom numbers with SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014): a
/// counter that increases in steps of the golden ratio, and a mixing function. The same seed produces the same numbers on every platform and
/// with every version of .NET, which <see cref="Random"/> does not guarantee. Neighboring seeds produce unrelated numbers.
/// </summary>
/// <param name="seed">The seed; any value.</param>
internal sealed class SplitMix64(ulong seed)
{
    private ulong _state = seed;

    /// <summary>Returns the next 64 random bits.</summary>
    public ulong NextUInt64()
    {
        _state += SplitMix.GoldenGamma;
        return SplitMix.Mix(_state);
    }

    /// <summary>Returns the next random number in [0, 1), a multiple of 2^-53.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));
}
