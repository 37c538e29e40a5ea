using System.Numerics;
using System.Runtime.InteropServices;
using Foreword.Numerics;

namespace Foreword.Evaluation.Overlap;

/// <summary>
/// A set of 64-bit hashes that may say yes to one that it was never given, but never no to one that it was (Bloom, "Space/time
/// trade-offs in hash coding with allowable errors", 1970). Reading is safe from several threads at once, adding is not.
/// </summary>
public sealed class BloomFilter
{
    private const int BitsOfWord = 64;

    private readonly ulong[][] _blocks;

    /// <summary>An empty filter.</summary>
    /// <param name="bits">Bits of memory, a positive multiple of 64.</param>
    /// <param name="hashes">Bits that an item sets, at least 1.</param>
    public BloomFilter(long bits, int hashes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bits);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(hashes);
        if (bits % BitsOfWord != 0)
            throw new ArgumentException($"a filter of {bits} bits cannot be made; it has a multiple of {BitsOfWord}", nameof(bits));
        (Bits, Hashes) = (bits, hashes);
        long words = bits / BitsOfWord;
        _blocks = new ulong[(words + BlockWords - 1) / BlockWords][];
        for (int block = 0; block < _blocks.Length; block++)
            _blocks[block] = new ulong[Math.Min(BlockWords, words - (long)block * BlockWords)];
    }

    /// <summary>Words of 64 bits in a block of memory but the last: 128 MiB.</summary>
    public static int BlockWords { get; } = 1 << 24;

    /// <summary>Bits of memory.</summary>
    public long Bits { get; }

    /// <summary>Bits that an item sets.</summary>
    public int Hashes { get; }

    /// <summary>Blocks of memory.</summary>
    public int BlockCount => _blocks.Length;

    /// <summary>Bits that are set.</summary>
    public long BitsSet => _blocks.Sum(block => block.Sum(word => (long)BitOperations.PopCount(word)));

    /// <summary>The chance that the filter as it stands says yes to what it was not given: (share of bits set) ^ hashes.</summary>
    public double FalsePositiveRate => Math.Pow((double)BitsSet / Bits, Hashes);

    /// <summary>The smallest filter whose false-positive rate stays at or below the bound when it was given so many different items.</summary>
    /// <param name="items">Items, at least 0.</param>
    /// <param name="falsePositives">The bound, above 0 and below 1.</param>
    public static BloomFilter For(long items, double falsePositives) => new(BitsFor(items, falsePositives), HashesFor(falsePositives));

    /// <summary>Bits of the smallest such filter.</summary>
    /// <inheritdoc cref="For" path="/param"/>
    public static long BitsFor(long items, double falsePositives)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(items);
        int hashes = HashesFor(falsePositives);
        // After n items a bit is set with the chance f = 1 - exp(-k n / m), and f^k must not exceed the bound: solved for m.
        double bits = -hashes * (double)items / Math.Log(1 - Math.Pow(falsePositives, 1.0 / hashes));
        return Math.Max(1, (long)Math.Ceiling(bits / BitsOfWord)) * BitsOfWord;
    }

    /// <summary>Puts an item in.</summary>
    /// <returns>Whether it was new, as far as the filter can tell.</returns>
    public bool Add(ulong item)
    {
        bool isNew = false;
        for (int i = 0; i < Hashes; i++)
        {
            (int block, int word, ulong bit) = Place(item, i);
            ref ulong bits = ref _blocks[block][word];
            isNew |= (bits & bit) == 0;
            bits |= bit;
        }

        return isNew;
    }

    /// <summary>Whether the item may have been put in; no is certain.</summary>
    public bool Contains(ulong item)
    {
        for (int i = 0; i < Hashes; i++)
        {
            (int block, int word, ulong bit) = Place(item, i);
            if ((_blocks[block][word] & bit) == 0)
                return false;
        }

        return true;
    }

    /// <summary>The memory of a block, to be saved or filled; 64-bit words, little-endian.</summary>
    public Span<byte> BlockBytes(int block) => MemoryMarshal.AsBytes(_blocks[block].AsSpan());

    /// <summary>With half of its bits set a filter is smallest; that takes log2(1 / rate) hashes.</summary>
    private static int HashesFor(double falsePositives) => falsePositives is > 0 and < 1
        ? Math.Max(1, (int)Math.Round(-Math.Log2(falsePositives)))
        : throw new ArgumentOutOfRangeException(nameof(falsePositives), $"the false-positive rate is {falsePositives}; it must lie between 0 and 1");

    private (int Block, int Word, ulong Bit) Place(ulong item, int hash)
    {
        long position = SplitMix.Below(Bits, item, (ulong)hash), word = position / BitsOfWord;
        return ((int)(word / BlockWords), (int)(word % BlockWords), 1UL << (int)(position % BitsOfWord));
    }
}
