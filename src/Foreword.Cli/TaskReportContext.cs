using System.Globalization;
using Foreword.Tasks;

namespace Foreword.Cli;

/// <summary>One example of a report.</summary>
/// <param name="Text">Its text.</param>
/// <param name="Truth">Its right label or score.</param>
/// <param name="Predicted">What the model gave it.</param>
/// <param name="Probability">The probability that the model gave its prediction; null for scores.</param>
internal sealed record SampleRow(string Text, string Truth, string Predicted, double? Probability);

/// <summary>What a report says beside the measurements.</summary>
/// <param name="Title">The heading.</param>
/// <param name="ModelPath">Where the model lies.</param>
/// <param name="DataPath">Where the examples lie.</param>
/// <param name="Mistakes">The worst examples, the worst first.</param>
/// <param name="Right">A few good ones.</param>
internal sealed record TaskReportContext(string Title, string ModelPath, string DataPath, IReadOnlyList<SampleRow> Mistakes, IReadOnlyList<SampleRow> Right)
{
    private const int MostMistakes = 20;
    private const int MostRight = 5;

    /// <summary>
    /// Picks the examples: the mistakes with the highest probability and right ones from all over the file, or the scores
    /// that are farthest from the truth and nearest to it.
    /// </summary>
    /// <param name="title">The heading.</param>
    /// <param name="modelPath">Where the model lies.</param>
    /// <param name="dataPath">Where the examples lie.</param>
    /// <param name="outcomes">What the model said.</param>
    /// <param name="texts">The text of each example.</param>
    public static TaskReportContext Of(string title, string modelPath, string dataPath, TaskOutcomes outcomes, IReadOnlyList<string> texts)
    {
        if (texts.Count != outcomes.Count)
            throw new ArgumentException($"there are {outcomes.Count} examples, but {texts.Count} texts", nameof(texts));
        (IEnumerable<SampleRow> mistakes, IEnumerable<SampleRow> right) = outcomes switch
        {
            TaskOutcomes.OfClasses classes => Pick(classes, texts),
            TaskOutcomes.OfScores scores => Pick(scores, texts),
            _ => throw new ArgumentException($"unknown outcomes {outcomes.GetType().Name}", nameof(outcomes)),
        };
        return new TaskReportContext(title, modelPath, dataPath, [.. mistakes], [.. right]);
    }

    private static (IEnumerable<SampleRow> Mistakes, IEnumerable<SampleRow> Right) Pick(TaskOutcomes.OfClasses outcomes, IReadOnlyList<string> texts)
    {
        ILookup<bool, int> byRight = Enumerable.Range(0, outcomes.Count).ToLookup(i => outcomes.Truth[i] == outcomes.Predicted[i]);
        int[] right = [.. byRight[true]];
        int shown = Math.Min(MostRight, right.Length);
        return (
            byRight[false].OrderByDescending(Probability).Take(MostMistakes).Select(Row),
            Enumerable.Range(0, shown).Select(k => Row(right[(int)((long)k * right.Length / shown)])));

        double Probability(int i) => outcomes.Probabilities[i][outcomes.Predicted[i]];
        SampleRow Row(int i) => new(texts[i], outcomes.Labels[outcomes.Truth[i]], outcomes.Labels[outcomes.Predicted[i]], Probability(i));
    }

    private static (IEnumerable<SampleRow> Worst, IEnumerable<SampleRow> Best) Pick(TaskOutcomes.OfScores outcomes, IReadOnlyList<string> texts)
    {
        int[] nearestFirst = [.. Enumerable.Range(0, outcomes.Count).OrderBy(i => Math.Abs(outcomes.Truth[i] - outcomes.Predicted[i]))];
        int best = Math.Min(MostRight, nearestFirst.Length);
        return (nearestFirst[best..].Reverse().Take(MostMistakes).Select(Row), nearestFirst[..best].Select(Row));

        SampleRow Row(int i) => new(texts[i], Score(outcomes.Truth[i]), Score(outcomes.Predicted[i]), null);
    }

    private static string Score(double score) => score.ToString("0.###", CultureInfo.InvariantCulture);
}
