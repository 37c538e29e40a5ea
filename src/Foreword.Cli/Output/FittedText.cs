using System.Globalization;
using Spectre.Console;

namespace Foreword.Cli.Output;

/// <summary>Fits texts into the width of a terminal. A Chinese character takes two columns.</summary>
internal static class FittedText
{
    /// <summary>Columns of a terminal that does not report its width.</summary>
    public const int UsualWidth = 80;

    /// <summary>The narrowest terminal that texts are fitted to.</summary>
    public const int Narrowest = 20;

    private const string Indent = "  ";

    /// <summary>Returns the text on one line of at most <paramref name="columns"/> columns. An ellipsis replaces the part that is cut off.</summary>
    public static string Cut(string text, int columns)
    {
        string line = text.ReplaceLineEndings(" ").Replace('\t', ' ');
        return line.GetCellWidth() <= columns ? line : line[..Fitting(line, columns - 1)].TrimEnd() + "…";
    }

    /// <summary>Breaks a text into lines between words, and within a word that is longer than a line.</summary>
    /// <param name="text">The text.</param>
    /// <param name="columns">Columns of a line.</param>
    /// <param name="first">Beginning of the first line. The other lines are indented by its width, or by two spaces if it is empty.</param>
    public static IEnumerable<string> Wrap(string text, int columns = UsualWidth, string first = "")
    {
        string begin = first, line = "", indent = first.Length == 0 ? Indent : new string(' ', first.GetCellWidth());
        foreach (string word in text.Split(' ').SelectMany(word => Parts(word, columns - indent.Length)))
        {
            if (line.Length > 0 && begin.GetCellWidth() + line.GetCellWidth() + 1 + word.GetCellWidth() > columns)
            {
                yield return begin + line;
                (begin, line) = (indent, "");
            }

            line = line.Length == 0 ? word : $"{line} {word}";
        }

        yield return (begin + line).TrimEnd();
    }

    /// <summary>Prints an entry of a list: a name in the first columns, and texts beside it that are broken between words.</summary>
    /// <param name="output">Receives the lines.</param>
    /// <param name="name">The name.</param>
    /// <param name="texts">The texts. Each begins a line.</param>
    public static void PrintEntry(TextWriter output, string name, params IEnumerable<string> texts)
    {
        foreach ((int i, string text) in texts.Index())
        {
            foreach (string line in Wrap(text, UsualWidth, $"{(i == 0 ? name : ""),-20} "))
                output.WriteLine(line);
        }
    }

    /// <summary>Splits a word into parts that fit a line. Languages without spaces and long addresses need this.</summary>
    private static IEnumerable<string> Parts(string word, int columns)
    {
        for (int length = Fitting(word, columns); length < word.Length; length = Fitting(word, columns))
        {
            yield return word[..length];
            word = word[length..];
        }

        yield return word;
    }

    /// <summary>Returns the length in UTF-16 units of the longest beginning that fits and splits no character; at least one character.</summary>
    private static int Fitting(string text, int columns)
    {
        int end = 0;
        for (int taken = 0; end < text.Length;)
        {
            int next = StringInfo.GetNextTextElementLength(text, end);
            taken += text.Substring(end, next).GetCellWidth();
            if (taken > columns && end > 0)
                break;
            end += next;
        }

        return end;
    }
}
