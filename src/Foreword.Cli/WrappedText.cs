using System.Globalization;

namespace Foreword.Cli;

/// <summary>Text for a terminal of 80 columns, broken between words.</summary>
internal static class WrappedText
{
    /// <summary>Columns of a terminal unless it says otherwise.</summary>
    public const int Width = 80;

    /// <summary>The lines of a text: the first begins with <paramref name="first"/>, the others with as many spaces. A word longer than a line is broken.</summary>
    public static IEnumerable<string> Lines(string text, string first = "")
    {
        string begin = first, line = "";
        foreach (string word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries).SelectMany(word => Pieces(word, Width - Columns(first))))
        {
            if (line.Length > 0 && Columns(begin) + Columns(line) + 1 + Columns(word) > Width)
            {
                yield return begin + line;
                (begin, line) = (new string(' ', Columns(first)), "");
            }

            line = line.Length == 0 ? word : $"{line} {word}";
        }

        yield return (begin + line).TrimEnd();
    }

    /// <summary>The text on one line of at most <paramref name="width"/> columns; what is cut off is an ellipsis.</summary>
    public static string Cut(string text, int width)
    {
        string line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return Columns(line) <= width ? line : line[..Fitting(line, width - 1)].TrimEnd() + "…";
    }

    /// <summary>A word in pieces of at most so many columns: languages without spaces, long addresses.</summary>
    private static IEnumerable<string> Pieces(string word, int width)
    {
        for (int length = Fitting(word, width); length < word.Length; length = Fitting(word, width))
        {
            yield return word[..length];
            word = word[length..];
        }

        yield return word;
    }

    /// <summary>UTF-16 units of the longest beginning that takes at most so many columns and cuts no character; at least one character.</summary>
    private static int Fitting(string text, int width)
    {
        int end = 0;
        for (int columns = 0; end < text.Length;)
        {
            int next = StringInfo.GetNextTextElementLength(text, end);
            columns += Columns(text.Substring(end, next));
            if (columns > width && end > 0)
                break;
            end += next;
        }

        return end;
    }

    /// <summary>Columns that a text takes: two for a character of Chinese, Japanese or Korean.</summary>
    private static int Columns(string text) => text.EnumerateRunes().Sum(rune => rune.Value is >= 0x1100 and <= 0x115F or >= 0x2E80 and <= 0xA4CF or >= 0xAC00 and <= 0xD7A3 or >= 0xF900 and <= 0xFAFF or >= 0xFE30 and <= 0xFE6F or >= 0xFF00 and <= 0xFF60 or >= 0xFFE0 and <= 0xFFE6 or >= 0x1F300 and <= 0x1FAFF or >= 0x20000 and <= 0x3FFFD ? 2
        : CharUnicodeInfo.GetUnicodeCategory(rune.Value) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format ? 0 : 1);
}
