using System.Globalization;
using Foreword.Tasks;
using Foreword.Tasks.Metrics;

namespace Foreword.Cli.Reports.Tasks;

/// <summary>A text of an example.</summary>
/// <param name="Role">Role of the text: premise, question, choice A; empty if the example has only one text.</param>
/// <param name="Text">The full text.</param>
internal sealed record SamplePart(string Role, string Text);

/// <summary>One example of a report.</summary>
/// <param name="Parts">The texts of the example, in the order in which the task reads them.</param>
/// <param name="Truth">The true label or score.</param>
/// <param name="Predicted">The label or score that the model predicted.</param>
/// <param name="Probability">The probability of the predicted label; null for scores.</param>
internal sealed record SampleRow(IReadOnlyList<SamplePart> Parts, string Truth, string Predicted, double? Probability);

/// <summary>The contents of a report in addition to the measurements.</summary>
/// <param name="Title">The heading.</param>
/// <param name="ModelPath">Path of the model.</param>
/// <param name="Files">Files of the examples and of their labels.</param>
/// <param name="Mistakes">The worst examples, the worst first.</param>
/// <param name="Right">Some good examples.</param>
internal sealed record TaskReportContext(string Title, string ModelPath, IReadOnlyList<string> Files, IReadOnlyList<SampleRow> Mistakes, IReadOnlyList<SampleRow> Right)
{
    private const int MostMistakes = 20;
    private const int MostRight = 5;

    /// <summary>Gets the files as one text.</summary>
    public string DataPath => string.Join(", ", Files);

    /// <summary>Returns the texts of an example with their roles.</summary>
    /// <param name="task">The task, which names the texts and the choices.</param>
    /// <param name="example">The example.</param>
    public static IReadOnlyList<SamplePart> Parts(TaskDescription task, TaskExample example)
    {
        string[] roles = [.. task.Definition.Columns.Where(column => !column.IsMany).Select(column => column.Role)];
        bool isAlone = roles.Length == 1 && example.Choices.Count == 0;
        return
        [
            .. example.Texts.Index().Where(text => text.Item is not null).Select(text => new SamplePart(isAlone ? "" : roles[text.Index], text.Item!)),
            .. example.Choices.Index().Select(choice => new SamplePart($"choice {(choice.Index < task.Labels.Count ? task.Labels[choice.Index] : choice.Index + 1)}", choice.Item)),
        ];
    }

    /// <summary>
    /// Creates the context and selects its examples. For classes, these are the mistakes with the highest probability and right examples from
    /// all parts of the file. For sets of classes and other compared answers, the worst mistakes come first. For scores, these are the predictions farthest from the truth and those nearest to it.
    /// </summary>
    /// <param name="title">The heading.</param>
    /// <param name="modelPath">Path of the model.</param>
    /// <param name="files">Files of the examples and of their labels.</param>
    /// <param name="outcomes">The predictions of the model.</param>
    /// <param name="texts">The texts of each example.</param>
    public static TaskReportContext Create(string title, string modelPath, IReadOnlyList<string> files, TaskOutcomes outcomes, IReadOnlyList<IReadOnlyList<SamplePart>> texts)
    {
        if (texts.Count != outcomes.Count)
            throw new ArgumentException($"there are {outcomes.Count} examples, but {texts.Count} texts", nameof(texts));
        (IEnumerable<SampleRow> mistakes, IEnumerable<SampleRow> right) = outcomes switch
        {
            TaskOutcomes.OfClasses classes => Pick(classes, texts),
            TaskOutcomes.OfScores scores => Pick(scores, texts),
            IComparedAnswers answers => Pick(answers, outcomes.Count, texts),
            _ => throw new ArgumentException($"unknown outcomes {outcomes.GetType().Name}", nameof(outcomes)),
        };
        return new TaskReportContext(title, modelPath, files, [.. mistakes], [.. right]);
    }

    private static (IEnumerable<SampleRow> Mistakes, IEnumerable<SampleRow> Right) Pick(TaskOutcomes.OfClasses outcomes, IReadOnlyList<IReadOnlyList<SamplePart>> texts)
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

    private static (IEnumerable<SampleRow> Mistakes, IEnumerable<SampleRow> Right) Pick(IComparedAnswers answers, int count, IReadOnlyList<IReadOnlyList<SamplePart>> texts)
    {
        ILookup<bool, (ComparedAnswer Answer, int Example)> byRight = Enumerable.Range(0, count).Select(i => (Answer: answers.At(i), Example: i)).ToLookup(row => row.Answer.Error == 0);
        var right = byRight[true].ToArray();
        int shown = Math.Min(MostRight, right.Length);
        return (
            byRight[false].OrderByDescending(row => row.Answer.Error).Take(MostMistakes).Select(Row),
            Enumerable.Range(0, shown).Select(k => Row(right[(int)((long)k * right.Length / shown)])));

        SampleRow Row((ComparedAnswer Answer, int Example) row) => new(texts[row.Example], Shown(row.Answer.Right), Shown(row.Answer.Predicted), null);

        static string Shown(string answer) => answer.Length == 0 ? "(none)" : answer;
    }

    private static (IEnumerable<SampleRow> Worst, IEnumerable<SampleRow> Best) Pick(TaskOutcomes.OfScores outcomes, IReadOnlyList<IReadOnlyList<SamplePart>> texts)
    {
        int[] nearestFirst = [.. Enumerable.Range(0, outcomes.Count).OrderBy(i => Math.Abs(outcomes.Truth[i] - outcomes.Predicted[i]))];
        int best = Math.Min(MostRight, nearestFirst.Length);
        return (nearestFirst[best..].Reverse().Take(MostMistakes).Select(Row), nearestFirst[..best].Select(Row));

        SampleRow Row(int i) => new(texts[i], Score(outcomes.Truth[i]), Score(outcomes.Predicted[i]), null);
    }

    private static string Score(double score) => score.ToString("0.###", CultureInfo.InvariantCulture);
}
