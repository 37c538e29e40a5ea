using System.Text;
using System.Text.RegularExpressions;

namespace Foreword.Tokenization.Gpt1;

/// <summary>
/// Applies OpenAI's <c>text_standardize</c> (openai/finetune-transformer-lm, text_utils.py): it uses plain dashes, dots and apostrophes, puts spaces
/// around runs of the same mark and around line feeds, and leaves one space between words.
/// </summary>
internal static partial class Gpt1Standardize
{
    /// <summary>
    /// Returns the standardized text. Backslashes stay unchanged, as in OpenAI's pattern. Hugging Face's copy of the pattern also puts spaces
    /// around backslashes.
    /// </summary>
    public static string Apply(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        StringBuilder plain = new(text.Length);
        foreach (char character in text)
        {
            _ = character switch
            {
                '\u2014' or '\u2013' or '\u2015' => plain.Append('-'),
                '\u2026' => plain.Append("..."),
                '\u00B4' => plain.Append('\''),
                _ => plain.Append(character),
            };
        }

        string spaced = RunsOfMarks().Replace(plain.ToString(), " $0 ");
        return Spaces().Replace(LineFeeds().Replace(spaced, " \n "), " ").Trim(WhiteSpace);
    }

    /// <summary>
    /// Gets the characters that Python's <c>\s</c> and <c>strip</c> treat as white space: .NET's, and the four separators U+001C to U+001F.
    /// </summary>
    private static char[] WhiteSpace { get; } = [.. Enumerable.Range(0, char.MaxValue).Select(unit => (char)unit).Where(unit => char.IsWhiteSpace(unit) || unit is >= '\x1C' and <= '\x1F')];

    [GeneratedRegex(@"-+|~+|!+|""+|;+|\?+|\++|,+|\)+|\(+|/+|\*+|\[+|\]+|}+|{+|\|+|_+", RegexOptions.CultureInvariant)]
    private static partial Regex RunsOfMarks();

    [GeneratedRegex(@"[\s\x1C-\x1F]*\n[\s\x1C-\x1F]*", RegexOptions.CultureInvariant)]
    private static partial Regex LineFeeds();

    [GeneratedRegex(@"[\s\x1C-\x1F-[\n]]+", RegexOptions.CultureInvariant)]
    private static partial Regex Spaces();
}
