using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;

namespace Foreword.Cli.Output;

/// <summary>Formats the commands that a user can paste into a shell.</summary>
internal static partial class ShellText
{
    /// <summary>
    /// Returns the command line that the user typed, quoted, with some options removed and others added at the end. It is valid in every
    /// directory in which the typed one is valid.
    /// </summary>
    /// <param name="parsed">The typed command line.</param>
    /// <param name="without">Names of options to remove, each with its one value.</param>
    /// <param name="added">Words to add at the end.</param>
    public static string Again(ParseResult parsed, IReadOnlyCollection<string> without, params string[] added)
    {
        List<string> words = ["foreword"], afterDashes = [];
        bool skipsValue = false, isAfterDashes = false;
        foreach (Token token in parsed.Tokens)
        {
            bool skips = token.Type == TokenType.Option ? without.Contains(token.Value) : skipsValue;
            skipsValue = skips && token.Type == TokenType.Option;
            isAfterDashes |= token.Type == TokenType.DoubleDash;
            if (!skips)
                (isAfterDashes ? afterDashes : words).Add(token.Value);
        }

        return string.Join(' ', words.Concat(added).Concat(afterDashes).Select(Quote));
    }

    /// <summary>Returns a word in quotes if a shell would not take it literally.</summary>
    public static string Quote(string word)
    {
        ArgumentNullException.ThrowIfNull(word);
        if (word.Length > 0 && word.All(IsPlain))
            return word;
        return OperatingSystem.IsWindows()
            ? WindowsQuote(word)
            : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
    }

    /// <summary>
    /// Returns a word in the quotes of Windows. A program there reads backslashes before a quotation mark as pairs, so they are doubled, also before
    /// the closing one. Other backslashes stay.
    /// </summary>
    internal static string WindowsQuote(string word) =>
        $"\"{BackslashesBeforeQuote().Replace(word, found => $"{found.Groups[1].Value}{found.Groups[1].Value}{(found.Groups[2].Length > 0 ? "\\\"" : "")}")}\"";

    [GeneratedRegex(@"(\\*)(""|\z)")]
    private static partial Regex BackslashesBeforeQuote();

    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || "_-./:=,@%+".Contains(c, StringComparison.Ordinal) || (OperatingSystem.IsWindows() && c == '\\');
}
