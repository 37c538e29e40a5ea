namespace Foreword.Numerics;

/// <summary>
/// Random access to pseudo-random numbers: SplitMix64's finaliser (Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators", 2014) over a seed and a place, so no state has to be kept or saved.
/// </summary>
public static class SplitMix
{
    /// <summary>The odd number nearest to 2^64 over the golden ratio.</summary>
    internal const ulong GoldenGamma = 0x9E3779B97F4A7C15;

    /// <summary>64 random bits that depend on every bit of both numbers.</summary>
    public static ulong Bits(ulong seed, ulong place) => Mix(Mix(seed + GoldenGamma) + (GoldenGamma * (place + 1)));

    /// <summary>A number from 0 to <paramref name="limit"/> - 1; the bias is below limit / 2^64.</summary>
    public static long Below(long limit, ulong seed, ulong place) => (long)Math.BigMul(Bits(seed, place), (ulong)limit, out _);

    /// <summary>The finaliser: every bit of the result depends on every bit of <paramref name="z"/>.</summary>
    internal static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
