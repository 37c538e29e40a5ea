namespace Foreword.Numerics;

/// <summary>
/// Provides random access to pseudorandom numbers. It applies SplitMix64's finalizer (Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators", 2014) to a seed and a place, so there is no state to keep or save.
/// </summary>
internal static class SplitMix
{
    /// <summary>The odd number nearest to 2^64 divided by the golden ratio.</summary>
    internal const ulong GoldenGamma = 0x9E3779B97F4A7C15;

    /// <summary>Returns 64 random bits that depend on every bit of the seed and the place.</summary>
    /// <param name="seed">The seed of the sequence.</param>
    /// <param name="place">The index in the sequence.</param>
    public static ulong Bits(ulong seed, ulong place) => Mix(Mix(seed + GoldenGamma) + (GoldenGamma * (place + 1)));

    /// <summary>Returns a random number from 0 to <paramref name="limit"/> - 1. Its bias is below limit / 2^64.</summary>
    /// <param name="limit">The exclusive upper bound, 1 or more.</param>
    /// <param name="seed">The seed of the sequence.</param>
    /// <param name="place">The index in the sequence.</param>
    public static long Below(long limit, ulong seed, ulong place) => (long)Math.BigMul(Bits(seed, place), (ulong)limit, out _);

    /// <summary>Applies the finalizer. Every bit of the result depends on every bit of <paramref name="z"/>.</summary>
    internal static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
