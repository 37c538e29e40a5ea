using System.CommandLine;
using System.CommandLine.Parsing;

namespace Foreword.Cli.Output;

/// <summary>Commands as a person can paste them into a shell.</summary>
internal static class ShellText
{
    /// <summary>
    /// The command line that was typed, quoted, with some options left out and others added at its end. It reads the same in every directory
    /// in which the first one did.
    /// </summary>
    /// <param name="parsed">What was typed.</param>
    /// <param name="without">Names of options that are left out, each with its one value.</param>
    /// <param name="added">Words that follow.</param>
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

    /// <summary>A word in quotes where a shell would not take it as it stands.</summary>
    public static string Quote(string word)
    {
        ArgumentNullException.ThrowIfNull(word);
        if (word.Length > 0 && word.All(IsPlain))
            return word;
        return OperatingSystem.IsWindows()
            ? $"\"{word.Replace("\"", "\\\"", StringComparison.Ordinal)}\""
            : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
    }

    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || "_-./:=,@%+".Contains(c, StringComparison.Ordinal) || (OperatingSystem.IsWindows() && c == '\\');
}
