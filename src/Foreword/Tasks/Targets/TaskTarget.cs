using System.Globalization;
using Foreword.Tasks.Metrics;

namespace Foreword.Tasks.Targets;

/// <summary>
/// Defines what labels, outputs and losses mean for one <see cref="TargetKind"/>: how a label is written, which values the loss compares with the
/// outputs, and which answer the outputs stand for.
/// </summary>
internal abstract class TaskTarget
{
    private static readonly ClassTarget Classes = new(isChoice: false), Choice = new(isChoice: true);
    private static readonly ScoreTarget Score = new();
    private static readonly SoftLabelTarget SoftLabels = new();
    private static readonly ClassSetTarget ClassSet = new();
    private static readonly WordClassTarget WordClasses = new();
    private static readonly SpanTarget Span = new();

    /// <summary>Returns the definition of a kind of output.</summary>
    public static TaskTarget Of(TargetKind kind) => kind switch
    {
        TargetKind.Classes => Classes,
        TargetKind.Score => Score,
        TargetKind.SoftLabels => SoftLabels,
        TargetKind.Choice => Choice,
        TargetKind.ClassSet => ClassSet,
        TargetKind.WordClasses => WordClasses,
        TargetKind.Span => Span,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), $"there is no target {kind}"),
    };

    /// <summary>Gets the smallest number of labels that a task needs.</summary>
    public virtual int LeastLabels => 2;

    /// <summary>Gets the range of the threshold of answers, from the least to below the most; null if answers have no threshold.</summary>
    public virtual (double Least, double Most)? Thresholds => null;

    /// <summary>Returns the threshold of a task that sets none; null if its answers have no threshold.</summary>
    /// <param name="train">The training examples.</param>
    public virtual double? UsualThreshold(IReadOnlyList<TaskExample> train) => null;

    /// <summary>Gets the metrics that can select the best epoch, without that of a single class.</summary>
    public abstract IReadOnlyList<TaskMetric> Metrics { get; }

    /// <summary>Returns the metrics that a task reports. The first one selects the best epoch by default.</summary>
    public virtual IReadOnlyList<TaskMetric> MetricsOf(TaskDescription task) => task.Definition.Metrics(task.Target);

    /// <summary>Returns whether a window teaches anything. A window without its answer may not.</summary>
    /// <param name="window">A window with its target.</param>
    public virtual bool LearnsFrom(EncodedExample window) => true;

    /// <summary>Gets the metric after which lists name the F1 of one class; null if that is not a metric here.</summary>
    public virtual TaskMetric? BeforeClassMetric => null;

    /// <summary>Returns the number of outputs of the head.</summary>
    public virtual int Outputs(TaskDescription task) => task.Labels.Count;

    /// <summary>Returns the label that a cell of a file stands for.</summary>
    /// <param name="cell">The texts of the cell: one, or those of a list.</param>
    /// <param name="column">The name of the column, for messages.</param>
    /// <param name="where">The file and the row, for messages.</param>
    /// <exception cref="InvalidDataException">The cell holds no label. The message names row and column.</exception>
    public virtual string LabelOf(IReadOnlyList<string> cell, string column, string where)
    {
        if (cell.Count != 1)
            throw new InvalidDataException($"{where}: '{column}' holds a list of {cell.Count}; expected one text");
        return cell[0].Trim() is { Length: > 0 } label ? TaskLabel.Canonical(label) : throw new InvalidDataException($"{where}: '{column}' is empty");
    }

    /// <summary>Returns the names of the classes that a label consists of, each in its usual form.</summary>
    public virtual IEnumerable<string> Names(string label) => [TaskLabel.Canonical(label)];

    /// <summary>Returns the label that all examples have; null if labels differ, so that there is something to learn.</summary>
    /// <param name="labels">The labels of the training examples, 1 or more.</param>
    public virtual string? OnlyLabel(IReadOnlyList<string> labels) => labels.Select(TaskLabel.Canonical).Distinct().Count() == 1 ? TaskLabel.Canonical(labels[0]) : null;

    /// <summary>Returns the values that the loss compares with the outputs, see <see cref="TaskDescription.TargetOf"/>.</summary>
    /// <exception cref="InvalidDataException">The label does not belong to the task. The message names the row.</exception>
    public abstract float[] Values(TaskDescription task, TaskExample example);

    /// <summary>Returns the values for the sequences that an example was encoded to.</summary>
    /// <inheritdoc cref="Values(TaskDescription, TaskExample)" path="/exception"/>
    public virtual float[] Values(TaskDescription task, TaskExample example, TaskSequences sequences) => Values(task, example);

    /// <summary>Converts the outputs for an example to an answer.</summary>
    /// <param name="task">The task.</param>
    /// <param name="sequences">The sequences of the example; null if only the outputs are known.</param>
    /// <param name="outputs">The outputs, see <see cref="TaskDescription.Answer(EncodedExample, ReadOnlySpan{float})"/>.</param>
    public abstract Prediction Answer(TaskDescription task, TaskSequences? sequences, ReadOnlySpan<float> outputs);

    /// <summary>Computes the unweighted loss of an example.</summary>
    /// <param name="task">The task.</param>
    /// <param name="sequences">The sequences of the example; null if only the outputs are known.</param>
    /// <param name="outputs">The outputs, as for <see cref="Answer"/>.</param>
    /// <param name="target">The values that <see cref="Values(TaskDescription, TaskExample, TaskSequences)"/> returns.</param>
    public abstract double Loss(TaskDescription task, TaskSequences? sequences, ReadOnlySpan<float> outputs, ReadOnlySpan<float> target);

    /// <summary>Pairs the labels of examples with the predictions.</summary>
    /// <exception cref="InvalidDataException">A label does not belong to the task.</exception>
    public abstract TaskOutcomes Outcomes(TaskDescription task, IReadOnlyList<TaskExample> examples, IReadOnlyList<Prediction> predictions);

    /// <summary>Returns the places of all sequences.</summary>
    /// <exception cref="ArgumentException">The sequences are not known.</exception>
    protected static TaskPlace[] PlacesOf(TaskSequences? sequences) => sequences?.Places is { } places
        ? [.. places.SelectMany(own => own)]
        : throw new ArgumentException("the answer needs the sequences of the example, which name the places of the outputs; use Predict", nameof(sequences));

    /// <summary>Formats a predicted number.</summary>
    protected static string Text(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);
}
