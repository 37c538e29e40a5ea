using System.Text.Json;

namespace Foreword.Tasks.Metrics;

/// <summary>The quality of a model's predictions for one class.</summary>
/// <param name="Label">The name of the class.</param>
/// <param name="Count">The number of examples of the class.</param>
/// <param name="Precision">The share of correct predictions among the examples that were predicted as the class, 0 to 1; 0 if there are none.</param>
/// <param name="Recall">The share of the class's examples that were predicted as the class, 0 to 1; 0 if there are none.</param>
/// <param name="F1">The harmonic mean of precision and recall, 0 to 1; 0 if the class occurs neither in truth nor in prediction.</param>
public sealed record ClassRow(string Label, int Count, double Precision, double Recall, double F1);

/// <summary>The metrics of a model's outcomes on a labeled set. Properties that describe classes are null if the model predicts scores.</summary>
public sealed record TaskEvaluation
{
    private TaskEvaluation(string task, TaskOutcomes outcomes, IReadOnlyList<MetricInterval> metrics) =>
        (Task, Outcomes, Metrics) = (task, outcomes, metrics);

    /// <summary>Gets the kind of task.</summary>
    public string Task { get; }

    /// <summary>Gets the number of examples.</summary>
    public int Count => Outcomes.Count;

    /// <summary>Gets the metrics with their 95 % intervals, in the requested order.</summary>
    public IReadOnlyList<MetricInterval> Metrics { get; }

    /// <summary>Gets the counts of right and predicted classes; null if the model does not predict one class for each example.</summary>
    public ConfusionMatrix? Confusion { get; private init; }

    /// <summary>Gets one row for each class, in the order of the labels, or for each type of entities; null if there are neither.</summary>
    public IReadOnlyList<ClassRow>? Classes { get; private init; }

    /// <summary>Gets how well the probabilities match the accuracy; null if the model does not predict one class for each example.</summary>
    public Calibration? Calibration { get; private init; }

    /// <summary>Gets the accuracy of always predicting the most frequent class, 0 to 1; null if the model does not predict one class for each example.</summary>
    public double? MajorityBaseline { get; private init; }

    /// <summary>Gets the outcomes that were evaluated.</summary>
    public TaskOutcomes Outcomes { get; }

