using System.Text;

namespace Foreword.Generation.Constraints.Grammars;

/// <summary>Writes ranges of characters as sequences of ranges of UTF-8 bytes.</summary>
internal static class Utf8Ranges
{
    /// <summary>The largest characters that take 1, 2 and 3 bytes.</summary>
    private static readonly int[] LargestOfLength = [0x7F, 0x7FF, 0xFFFF];

    /// <summary>
    /// Returns sequences of byte ranges. The bytes of exactly the characters of the set match one of the sequences.
    /// </summary>
    public static IEnumerable<(byte Low, byte High)[]> Of(CharacterSet characters) => characters.Ranges.SelectMany(range => Split(range.Low, range.High));

    private static IEnumerable<(byte Low, byte High)[]> Split(int low, int high)
    {
        if (Border(low, high) is { } border)
            return Split(low, border).Concat(Split(border + 1, high));
        Span<byte> first = stackalloc byte[4], last = stackalloc byte[4];
        int length = new Rune(low).EncodeToUtf8(first);
        new Rune(high).EncodeToUtf8(last);
        (byte Low, byte High)[] sequence = new (byte, byte)[length];
        for (int i = 0; i < length; i++)
            sequence[i] = (first[i], last[i]);
        return [sequence];
    }

    /// <summary>
    /// Returns the last character of the first part if the range must be split; otherwise, null. In a range that needs no split, all characters have
    /// the same length, and every byte after the first one that differs takes all of its 64 values.
    /// </summary>
    private static int? Border(int low, int high)
    {
        foreach (int largest in LargestOfLength)
        {
            if (low <= largest && high > largest)
                return largest;
        }

        if (high <= LargestOfLength[0])
            return null;
        for (int bits = 6; bits <= 18; bits += 6)
        {
            int mask = (1 << bits) - 1;
            if ((low & ~mask) == (high & ~mask))
                continue;
            if ((low & mask) != 0)
                return low | mask;
            if ((high & mask) != mask)
                return (high & ~mask) - 1;
        }

        return null;
    }
}
