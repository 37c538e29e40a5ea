using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Foreword.Evaluation.Metrics;

/// <summary>
/// Measures how closely an answer matches the accepted answers. English is normalized as in the evaluation scripts of SQuAD (Rajpurkar et al. 2016)
/// and CoQA (Reddy et al. 2019): lower case, without ASCII punctuation and without the articles a, an and the. Chinese is normalized as in MLQA's
/// script (Lewis et al. 2020): without any punctuation, and each ideograph is a word.
/// </summary>
/// <param name="ExactMatch">1 if the normalized texts are equal, otherwise 0; under <see cref="LeaveOneOut"/> a mean of such values.</param>
/// <param name="F1">The harmonic mean of precision and recall of the shared words, 0 to 1.</param>
public readonly partial record struct AnswerMatch(double ExactMatch, double F1)
{
    private const char FirstIdeograph = '\u4e00', LastIdeograph = '\u9fa5';

    /// <summary>Returns the best match among the accepted answers. The best exact match and the best F1 are chosen independently.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="accepted">The accepted answers, at least one.</param>
    /// <param name="chinese">Whether each ideograph is a word.</param>
    /// <exception cref="ArgumentException">There is no accepted answer.</exception>
    public static AnswerMatch Best(string answer, IReadOnlyList<string> accepted, bool chinese = false)
    {
        ArgumentNullException.ThrowIfNull(answer);
        ArgumentNullException.ThrowIfNull(accepted);
        if (accepted.Count == 0)
            throw new ArgumentException("there is no accepted answer to compare with", nameof(accepted));
        string[] own = Words(answer, chinese);
        AnswerMatch[] all = [.. accepted.Select(other => Compute(own, Words(other, chinese)))];
        return new AnswerMatch(all.Max(match => match.ExactMatch), all.Max(match => match.F1));
    }

    /// <summary>
    /// Compares an answer with the answers of several people, as CoQA does: the mean of the best matches with all but one of the people. A model is
    /// then measured in the same way as a person.
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

    /// <summary>Returns the normalized words of a text.</summary>
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

    private static AnswerMatch Compute(string[] own, string[] accepted)
    {
        double exact = own.AsSpan().SequenceEqual(accepted) ? 1 : 0;
        if (own.Length == 0 || accepted.Length == 0)
            return new AnswerMatch(exact, exact);
        int shared = NGrams.Shared(NGrams.Count(own, 1), NGrams.Count(accepted, 1));
        return new AnswerMatch(exact, PrecisionRecall.Compute(shared, own.Length, accepted.Length).F1);
    }

    /// <summary>Checks whether a character is in Python's <c>string.punctuation</c>.</summary>
    private static bool IsAsciiPunctuation(char c) => char.IsAscii(c) && (char.IsPunctuation(c) || char.IsSymbol(c));

    private static bool IsPunctuation(Rune rune) => rune.IsAscii ? IsAsciiPunctuation((char)rune.Value)
        : Rune.GetUnicodeCategory(rune) is >= UnicodeCategory.ConnectorPunctuation and <= UnicodeCategory.OtherPunctuation;

    [GeneratedRegex(@"\b(a|an|the)\b")]
    private static partial Regex Articles();
}
