using System.Text;
using System.Text.RegularExpressions;

namespace Foreword.Tasks.Metrics;

/// <summary>The exact matches and F1 of the drawn questions, with and without an answer.</summary>
internal sealed class AnswerSample : OutcomeSample
{
    private readonly TaskOutcomes.OfAnswers _outcomes;
    private readonly (double Exact, double F1, bool HasAnswer)[] _scores;
    private double _exact, _f1, _none;
    private int _answerable, _unanswerable;

    public AnswerSample(TaskOutcomes.OfAnswers outcomes)
    {
        _outcomes = outcomes;
        _scores = [.. outcomes.Right.Zip(outcomes.Predicted, (right, predicted) => (SquadScore.Exact(right, predicted), SquadScore.F1(right, predicted), right.Count > 0))];
    }

    /// <inheritdoc/>
    public override string Kind => "answers";

    /// <summary>Gets the share of questions whose answer is right as a whole.</summary>
    public double Exact => (_exact + _none) / _outcomes.Count;

    /// <summary>Gets the mean F1 of all questions.</summary>
    public double F1 => (_f1 + _none) / _outcomes.Count;

    /// <summary>Gets <see cref="Exact"/> of the questions with an answer; NaN if there are none.</summary>
    public double HasAnswerExact => _answerable == 0 ? double.NaN : _exact / _answerable;

    /// <summary>Gets <see cref="F1"/> of the questions with an answer; NaN if there are none.</summary>
    public double HasAnswerF1 => _answerable == 0 ? double.NaN : _f1 / _answerable;

    /// <summary>Gets the share of questions without an answer that got none; NaN if there are no such questions.</summary>
    public double NoAnswer => _unanswerable == 0 ? double.NaN : _none / _unanswerable;

    public override void Draw(ReadOnlySpan<int> examples)
    {
        (_exact, _f1, _none, _answerable, _unanswerable) = (0, 0, 0, 0, 0);
        foreach (int i in examples)
        {
            (double exact, double f1, bool hasAnswer) = _scores[i];
            if (hasAnswer)
            {
                _answerable++;
                _exact += exact;
                _f1 += f1;
            }
            else
            {
                _unanswerable++;
                _none += exact; // without an answer, F1 equals the exact match
            }
        }
    }
}

/// <summary>
/// Compares answers as the official evaluation of SQuAD 1.1 and 2.0 does (Rajpurkar et al. 2016 and 2018): in lowercase, without ASCII punctuation and
/// the articles a, an and the, and with single spaces. In addition, each Chinese character is a word of its own, as in the evaluation of MLQA (Lewis et
/// al. 2020). Texts without Chinese characters have the official scores.
/// </summary>
internal static partial class SquadScore
{
    /// <summary>Returns 1 if an answer equals one of the right answers; 0 otherwise. No right answers means that the right answer is none.</summary>
    public static double Exact(IReadOnlyList<string> right, string predicted) => Best(right, answer => Words(answer).SequenceEqual(Words(predicted)) ? 1 : 0);

    /// <summary>Returns the largest F1 of the words of an answer with those of a right one, 0 to 1.</summary>
    public static double F1(IReadOnlyList<string> right, string predicted) => Best(right, answer => WordF1(Words(answer), Words(predicted)));

    private static double Best(IReadOnlyList<string> right, Func<string, double> score) => right.Where(answer => Words(answer).Length > 0).DefaultIfEmpty("").Max(score);

    private static double WordF1(string[] right, string[] predicted)
    {
        if (right.Length == 0 || predicted.Length == 0)
            return right.Length == predicted.Length ? 1 : 0;
        Dictionary<string, int> left = right.CountBy(word => word).ToDictionary(StringComparer.Ordinal);
        int same = predicted.Count(word => left.TryGetValue(word, out int count) && count > 0 && (left[word] = count - 1) >= 0);
        return 2.0 * same / (right.Length + predicted.Length);
    }

    /// <summary>Returns the words that are compared.</summary>
    private static string[] Words(string answer)
    {
        StringBuilder plain = new(answer.Length);
        foreach (Rune rune in answer.ToLowerInvariant().EnumerateRunes())
        {
            if (rune.IsAscii && (Rune.IsPunctuation(rune) || Rune.IsSymbol(rune)))
                continue;
            bool isChinese = rune.Value is >= 0x3400 and <= 0x9FFF or >= 0xF900 and <= 0xFAFF or >= 0x20000 and <= 0x3FFFF;
            plain.Append(isChinese ? $" {rune} " : rune.ToString());
        }

        return Articles().Replace(plain.ToString(), " ").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
    }

    [GeneratedRegex(@"\b(a|an|the)\b", RegexOptions.CultureInvariant)]
    private static partial Regex Articles();
}
