using System.Text.RegularExpressions;
using Foreword.Data.Questions;
using Foreword.Evaluation.Metrics;

namespace Foreword.Evaluation.Questions;

/// <summary>Computes decaNLP's metrics (McCann et al. 2018, section 2.2), all from 0 to 100.</summary>
internal static partial class AnswerScores
{
    private const string Unanswerable = "unanswerable";

    /// <summary>Measures answers.</summary>
    /// <param name="metric">The metric.</param>
    /// <param name="answered">The questions with the answers that a model gave, in the order of the file; at least one.</param>
    public static double Compute(AnswerMetric metric, IReadOnlyList<(Question Question, string Answer)> answered)
    {
        ArgumentNullException.ThrowIfNull(answered);
        if (answered.Count == 0)
            throw new ArgumentException("there is no answer to measure", nameof(answered));
        return metric switch
        {
            AnswerMetric.NormalizedF1 => 100 * answered.Average(one => Match(one).F1),
            AnswerMetric.NormalizedExactMatch => 100 * answered.Average(one => Match(one).ExactMatch),
            AnswerMetric.Bleu => Bleu.Corpus([.. answered.Select(one => Lower(one.Answer))], [.. answered.Select(one => (IReadOnlyList<string>)[.. one.Question.Answers.Select(Lower)])]).Value,
            AnswerMetric.Rouge => 100 * answered.Average(one => Rouge.Compute(one.Answer, one.Question.Answers).AverageF1),
            AnswerMetric.CorpusF1 => CorpusF1(answered),
            AnswerMetric.DialogueState => DialogueState(answered),
            AnswerMetric.LogicalForm => 100 * answered.Average(one => one.Question.Answers.Any(answer => LogicalForm(answer) == LogicalForm(one.Answer)) ? 1 : 0),
            _ => throw new ArgumentOutOfRangeException(nameof(metric), metric, "there is no such metric"),
        };
    }

    private static AnswerMatch Match((Question Question, string Answer) one) =>
        AnswerMatch.Best(one.Answer, one.Question.Answers, chinese: one.Question.Answers.Any(answer => answer.Any(c => c is >= '\u4e00' and <= '\u9fa5')));

    private static string Lower(string text) => text.ToLowerInvariant();

    /// <summary>
    /// Computes the F1 of zero-shot relation extraction: of the answers other than "unanswerable", precision is the share of right ones, and recall is the
    /// share of right ones among the questions that have an answer. An answer is right if it has the words of an accepted one in any order, without "and".
    /// </summary>
    private static double CorpusF1(IReadOnlyList<(Question Question, string Answer)> answered)
    {
        int right = 0, given = 0, wanted = 0;
        foreach ((Question question, string answer) in answered)
        {
            string own = Words(answer);
            string[] accepted = [.. question.Answers.Select(Words).Where(words => words != Unanswerable)];
            right += own != Unanswerable && accepted.Contains(own) ? 1 : 0;
            given += own != Unanswerable ? 1 : 0;
            wanted += accepted.Length > 0 ? 1 : 0;
        }

        return right == 0 ? 0 : 100 * PrecisionRecall.Compute(right, given, wanted).F1;

        static string Words(string text) => string.Join(' ', AnswerMatch.Words(text, chinese: false).Where(word => word != "and").Order(StringComparer.Ordinal));
    }

    /// <summary>
    /// Computes the mean of two shares of turns: of those after which all values given so far in the dialogue are right, and of those whose requests are
    /// right, in their order. An answer is <c>slot: value, slot: value; request, request</c> or <c>None</c>.
    /// </summary>
    private static double DialogueState(IReadOnlyList<(Question Question, string Answer)> answered)
    {
        int states = 0, requests = 0, unnamed = 0;
        foreach (var dialogue in answered.GroupBy(one => one.Question.Dialogue ?? $"\0{unnamed++}"))
        {
            Dictionary<string, string> own = [], gold = [];
            foreach ((Question question, string answer) in dialogue)
            {
                (Dictionary<string, string> values, string? asked) = Turn(answer);
                (Dictionary<string, string> right, string? rightlyAsked) = Turn(question.Answers[0]);
                foreach ((string slot, string value) in values)
                    own[slot] = value;
                foreach ((string slot, string value) in right)
                    gold[slot] = value;
                states += own.Count == gold.Count && own.All(pair => gold.TryGetValue(pair.Key, out string? value) && value == pair.Value) ? 1 : 0;
                requests += asked == rightlyAsked ? 1 : 0;
            }
        }

        return 50.0 * (states + requests) / answered.Count;
    }

    /// <summary>Returns the values and the requests of a turn. The requests are null for <c>None</c> and for a text of another form, which is not the same as no request.</summary>
    private static (Dictionary<string, string> Values, string? Requests) Turn(string text)
    {
        if (text.Split(';') is not [var values, var requests])
            return ([], null);
        Dictionary<string, string> state = [];
        foreach (string[] pair in values.Split(',').Select(value => value.Split(':')).Where(pair => pair.Length == 2))
            state[pair[0].Trim()] = pair[1].Trim();
        return (state, string.Join(',', requests.Split(',').Select(request => request.Trim())));
    }

    /// <summary>Returns a query in a form that does not depend on case, white space and the order of its conditions.</summary>
    private static string LogicalForm(string query)
    {
        string[] parts = Spaces().Replace(query.Trim().ToLowerInvariant(), " ").Split(" where ", 2);
        return parts.Length < 2 ? parts[0] : $"{parts[0]} where {string.Join(" and ", parts[1].Split(" and ").Order(StringComparer.Ordinal))}";
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
