using Foreword.Tasks.Metrics;

namespace Foreword.Tasks.Kinds;

/// <summary>Decides whether a hypothesis follows from a premise. The sequence is <c>[start] premise [delim] hypothesis [extract]</c>.</summary>
internal sealed class EntailmentTask : FineTuningTask
{
    /// <inheritdoc/>
    public override string Kind => "entailment";

    /// <inheritdoc/>
    public override IReadOnlyList<TaskColumn> Columns { get; } = [new("premise"), new("hypothesis")];

    /// <inheritdoc/>
    public override IReadOnlyList<TargetKind> Targets { get; } = [TargetKind.Classes];

    /// <inheritdoc/>
    public override IReadOnlyList<TaskMetric> Metrics(TargetKind target) => [TaskMetric.Accuracy, TaskMetric.F1];

    /// <inheritdoc/>
    public override TaskSequences Transform(TaskExample example, TaskEncoder encoder)
    {
        ArgumentNullException.ThrowIfNull(example);
        ArgumentNullException.ThrowIfNull(encoder);
        (int[] sequence, bool isTruncated) = encoder.Join([encoder.Ids(example.Texts[0]!)], [encoder.Ids(example.Texts[1]!)]);
        return new TaskSequences([sequence], isTruncated);
    }
}
