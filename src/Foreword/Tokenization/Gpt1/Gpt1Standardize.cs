using System.Text;
using System.Text.RegularExpressions;

namespace Foreword.Tokenization.Gpt1;

/// <summary>
/// OpenAI's <c>text_standardize</c> (openai/finetune-transformer-lm, text_utils.py): plain dashes, dots and apostrophes, spaces around runs
/// of the same mark, one space between words, line feeds between spaces.
/// </summary>
public static partial class Gpt1Standardize
{
    /// <summary>The standardised text. Backslashes stay as they are, as in OpenAI's pattern; Hugging Face's copy puts spaces around them, too.</summary>
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

    /// <summary>What Python's <c>\s</c> and <c>strip</c> take for white space: .NET's, and the four separators U+001C to U+001F.</summary>
    private static char[] WhiteSpace { get; } = [.. Enumerable.Range(0, char.MaxValue).Select(unit => (char)unit).Where(unit => char.IsWhiteSpace(unit) || unit is >= '\x1C' and <= '\x1F')];

    [GeneratedRegex(@"-+|~+|!+|""+|;+|\?+|\++|,+|\)+|\(+|/+|\*+|\[+|\]+|}+|{+|\|+|_+", RegexOptions.CultureInvariant)]
    private static partial Regex RunsOfMarks();

    [GeneratedRegex(@"[\s\x1C-\x1F]*\n[\s\x1C-\x1F]*", RegexOptions.CultureInvariant)]
    private static partial Regex LineFeeds();

    [GeneratedRegex(@"[\s\x1C-\x1F-[\n]]+", RegexOptions.CultureInvariant)]
    private static partial Regex Spaces();
}
