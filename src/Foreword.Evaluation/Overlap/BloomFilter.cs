using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using Foreword.Numerics;

namespace Foreword.Evaluation.Overlap;

/// <summary>
/// A set of 64-bit hashes that may report an item that was never added, but never misses an item that was (Bloom, "Space/time trade-offs in hash
/// coding with allowable errors", 1970). Several threads may read at the same time, but adding is not thread-safe.
/// </summary>
internal sealed class BloomFilter
{
    private const int BitsOfWord = 64;

    private readonly ulong[][] _blocks;

    /// <summary>Creates an empty filter.</summary>
    /// <param name="bits">Number of bits of memory, a positive multiple of 64.</param>
    /// <param name="hashes">Number of bits that an item sets, 1 or more.</param>
    /// <exception cref="ArgumentException">A number is out of range.</exception>
    public BloomFilter(long bits, int hashes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bits);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(hashes);
        if (bits % BitsOfWord != 0)
            throw new ArgumentException($"the filter size is {bits} bits; it must be a multiple of {BitsOfWord}", nameof(bits));
        (Bits, Hashes) = (bits, hashes);
        long words = bits / BitsOfWord;
        _blocks = new ulong[(words + BlockWords - 1) / BlockWords][];
        for (int block = 0; block < _blocks.Length; block++)
            _blocks[block] = new ulong[Math.Min(BlockWords, words - (long)block * BlockWords)];
    }

    /// <summary>Gets the number of 64-bit words in each block of memory except the last: a block is 128 MiB.</summary>
    public static int BlockWords { get; } = 1 << 24;

    /// <summary>Gets the number of bits of memory.</summary>
    public long Bits { get; }

    /// <summary>Gets the number of bits that an item sets.</summary>
    public int Hashes { get; }

    /// <summary>Gets the number of blocks of memory.</summary>
    public int BlockCount => _blocks.Length;

    /// <summary>Gets the number of bits that are set.</summary>
    public long BitsSet => _blocks.Sum(block => block.Sum(word => (long)BitOperations.PopCount(word)));

    /// <summary>
    /// Gets the probability that the filter, in its present state, reports an item that was never added: (share of bits set) ^ hashes.
    /// </summary>
    public double FalsePositiveRate => Math.Pow((double)BitsSet / Bits, Hashes);

    /// <summary>
    /// Creates the smallest filter whose false-positive rate is at most the bound after the given number of different items was added.
    /// </summary>
    /// <param name="items">Number of items, 0 or more.</param>
    /// <param name="falsePositives">The bound of the false-positive rate, above 0 and below 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public static BloomFilter For(long items, double falsePositives) => new(BitsFor(items, falsePositives), HashesFor(falsePositives));

    /// <summary>Computes the number of bits of the filter that <see cref="For"/> creates.</summary>
    /// <inheritdoc cref="For" path="/param"/>
    /// <inheritdoc cref="For" path="/exception"/>
    public static long BitsFor(long items, double falsePositives)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(items);
        int hashes = HashesFor(falsePositives);
        // After n items, a bit is set with probability f = 1 - exp(-k n / m). f^k must not exceed the bound. This is solved for m.
        double bits = -hashes * (double)items / Math.Log(1 - Math.Pow(falsePositives, 1.0 / hashes));
        return Math.Max(1, (long)Math.Ceiling(bits / BitsOfWord)) * BitsOfWord;
    }

    /// <summary>Adds an item.</summary>
    /// <returns>Whether the item was new, as far as the filter can tell.</returns>
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

    /// <summary>Checks whether the item may have been added. False is certain.</summary>
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

    /// <summary>Returns the memory of a block, to be saved or filled: little-endian 64-bit words.</summary>
    public Span<byte> BlockBytes(int block) => MemoryMarshal.AsBytes(_blocks[block].AsSpan());

    /// <summary>
    /// Computes the number of hashes that makes the filter smallest. The filter is smallest if half of its bits are set, which takes log2(1 / rate)
    /// hashes.
    /// </summary>
    private static int HashesFor(double falsePositives) => falsePositives is > 0 and < 1
        ? Math.Max(1, (int)Math.Round(-Math.Log2(falsePositives)))
        : throw new ArgumentOutOfRangeException(nameof(falsePositives), string.Create(CultureInfo.InvariantCulture, $"the false-positive rate is {falsePositives}; it must lie between 0 and 1"));

    private (int Block, int Word, ulong Bit) Place(ulong item, int hash)
    {
        long position = SplitMix.Below(Bits, item, (ulong)hash), word = position / BitsOfWord;
        return ((int)(word / BlockWords), (int)(word % BlockWords), 1UL << (int)(position % BitsOfWord));
    }
}
