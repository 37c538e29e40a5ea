using Foreword.Numerics;
using Foreword.Tasks.Kinds;
using Foreword.Tasks.Metrics;

namespace Foreword.Tasks.Targets;

/// <summary>
/// Predicts one class for each word of a text. The outputs of a word are logits of a softmax, and the loss is the mean cross entropy over the words. A
/// label is the classes of the words with a space between them.
/// </summary>
internal sealed class WordClassTarget : TaskTarget
{
    /// <inheritdoc/>
    public override IReadOnlyList<TaskMetric> Metrics { get; } = [TaskMetric.EntityF1, TaskMetric.EntityPrecision, TaskMetric.EntityRecall, TaskMetric.TokenAccuracy];

    /// <inheritdoc/>
    public override string LabelOf(IReadOnlyList<string> cell, string column, string where) => Joined(cell, column, where);

    /// <summary>Returns words of a cell, or their labels, with one space between them.</summary>
    /// <exception cref="InvalidDataException">There are none, or an element of a list is empty or contains white space. The message names row and column.</exception>
    public static string Joined(IReadOnlyList<string> cell, string column, string where)
    {
        if (cell.Count > 1 && cell.FirstOrDefault(word => word.Length == 0 || word.Any(char.IsWhiteSpace)) is { } wrong)
            throw new InvalidDataException($"{where}: '{column}' lists the word '{wrong}'; a word must not be empty and has no white space");
        string[] words = [.. cell.SelectMany(TokenLabelsTask.Words)];
        return words.Length > 0 ? string.Join(' ', words) : throw new InvalidDataException($"{where}: '{column}' is empty");
    }

    /// <inheritdoc/>
    public override IEnumerable<string> Names(string label) => TokenLabelsTask.Words(label);

    /// <inheritdoc/>
    public override string? OnlyLabel(IReadOnlyList<string> labels) => labels.SelectMany(Names).Distinct().Take(2).ToArray() is [var only] ? only : null;

    /// <inheritdoc/>
    public override float[] Values(TaskDescription task, TaskExample example)
    {
        string[] labels = [.. Names(example.Label!)];
        int words = TokenLabelsTask.Words(example.Texts[0]!).Length;
        return labels.Length == words
            ? [.. labels.Select(label => (float)task.IndexOf(example, label))]
            : throw new InvalidDataException($"{example.MessagePrefix}the text has {words} {(words == 1 ? "word" : "words")}, but there are {labels.Length} labels");
    }

    /// <inheritdoc/>
    public override float[] Values(TaskDescription task, TaskExample example, TaskSequences sequences)
    {
        float[] values = Values(task, example);
        return [.. sequences.Places!.SelectMany(places => places).Select(place => values[place.Start])];
    }

    /// <inheritdoc/>
    public override Prediction Answer(TaskDescription task, TaskSequences? sequences, ReadOnlySpan<float> outputs)
    {
        TaskPlace[] places = PlacesOf(sequences);
        string[] labels = new string[places.Length];
        double[] probabilities = new double[places.Length];
        int n = task.Labels.Count;
        for (int p = 0; p < places.Length; p++)
        {
            double[] row = LogitRow.Softmax(outputs.Slice(p * n, n));
            int best = Array.IndexOf(row, row.Max());
            (labels[places[p].Start], probabilities[places[p].Start]) = (task.Labels[best], row[best]);
        }

        return new Prediction(string.Join(' ', labels), -1, double.NaN, probabilities) { Labels = labels };
    }

    /// <inheritdoc/>
    public override double Loss(TaskDescription task, TaskSequences? sequences, ReadOnlySpan<float> outputs, ReadOnlySpan<float> target)
    {
        int n = task.Labels.Count;
        double sum = 0;
        for (int p = 0; p < target.Length; p++)
            sum -= Math.Log(Math.Max(LogitRow.Softmax(outputs.Slice(p * n, n))[(int)target[p]], double.Epsilon));
        return sum / target.Length;
    }

    /// <inheritdoc/>
    public override TaskOutcomes Outcomes(TaskDescription task, IReadOnlyList<TaskExample> examples, IReadOnlyList<Prediction> predictions)
    {
        foreach (TaskExample example in examples)
            _ = Values(task, example);
        return new TaskOutcomes.OfWordLabels(
            [.. examples.Select(example => Names(example.Label!).ToArray())], [.. predictions.Select(prediction => prediction.Labels!.ToArray())], Entity.AreIn(task.Labels));
    }
}
