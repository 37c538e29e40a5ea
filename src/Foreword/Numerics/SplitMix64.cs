namespace Foreword.Numerics;

/// <summary>
/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014): a counter in
/// steps of the golden ratio and a mixing function. The same seed gives the same numbers on every platform and with
/// every version of .NET, which <see cref="Random"/> does not promise. Neighbouring seeds give unrelated numbers.
/// </summary>
public sealed class SplitMix64(ulong seed)
{
    private ulong _state = seed;

    /// <summary>The next 64 bits.</summary>
    public ulong NextUInt64()
    {
        _state += SplitMix.GoldenGamma;
        return SplitMix.Mix(_state);
    }

    /// <summary>The next number in [0, 1), a multiple of 2^-53.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));
}