    /// <summary>Evaluates the outcomes.</summary>
    /// <param name="task">The kind of task, which the result reports.</param>
    /// <param name="outcomes">The model's predictions with the right answers.</param>
    /// <param name="metrics">The metrics to compute.</param>
    /// <param name="resamples">The number of resamples of the bootstrap, 1 or more.</param>
    /// <param name="seed">The seed of the bootstrap. The same seed produces the same intervals.</param>
    /// <param name="cancellationToken">Cancels the work between two resamples.</param>
    /// <exception cref="ArgumentException">A metric does not fit the outcomes.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="resamples"/> is below 1.</exception>
    public static TaskEvaluation Compute(string task, TaskOutcomes outcomes, IReadOnlyList<TaskMetric> metrics, int resamples = 1000, long seed = 1337, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(outcomes);
        ArgumentNullException.ThrowIfNull(metrics);
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 1);
        TaskEvaluation evaluation = new(task, outcomes, Bootstrap.Intervals(outcomes, metrics, resamples, seed, cancellationToken));
        if (outcomes is TaskOutcomes.OfClassSets sets)
            return evaluation with { Classes = Rows(sets) };
        if (outcomes is TaskOutcomes.OfWordLabels words)
            return evaluation with { Classes = Rows(words) };
        if (outcomes is not TaskOutcomes.OfClasses classes)
            return evaluation;
        ClassRow[] rows = Rows(classes);
        return evaluation with
        {
            Confusion = new ConfusionMatrix(classes),
            Classes = rows,
            Calibration = Calibration.Compute(classes),
            MajorityBaseline = (double)rows.Max(row => row.Count) / classes.Count,
        };
    }

    /// <summary>Writes the evaluation as one JSON object. Undefined numbers are written as null.</summary>
    /// <remarks>
    /// The object has <c>task</c>, <c>n</c> and <c>metrics</c>. Each metric has <c>value</c>, <c>low</c> and <c>high</c>. An F1 also has the
    /// <c>class</c> that it describes, or its <c>average</c>. <c>predicts_only</c> is present if all examples got the same answer although
    /// their right answers differ. If the model predicts classes, the object also has <c>majority_baseline</c>, <c>calibration</c>, <c>classes</c> and <c>confusion_matrix</c>. A row of the
    /// confusion matrix is a right class.
    /// </remarks>
    /// <param name="writer">Receives the object.</param>
    internal void WriteJson(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        WriteFields(writer);
        writer.WriteEndObject();
    }

    /// <summary>Writes the fields of the object, see <see cref="WriteJson"/>.</summary>
    /// <param name="writer">Receives the fields.</param>
    internal void WriteFields(Utf8JsonWriter writer)
    {
        writer.WriteString("task", Task);
        writer.WriteNumber("n", Count);
        writer.WriteStartObject("metrics");
        foreach (MetricInterval metric in Metrics)
        {
            writer.WriteStartObject(metric.Name);
            WriteNumbers(writer, ("value", metric.Value), ("low", metric.Low), ("high", metric.High));
            if (metric.Class is not null)
                writer.WriteString("class", metric.Class);
            else if (metric.Name == TaskMetric.F1.Name)
                writer.WriteString("average", "macro");
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        if (Outcomes.PredictsOnly is { } only)
            writer.WriteString("predicts_only", only);
        if (MajorityBaseline is { } baseline)
            writer.WriteNumber("majority_baseline", baseline);
        if (Calibration is not null)
            WriteCalibration(writer, Calibration);
        if (Classes is not null)
            WriteClasses(writer, Classes);
        if (Confusion is not null)
            WriteConfusion(writer, Confusion);
    }

    private static ClassRow[] Rows(TaskOutcomes.OfClasses outcomes)
    {
        ClassSample sample = (ClassSample)OutcomeSample.Whole(outcomes);
        return [.. outcomes.Labels.Select((label, c) => new ClassRow(label, sample.Count(c), sample.Precision(c), sample.Recall(c), sample.F1(c)))];
    }

    private static ClassRow[] Rows(TaskOutcomes.OfClassSets outcomes)
    {
        ClassSetSample sample = (ClassSetSample)OutcomeSample.Whole(outcomes);
        return [.. outcomes.Labels.Select((label, c) => new ClassRow(label, sample.Count(c), sample.Precision(c), sample.Recall(c), sample.F1(c)))];
    }

    private static ClassRow[] Rows(TaskOutcomes.OfWordLabels outcomes)
    {
        EntitySample sample = (EntitySample)OutcomeSample.Whole(outcomes);
        return [.. Enumerable.Range(0, sample.Types.Count).Select(sample.Row)];
    }

    private static void WriteCalibration(Utf8JsonWriter writer, Calibration calibration)
    {
        writer.WriteStartObject("calibration");
        WriteNumbers(writer, ("expected_calibration_error", calibration.ExpectedError), ("negative_log_likelihood", calibration.NegativeLogLikelihood), ("brier", calibration.Brier));
        writer.WriteStartArray("bins");
        foreach (CalibrationBin bin in calibration.Bins)
        {
            writer.WriteStartObject();
            writer.WriteNumber("count", bin.Count);
            WriteNumbers(writer, ("low", bin.Low), ("high", bin.High), ("confidence", bin.Confidence), ("accuracy", bin.Accuracy));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteClasses(Utf8JsonWriter writer, IReadOnlyList<ClassRow> classes)
    {
        writer.WriteStartArray("classes");
        foreach (ClassRow row in classes)
        {
            writer.WriteStartObject();
            writer.WriteString("label", row.Label);
            writer.WriteNumber("count", row.Count);
            WriteNumbers(writer, ("precision", row.Precision), ("recall", row.Recall), ("f1", row.F1));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteConfusion(Utf8JsonWriter writer, ConfusionMatrix confusion)
    {
        int classes = confusion.Labels.Count;
        writer.WriteStartObject("confusion_matrix");
        writer.WriteStartArray("labels");
        foreach (string label in confusion.Labels)
            writer.WriteStringValue(label);
        writer.WriteEndArray();
        writer.WriteStartArray("counts");
        for (int truth = 0; truth < classes; truth++)
        {
            writer.WriteStartArray();
            for (int predicted = 0; predicted < classes; predicted++)
                writer.WriteNumberValue(confusion[truth, predicted]);
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>Writes numbers. JSON has no NaN, so an undefined number is written as null.</summary>
    private static void WriteNumbers(Utf8JsonWriter writer, params ReadOnlySpan<(string Name, double Value)> numbers)
    {
        foreach ((string name, double value) in numbers)
        {
            if (double.IsNaN(value))
                writer.WriteNull(name);
            else
                writer.WriteNumber(name, value);
        }
    }
}
