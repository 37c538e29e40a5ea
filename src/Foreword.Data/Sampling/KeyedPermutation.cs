using System.Numerics;
using Foreword.Numerics;

namespace Foreword.Data.Sampling;

/// <summary>
/// A pseudo-random permutation of 0 .. size - 1 that computes any single element in constant memory. It is a balanced Feistel network (Luby and
/// Rackoff, 1988) over the next power of four. The network is applied repeatedly until the value is below size (cycle walking: Black and Rogaway,
/// "Ciphers with arbitrary finite domains", 2002), at most four times on average.
/// </summary>
internal readonly struct KeyedPermutation
{
    private const int Rounds = 6;

    private readonly long _size;
    private readonly ulong _key;
    private readonly int _halfBits;

    /// <summary>Creates the permutation of 0 .. <paramref name="size"/> - 1 (size is 1 or more) that belongs to <paramref name="key"/>.</summary>
    public KeyedPermutation(long size, ulong key)
    {
        _size = size;
        _key = key;
        int bits = 64 - BitOperations.LeadingZeroCount((ulong)(size - 1));
        _halfBits = Math.Max(1, (bits + 1) / 2);
    }

    /// <summary>Returns the element at <paramref name="index"/>.</summary>
    public long At(long index)
    {
        ulong value = (ulong)index;
        do
            value = Permute(value);
        while (value >= (ulong)_size);
        return (long)value;
    }

    private ulong Permute(ulong value)
    {
        ulong mask = (1UL << _halfBits) - 1;
        ulong left = value >> _halfBits;
        ulong right = value & mask;
        for (ulong round = 0; round < Rounds; round++)
            (left, right) = (right, left ^ (SplitMix.Bits(_key + round, right) & mask));
        return (left << _halfBits) | right;
    }
}
