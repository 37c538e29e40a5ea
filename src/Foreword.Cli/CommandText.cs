using System.CommandLine;

namespace Foreword.Cli;

/// <summary>A command line as text that a shell reads back to the same arguments.</summary>
internal static class CommandText
{
    /// <summary>Returns the command that was given.</summary>
    public static string Of(ParseResult parsed) => $"foreword {string.Join(' ', parsed.Tokens.Select(token => Quoted(token.Value)))}";

    /// <summary>Returns the word as it is, or in single quotes where a shell would take a part of it for something else.</summary>
    public static string Quoted(string word) => word.Length > 0 && word.All(character => char.IsAsciiLetterOrDigit(character) || "-_./:=,@%+".Contains(character, StringComparison.Ordinal))
        ? word
        : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
