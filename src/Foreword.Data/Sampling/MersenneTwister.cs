namespace Foreword.Data.Sampling;

/// <summary>
/// The random numbers of numpy's <c>RandomState(seed)</c>: MT19937 (Matsumoto and Nishimura 1998) with their first initialization. Splits that a
/// published program drew with numpy are drawn again with it.
/// </summary>
internal sealed class MersenneTwister
{
    private const int Size = 624, Middle = 397;

    private readonly uint[] _state = new uint[Size];
    private int _next = Size;

    /// <summary>Creates the generator for a seed.</summary>
    public MersenneTwister(uint seed)
    {
        _state[0] = seed;
        for (int i = 1; i < Size; i++)
            _state[i] = 1812433253u * (_state[i - 1] ^ (_state[i - 1] >> 30)) + (uint)i;
    }

    /// <summary>Returns the next 32 random bits.</summary>
    public uint Next()
    {
        if (_next == Size)
            Renew();
        uint y = _state[_next++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9D2C5680u;
        y ^= (y << 15) & 0xEFC60000u;
        return y ^ (y >> 18);
    }

    /// <summary>Returns the permutation of 0 to <paramref name="count"/> - 1 that <c>RandomState.permutation</c> returns.</summary>
    /// <param name="count">The number of elements, 0 or more.</param>
    public int[] Permutation(int count)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        for (int i = count - 1; i > 0; i--)
        {
            int other = Below((uint)i);
            (order[i], order[other]) = (order[other], order[i]);
        }

        return order;
    }

    /// <summary>Returns a number from 0 to <paramref name="most"/>. Numbers above it are drawn again.</summary>
    private int Below(uint most)
    {
        uint mask = uint.MaxValue >> System.Numerics.BitOperations.LeadingZeroCount(most), drawn;
        do
            drawn = Next() & mask;
        while (drawn > most);
        return (int)drawn;
    }

    private void Renew()
    {
        for (int i = 0; i < Size; i++)
        {
            uint y = (_state[i] & 0x80000000u) | (_state[(i + 1) % Size] & 0x7FFFFFFFu);
            _state[i] = _state[(i + Middle) % Size] ^ (y >> 1) ^ ((y & 1) == 0 ? 0 : 0x9908B0DFu);
        }

        _next = 0;
    }
}
