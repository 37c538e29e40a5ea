using System.Globalization;
using System.Text;

namespace Foreword.Tokenization.ByteLevel;

/// <summary>Specifies the characters that a <see cref="TextCut"/> separates.</summary>
internal enum CutKind
{
    /// <summary>Numbers of all scripts (Hugging Face's Digits).</summary>
    Digits,

    /// <summary>Punctuation of ASCII and of Unicode (Hugging Face's Punctuation).</summary>
    Punctuation,
}

/// <summary>Cuts text between characters of one kind and all other characters.</summary>
/// <param name="Kind">The kind of character.</param>
/// <param name="Single">True if each character of the kind is a part of its own; false if a run of them is one part.</param>
internal sealed record TextCut(CutKind Kind, bool Single)
{
    /// <summary>Returns the end (exclusive) of the part that starts at <paramref name="start"/>.</summary>
    public int ChunkEnd(ReadOnlySpan<char> text, int start)
    {
        bool isOfKind = IsOfKind(text, start, out int length);
        int end = start + length;
        if (isOfKind && Single)
            return end;
        while (end < text.Length && IsOfKind(text, end, out length) == isOfKind)
            end += length;
        return end;
    }

    private bool IsOfKind(ReadOnlySpan<char> text, int at, out int length)
    {
        _ = Rune.DecodeFromUtf16(text[at..], out Rune rune, out length);
        UnicodeCategory category = Rune.GetUnicodeCategory(rune);
        return Kind == CutKind.Digits
            ? category is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber
            : category is >= UnicodeCategory.ConnectorPunctuation and <= UnicodeCategory.OtherPunctuation || (rune.IsAscii && !Rune.IsLetterOrDigit(rune) && rune.Value is > ' ' and < 0x7F);
    }
}
