using System.Text.Json;

namespace Foreword.Tasks.Metrics;

/// <summary>How a model does on one class.</summary>
/// <param name="Label">The class.</param>
/// <param name="Count">Examples of it.</param>
/// <param name="Precision">The share of right ones among the examples that were given the class; 0 where there are none.</param>
/// <param name="Recall">The share of the class's examples that were given it; 0 where there are none.</param>
/// <param name="F1">The harmonic mean of the two; 0 where the class occurs neither in truth nor in prediction.</param>
public sealed record ClassRow(string Label, int Count, double Precision, double Recall, double F1);

/// <summary>Everything measured about a model's outcomes on a labelled set. What is about classes is null where the model predicts scores.</summary>
public sealed record TaskEvaluation
{
    private TaskEvaluation(string task, TaskOutcomes outcomes, IReadOnlyList<MetricInterval> metrics) =>
        (Task, Outcomes, Metrics) = (task, outcomes, metrics);

    /// <summary>The kind of task.</summary>
    public string Task { get; }

    /// <summary>Examples.</summary>
    public int Count => Outcomes.Count;

    /// <summary>The metrics with their 95 % intervals, in the order asked for.</summary>
    public IReadOnlyList<MetricInterval> Metrics { get; }

    /// <summary>How many examples of each class were given each class.</summary>
    public ConfusionMatrix? Confusion { get; private init; }

    /// <summary>Every class, in the order of the labels.</summary>
    public IReadOnlyList<ClassRow>? Classes { get; private init; }

    /// <summary>How far the probabilities can be believed.</summary>
    public Calibration? Calibration { get; private init; }

    /// <summary>The accuracy of giving every example the most frequent class.</summary>
    public double? MajorityBaseline { get; private init; }

    /// <summary>What was evaluated.</summary>
    public TaskOutcomes Outcomes { get; }

    /// <summary>Evaluates the outcomes.</summary>
    /// <param name="task">The kind of task, for the record.</param>
    /// <param name="outcomes">What the model said.</param>
    /// <param name="metrics">The metrics to compute.</param>
    /// <param name="resamples">Resamples of the bootstrap, at least 1.</param>
    /// <param name="seed">The bootstrap's seed: the same one gives the same intervals.</param>
    /// <exception cref="ArgumentException">A metric does not fit the outcomes.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="resamples"/> is below 1.</exception>
    public static TaskEvaluation Of(string task, TaskOutcomes outcomes, IReadOnlyList<TaskMetric> metrics, int resamples = 1000, long seed = 1337)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(outcomes);
        ArgumentNullException.ThrowIfNull(metrics);
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 1);
        TaskEvaluation evaluation = new(task, outcomes, Bootstrap.Intervals(outcomes, metrics, resamples, seed));
        if (outcomes is not TaskOutcomes.OfClasses classes)
            return evaluation;
        ClassRow[] rows = Rows(classes);
        return evaluation with
        {
            Confusion = new ConfusionMatrix(classes),
            Classes = rows,
            Calibration = Calibration.Of(classes),
            MajorityBaseline = (double)rows.Max(row => row.Count) / classes.Count,
        };
    }

    /// <summary>
    /// Writes one object: <c>task</c>, <c>n</c>, <c>metrics</c> (each <c>value</c>, <c>low</c>, <c>high</c>, and the <c>class</c> that an F1 is of, or
    /// its <c>average</c>), <c>predicts_only</c> where all examples got the same answer, and where the model predicts classes <c>majority_baseline</c>, <c>calibration</c>, <c>classes</c> and <c>confusion_matrix</c>
    /// (rows are the right classes). What is undefined is null.
    /// </summary>
    public void WriteJson(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
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
        writer.WriteEndObject();
    }

    private static ClassRow[] Rows(TaskOutcomes.OfClasses outcomes)
    {
        ClassSample sample = (ClassSample)OutcomeSample.Whole(outcomes);
        return [.. outcomes.Labels.Select((label, c) => new ClassRow(label, sample.Count(c), sample.Precision(c), sample.Recall(c), sample.F1(c)))];
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

    /// <summary>JSON has no NaN: what is undefined is null.</summary>
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
