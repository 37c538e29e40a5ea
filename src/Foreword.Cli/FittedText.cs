using Spectre.Console;

namespace Foreword.Cli;

/// <summary>Texts for terminals of a given width. A Chinese character takes two columns.</summary>
internal static class FittedText
{
    /// <summary>The narrowest terminal that texts are fitted to.</summary>
    public const int Narrowest = 20;

    private const string Indent = "  ";

    /// <summary>Returns the text, or its beginning and an ellipsis, in at most so many columns.</summary>
    public static string Cut(string text, int columns)
    {
        if (text.GetCellWidth() <= columns)
            return text;
        int end = text.Length;
        while (end > 0 && text[..end].GetCellWidth() >= columns)
            end -= end > 1 && char.IsLowSurrogate(text[end - 1]) ? 2 : 1;
        return text[..end].TrimEnd() + "…";
    }

    /// <summary>Returns the lines of a text that is broken between words; those after the first are indented. A word longer than a line stays whole.</summary>
    public static IEnumerable<string> Wrap(string text, int columns)
    {
        string line = "";
        foreach (string word in text.Split(' '))
        {
            if (line.Length > 0 && line.GetCellWidth() + 1 + word.GetCellWidth() > columns)
            {
                yield return line;
                line = Indent + word;
            }
            else
            {
                line = line.Length == 0 ? word : $"{line} {word}";
            }
        }

        yield return line;
    }
}
