using System.Globalization;

namespace Foreword.Tokenization.ByteLevel;

/// <summary>
/// Splits text into GPT-2's chunks, within which merges happen (openai/gpt-2, encoder.py):
/// <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>.
/// The pattern is implemented by hand over code points. .NET's Regex treats each half of a surrogate pair as a character of its own
/// and therefore misses letters and digits above U+FFFF. A lone surrogate is treated as U+FFFD, a symbol.
/// </summary>
internal static class Gpt2Pattern
{
    private const byte Space = 0, Letter = 1, Number = 2, Other = 3, HighSurrogate = 4;

    /// <summary>The class of each UTF-16 code unit. All white space is below U+FFFF.</summary>
    private static readonly byte[] Classes = ClassesOfCodeUnits();

    /// <summary>
    /// Returns the end (exclusive) of the chunk that starts at <paramref name="start"/>. There are no gaps between chunks: the next one starts where
    /// this one ends.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="start">The index of the chunk's first UTF-16 code unit.</param>
    /// <exception cref="ArgumentOutOfRangeException">The start is not inside the text.</exception>
    public static int ChunkEnd(ReadOnlySpan<char> text, int start)
    {
        if ((uint)start >= (uint)text.Length)
            throw new ArgumentOutOfRangeException(nameof(start), start, $"a text of {text.Length} UTF-16 units has no chunk there");
        byte kind = ClassAt(text, start, out int length);
        if (kind == Space)
            return SpaceEnd(text, start);
        if (text[start] == '\'' && ContractionLength(text[(start + 1)..]) is > 0 and int letters)
            return start + 1 + letters;
        return RunEnd(text, start + length, kind);
    }

    /// <summary>Returns the end of a chunk that starts with white space.</summary>
    private static int SpaceEnd(ReadOnlySpan<char> text, int start)
    {
        if (text[start] == ' ' && start + 1 < text.Length)
        {
            byte next = ClassAt(text, start + 1, out int length);
            if (next != Space)
                return RunEnd(text, start + 1 + length, next); // " ?\p{L}+" and the two similar alternatives
        }

        // \s+(?!\S) leaves the last white space of a run to the next chunk. A run of one character is a chunk of its own.
        int end = RunEnd(text, start + 1, Space);
        return end == text.Length || end == start + 1 ? end : end - 1;
    }

    /// <summary>Returns the end of a run of characters of one class.</summary>
    private static int RunEnd(ReadOnlySpan<char> text, int at, byte kind)
    {
        byte[] classes = Classes;
        while (at < text.Length)
        {
            byte here = classes[text[at]];
            int length = 1;
            if (here == HighSurrogate)
                here = ClassAt(text, at, out length);
            if (here != kind)
                break;
            at += length;
        }

        return at;
    }

    /// <summary>Returns the number of letters of the contraction that follows an apostrophe ('s 't 're 've 'm 'll 'd, lowercase only), or 0.</summary>
    private static int ContractionLength(ReadOnlySpan<char> after) => after switch
    {
        ['s' or 't' or 'm' or 'd', ..] => 1,
        ['r' or 'v', 'e', ..] or ['l', 'l', ..] => 2,
        _ => 0,
    };

    private static byte ClassAt(ReadOnlySpan<char> text, int at, out int length)
    {
        length = 1;
        byte kind = Classes[text[at]];
        if (kind != HighSurrogate)
            return kind;
        if (at + 1 == text.Length || !char.IsLowSurrogate(text[at + 1]))
            return Other;
        length = 2;
        return ClassOf(CharUnicodeInfo.GetUnicodeCategory(char.ConvertToUtf32(text[at], text[at + 1])));
    }

    private static byte ClassOf(UnicodeCategory category) => category switch
    {
        <= UnicodeCategory.OtherLetter => Letter, // Lu Ll Lt Lm Lo
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Number,
        _ => Other,
    };

    private static byte[] ClassesOfCodeUnits()
    {
        byte[] classes = new byte[char.MaxValue + 1];
        for (int unit = 0; unit < classes.Length; unit++)
        {
            char character = (char)unit;
            classes[unit] = char.IsWhiteSpace(character) ? Space
                : char.IsHighSurrogate(character) ? HighSurrogate
                : ClassOf(char.GetUnicodeCategory(character));
        }

        return classes;
    }
}
