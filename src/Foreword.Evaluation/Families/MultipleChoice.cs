using System.Text.Json.Nodes;
using Foreword.Evaluation.Metrics;
using Foreword.Evaluation.Prompts;

namespace Foreword.Evaluation.Families;

/// <summary>A question with answers to choose from.</summary>
/// <param name="Fields">What the data file says.</param>
/// <param name="Prompt">The text before the answer.</param>
/// <param name="Choices">The answers, each with the space that separates it from the prompt.</param>
/// <param name="Right">The place of the right one.</param>
public sealed record ChoiceItem(JsonObject Fields, string Prompt, IReadOnlyList<string> Choices, int Right)
{
    /// <summary>The prompt without the question, behind which each answer is scored for its own sake (GPT-3 paper, section 2.4).</summary>
    public string Unconditional { get; init; } = "Answer:";
}

/// <summary>
/// Choosing an answer by likelihood. All the usual scores come from one pass: the sum of the log-probabilities, their mean a token (GPT-1, section 5),
/// their mean a byte, and the sum less that of the answer without the question (GPT-3, section 2.4).
/// </summary>
public static class MultipleChoice
{
    /// <summary>Scores that differ by less are a tie, which counts one half of two, a third of three: guessing then scores chance.</summary>
    private const double Tie = 1e-6;

    /// <summary>Accuracy by each score.</summary>
    public static IReadOnlyList<BenchmarkMetric> Metrics { get; } =
    [
        BenchmarkMetric.Mean("acc"), BenchmarkMetric.Mean("acc_token"), BenchmarkMetric.Mean("acc_norm"), BenchmarkMetric.Mean("acc_uncond"),
    ];

    /// <summary>What the metrics are, for protocol lines.</summary>
    public const string Scores = "acc by sum of log-probabilities, acc_token by mean per token, acc_norm by mean per byte, acc_uncond by sum less the sum without the question";

    /// <summary>The documents of a multiple-choice benchmark.</summary>
    /// <param name="items">The questions to evaluate.</param>
    /// <param name="files">The files they came from.</param>
    /// <param name="training">Questions for examples; null where there is no training split.</param>
    public static BenchmarkSet Set(IEnumerable<ChoiceItem> items, IReadOnlyList<string> files, IEnumerable<ChoiceItem>? training = null) =>
        new([.. items.Select(Document)], files) { Examples = training is null ? null : [.. training.Select(Solved)] };

    /// <summary>The documents of a benchmark whose files of training and of test questions have the same form.</summary>
    /// <param name="test">The file of the questions to evaluate.</param>
    /// <param name="training">Files of the questions for examples; there may be none.</param>
    /// <param name="read">Reads a file.</param>
    internal static BenchmarkSet Set(string test, IReadOnlyList<string> training, Func<string, IEnumerable<ChoiceItem>> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        return Set(read(test), [test, .. training], training.Count == 0 ? null : training.SelectMany(read));
    }

    /// <summary>One question as a document.</summary>
    public static BenchmarkDocument Document(ChoiceItem item)
    {
        ArgumentNullException.ThrowIfNull(item);
        if ((uint)item.Right >= (uint)item.Choices.Count)
            throw new ArgumentException($"the right answer is number {item.Right} of {item.Choices.Count}");
        return new BenchmarkDocument
        {
            Fields = item.Fields,
            Target = item.Choices[item.Right].Trim(),
            Solved = Solved(item),
            Requests = [new LikelihoodRequest(item.Prompt, item.Choices), new LikelihoodRequest(item.Unconditional, item.Choices) { TakesExamples = false }],
            Judge = responses => Judge(item, (LikelihoodResponse)responses[0], (LikelihoodResponse)responses[1]),
        };
    }

    /// <summary>
    /// 1 where the right choice scores above all others, 1/n where it shares the highest score with n - 1 others, else 0.
    /// </summary>
    /// <param name="scores">The score of each choice.</param>
    /// <param name="right">The right one.</param>
    public static double Credit(IReadOnlyList<double> scores, int right)
    {
        ArgumentNullException.ThrowIfNull(scores);
        double best = scores.Max(), slack = Tie * Math.Max(1, Math.Abs(best));
        return scores[right] >= best - slack ? 1.0 / scores.Count(score => score >= best - slack) : 0;
    }

    private static string Solved(ChoiceItem item) => item.Prompt + item.Choices[item.Right];

    private static Judgement Judge(ChoiceItem item, LikelihoodResponse after, LikelihoodResponse alone)
    {
        double[] sums = [.. after.Continuations.Select(c => c.LogLikelihood)];
        double[][] scores =
        [
            sums, [.. after.Continuations.Select(c => c.MeanPerToken)], [.. after.Continuations.Select(c => c.MeanPerByte)],
            [.. after.Continuations.Zip(alone.Continuations, (a, b) => a.LogLikelihood - b.LogLikelihood)],
        ];
        int chosen = Array.IndexOf(sums, sums.Max());
        return new Judgement(item.Choices[chosen].Trim(), chosen == item.Right, [.. scores.Select(of => new[] { Credit(of, item.Right) })]);
    }
}
