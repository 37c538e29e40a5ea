using System.Text.RegularExpressions;

namespace Foreword.Evaluation.Metrics;

/// <summary>
/// The tokenization of NIST's mteval-v13a.pl for Western languages, with which BLEU scores are comparable (Post, "A Call for Clarity in Reporting
/// BLEU Scores", 2018). Case is kept.
/// </summary>
internal static partial class Tokenizer13a
{
    /// <summary>Returns the tokens of one segment.</summary>
    public static string[] Tokenize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        text = text.Replace("<skipped>", "", StringComparison.Ordinal).Replace("-\n", "", StringComparison.Ordinal).Replace('\n', ' ')
            .Replace("&quot;", "\"", StringComparison.Ordinal).Replace("&amp;", "&", StringComparison.Ordinal)
            .Replace("&lt;", "<", StringComparison.Ordinal).Replace("&gt;", ">", StringComparison.Ordinal);
        text = Symbols().Replace($" {text} ", " $1 ");
        text = MarkAfterNonDigit().Replace(text, "$1 $2 ");
        text = MarkBeforeNonDigit().Replace(text, " $1 $2");
        return SplitWords.Of(DashAfterDigit().Replace(text, "$1 $2 "));
    }

    /// <summary>Matches ASCII punctuation except the apostrophe, comma, dash and full stop.</summary>
    [GeneratedRegex(@"([{-~\[-` -&(-+:-@/])")]
    private static partial Regex Symbols();

    [GeneratedRegex(@"([^0-9])([.,])", RegexOptions.Singleline)]
    private static partial Regex MarkAfterNonDigit();

    [GeneratedRegex(@"([.,])([^0-9])", RegexOptions.Singleline)]
    private static partial Regex MarkBeforeNonDigit();

    [GeneratedRegex(@"([0-9])(-)")]
    private static partial Regex DashAfterDigit();
}
