using System.Text.Json.Nodes;
using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Metrics;
using Foreword.Evaluation.Prompts;

namespace Foreword.Evaluation.Families;

/// <summary>A question with answers to choose from.</summary>
/// <param name="Fields">The item's fields in the data file.</param>
/// <param name="Prompt">The text before the answer.</param>
/// <param name="Choices">The answers, each including the space that separates it from the prompt.</param>
/// <param name="Right">The index of the right answer, from 0.</param>
public sealed record ChoiceItem(JsonObject Fields, string Prompt, IReadOnlyList<string> Choices, int Right)
{
    /// <summary>
    /// Gets the prompt without the question. The probability of each answer after this prompt is its unconditional score (GPT-3 paper, section 2.4).
    /// </summary>
    public string Unconditional { get; init; } = "Answer:";

    /// <summary>Gets whether the choices are the same classes for all questions, so that a metric of classes follows the others.</summary>
    internal bool HasClasses { get; init; }
}

/// <summary>
/// Chooses an answer by likelihood. One pass computes all the usual scores: the sum of the log-probabilities, their mean per token (GPT-1, section
/// 5) and their mean per byte. Another score is the sum minus that of the same answer without the question (GPT-3, section 2.4).
/// </summary>
public static class MultipleChoice
{
    /// <summary>
    /// Relative difference below which two scores are a tie. A tie of two counts one half and a tie of three one third, so that guessing scores
    /// chance.
    /// </summary>
    private const double Tie = 1e-6;

    /// <summary>Gets the accuracies by each of the four scores.</summary>
    public static IReadOnlyList<BenchmarkMetric> Metrics { get; } =
    [
        BenchmarkMetric.Mean("acc"), BenchmarkMetric.Mean("acc_token"), BenchmarkMetric.Mean("acc_norm"), BenchmarkMetric.Mean("acc_uncond"),
    ];

    /// <summary>Description of the metrics, for the protocol.</summary>
    public const string Scores = "acc by sum of log-probabilities, acc_token by mean per token, acc_norm by mean per byte, acc_uncond by sum less the sum without the question";

    /// <summary>Creates the documents of a multiple-choice benchmark.</summary>
    /// <param name="items">The questions to evaluate.</param>
    /// <param name="files">The files from which the questions were read.</param>
    /// <param name="training">The questions for examples; null if there is no training split.</param>
    public static BenchmarkSet Set(IEnumerable<ChoiceItem> items, IReadOnlyList<string> files, IEnumerable<ChoiceItem>? training = null) =>
        new([.. items.Select(Document)], files) { Examples = training is null ? null : [.. training.Select(Solved)] };

    /// <summary>Creates the documents of a benchmark whose training and test files have the same format.</summary>
    /// <param name="test">The file of the questions to evaluate.</param>
    /// <param name="training">The files of the questions for examples; may be empty.</param>
    /// <param name="read">Reads a file.</param>
    internal static BenchmarkSet Set(string test, IReadOnlyList<string> training, Func<string, IEnumerable<ChoiceItem>> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        return Set(read(test), [test, .. training], training.Count == 0 ? null : training.SelectMany(read));
    }

    /// <summary>Creates a document from one question.</summary>
    /// <exception cref="ArgumentException">The index of the right answer is out of range.</exception>
    public static BenchmarkDocument Document(ChoiceItem item)
    {
        ArgumentNullException.ThrowIfNull(item);
        if ((uint)item.Right >= (uint)item.Choices.Count)
            throw new ArgumentException($"the right answer is number {item.Right} of {item.Choices.Count}", nameof(item));
        BenchmarkDocument document = new()
        {
            Fields = item.Fields,
            Target = item.Choices[item.Right].Trim(),
            Solved = Solved(item),
            Requests = [new LikelihoodRequest(item.Prompt, item.Choices), new LikelihoodRequest(item.Unconditional, item.Choices) { TakesExamples = false }],
            Judge = responses => Judge(item, (LikelihoodResponse)responses[0], (LikelihoodResponse)responses[1]),
        };
        return item.HasClasses ? WithClasses(document, item.Right) : document;
    }

    /// <summary>
    /// Returns 1 if the right choice scores above all others, 1/n if it shares the highest score with n - 1 others, and 0 otherwise.
    /// </summary>
    /// <param name="scores">The score of each choice.</param>
    /// <param name="right">The index of the right choice, from 0.</param>
    public static double Credit(IReadOnlyList<double> scores, int right)
    {
        ArgumentNullException.ThrowIfNull(scores);
        double best = scores.Max(), slack = Tie * Math.Max(1, Math.Abs(best));
        return scores[right] >= best - slack ? 1.0 / scores.Count(score => score >= best - slack) : 0;
    }

    /// <summary>Appends the chosen class and the right class to a document's statistics. Metrics of classes read them.</summary>
    private static BenchmarkDocument WithClasses(BenchmarkDocument document, int right) => document with
    {
        Judge = responses =>
        {
            IReadOnlyList<ContinuationScore> scores = ((LikelihoodResponse)responses[0]).Continuations;
            int chosen = Enumerable.Range(0, scores.Count).MaxBy(choice => scores[choice].LogLikelihood);
            Judgment judgment = document.Judge(responses);
            return judgment with { Statistics = [.. judgment.Statistics, [chosen, right]] };
        },
    };

    private static string Solved(ChoiceItem item) => item.Prompt + item.Choices[item.Right];

    private static Judgment Judge(ChoiceItem item, LikelihoodResponse after, LikelihoodResponse alone)
    {
        double[] sums = [.. after.Continuations.Select(c => c.LogLikelihood)];
        double[][] scores =
        [
            sums, [.. after.Continuations.Select(c => c.MeanPerToken)], [.. after.Continuations.Select(c => c.MeanPerByte)],
            [.. after.Continuations.Zip(alone.Continuations, (a, b) => a.LogLikelihood - b.LogLikelihood)],
        ];
        int chosen = Array.IndexOf(sums, sums.Max());
        return new Judgment(item.Choices[chosen].Trim(), chosen == item.Right, [.. scores.Select(of => new[] { Credit(of, item.Right) })]);
    }
}
