using Foreword.Tasks.Metrics;

namespace Foreword.Tasks.Targets;

/// <summary>
/// Predicts any number of classes. Each output is the logit of one class, which is predicted if its sigmoid is above the threshold. The loss is the
/// mean binary cross entropy over the classes. A label is the names of its classes with <c>|</c> between them; an empty label names none.
/// </summary>
internal sealed class ClassSetTarget : TaskTarget
{
    /// <summary>The character between the classes of a label.</summary>
    public const char Separator = '|';

    private const double Half = 0.5;

    /// <inheritdoc/>
    public override int LeastLabels => 1;

    /// <inheritdoc/>
    public override (double Least, double Most)? Thresholds => (0, 1);

    /// <inheritdoc/>
    public override double? UsualThreshold(IReadOnlyList<TaskExample> train) => Half;

    /// <inheritdoc/>
    public override IReadOnlyList<TaskMetric> Metrics { get; } = [TaskMetric.MicroF1, TaskMetric.MacroF1, TaskMetric.ExactMatch, TaskMetric.HammingLoss, TaskMetric.MeanAveragePrecision];

    /// <inheritdoc/>
    public override TaskMetric? BeforeClassMetric => TaskMetric.MacroF1;

    /// <inheritdoc/>
    public override string LabelOf(IReadOnlyList<string> cell, string column, string where)
    {
        if (cell.Count > 1 && cell.FirstOrDefault(name => name.Contains(Separator, StringComparison.Ordinal)) is { } name)
            throw new InvalidDataException($"{where}: '{column}' lists the class '{name}'; a class must not contain '{Separator}', which separates classes");
        return string.Join(Separator, cell.SelectMany(Names).Distinct());
    }

    /// <inheritdoc/>
    public override IEnumerable<string> Names(string label) => label.Split(Separator, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(TaskLabel.Canonical);

    /// <inheritdoc/>
    public override float[] Values(TaskDescription task, TaskExample example)
    {
        float[] target = new float[task.Labels.Count];
        foreach (string name in Names(example.Label!))
            target[task.IndexOf(example, name)] = 1;
        return target;
    }

    /// <inheritdoc/>
    public override Prediction Answer(TaskDescription task, TaskSequences? sequences, ReadOnlySpan<float> outputs)
    {
        double[] probabilities = new double[outputs.Length];
        for (int i = 0; i < outputs.Length; i++)
            probabilities[i] = 1 / (1 + Math.Exp(-(double)outputs[i]));
        string[] chosen = [.. task.Labels.Where((_, i) => probabilities[i] > (task.Threshold ?? Half))];
        return new Prediction(string.Join(Separator, chosen), -1, double.NaN, probabilities) { Labels = chosen };
    }

    /// <inheritdoc/>
    public override double Loss(TaskDescription task, TaskSequences? sequences, ReadOnlySpan<float> outputs, ReadOnlySpan<float> target)
    {
        double sum = 0;
        for (int i = 0; i < outputs.Length; i++)
            sum += Math.Max(outputs[i], 0) - (double)outputs[i] * target[i] + double.LogP1(Math.Exp(-Math.Abs(outputs[i])));
        return sum / outputs.Length;
    }

    /// <inheritdoc/>
    public override TaskOutcomes Outcomes(TaskDescription task, IReadOnlyList<TaskExample> examples, IReadOnlyList<Prediction> predictions) => new TaskOutcomes.OfClassSets(
        [.. examples.Select(example => Values(task, example).Select(value => value > 0).ToArray())],
        [.. predictions.Select(prediction => task.Labels.Select(label => prediction.Labels!.Contains(label)).ToArray())],
        task.Labels, [.. predictions.Select(prediction => prediction.Probabilities.ToArray())]);
}
