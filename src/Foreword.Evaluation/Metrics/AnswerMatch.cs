using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Foreword.Evaluation.Metrics;

/// <summary>
/// How near an answer is to the accepted ones. English as SQuAD's evaluation script (Rajpurkar et al. 2016) and CoQA's (Reddy et al. 2019)
/// normalise it: lower case, without ASCII punctuation and the articles a, an, the. Chinese as MLQA's (Lewis et al. 2020): without any
/// punctuation, and each ideograph is a word.
/// </summary>
/// <param name="ExactMatch">1 where the normalised texts are equal, else 0; a mean of such under <see cref="LeaveOneOut"/>.</param>
/// <param name="F1">Harmonic mean of the shares of shared words, 0 to 1.</param>
public readonly partial record struct AnswerMatch(double ExactMatch, double F1)
{
    private const char FirstIdeograph = '\u4e00', LastIdeograph = '\u9fa5';

    /// <summary>The best match among the accepted answers, of each number for itself.</summary>
    /// <param name="answer">What was answered.</param>
    /// <param name="accepted">The accepted answers, at least one.</param>
    /// <param name="chinese">Whether ideographs count as words.</param>
    /// <exception cref="ArgumentException">No answer is accepted.</exception>
    public static AnswerMatch Best(string answer, IReadOnlyList<string> accepted, bool chinese = false)
    {
        ArgumentNullException.ThrowIfNull(answer);
        ArgumentNullException.ThrowIfNull(accepted);
        if (accepted.Count == 0)
            throw new ArgumentException("there is no accepted answer to compare with", nameof(accepted));
        string[] own = Words(answer, chinese);
        AnswerMatch[] all = [.. accepted.Select(other => Of(own, Words(other, chinese)))];
        return new AnswerMatch(all.Max(match => match.ExactMatch), all.Max(match => match.F1));
    }

    /// <summary>
    /// CoQA's way with several people's answers: the mean of the best matches with all but one of them, so that a model is measured as a person is.
    /// </summary>
    /// <inheritdoc cref="Best" path="/exception"/>
    public static AnswerMatch LeaveOneOut(string answer, IReadOnlyList<string> accepted)
    {
        ArgumentNullException.ThrowIfNull(accepted);
        if (accepted.Count < 2)
            return Best(answer, accepted);
        AnswerMatch[] without = [.. accepted.Select((_, left) => Best(answer, [.. accepted.Where((_, i) => i != left)]))];
        return new AnswerMatch(without.Average(match => match.ExactMatch), without.Average(match => match.F1));
    }

    /// <summary>The words that are compared.</summary>
    internal static string[] Words(string text, bool chinese)
    {
        text = text.ToLowerInvariant();
        if (!chinese)
            return SplitWords.Of(Articles().Replace(string.Concat(text.Where(c => !IsAsciiPunctuation(c))), " "));
        StringBuilder parted = new(2 * text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (IsPunctuation(rune))
                continue;
            bool ideograph = rune.Value is >= FirstIdeograph and <= LastIdeograph;
            parted.Append(ideograph ? $" {rune} " : rune.ToString());
        }

        return SplitWords.Of(parted.ToString());
    }

    private static AnswerMatch Of(string[] own, string[] accepted)
    {
        double exact = own.AsSpan().SequenceEqual(accepted) ? 1 : 0;
        if (own.Length == 0 || accepted.Length == 0)
            return new AnswerMatch(exact, exact);
        int shared = NGrams.Shared(NGrams.Count(own, 1), NGrams.Count(accepted, 1));
        return new AnswerMatch(exact, PrecisionRecall.Of(shared, own.Length, accepted.Length).F1);
    }

    /// <summary>Python's <c>string.punctuation</c>.</summary>
    private static bool IsAsciiPunctuation(char c) => char.IsAscii(c) && (char.IsPunctuation(c) || char.IsSymbol(c));

    private static bool IsPunctuation(Rune rune) => rune.IsAscii ? IsAsciiPunctuation((char)rune.Value)
        : Rune.GetUnicodeCategory(rune) is >= UnicodeCategory.ConnectorPunctuation and <= UnicodeCategory.OtherPunctuation;

    [GeneratedRegex(@"\b(a|an|the)\b")]
    private static partial Regex Articles();
}
