using Foreword.Tasks.Metrics;

namespace Foreword.Tasks.Kinds;

/// <summary>Predicts a number for a single text. The sequence is <c>[start] text [extract]</c>.</summary>
internal sealed class RegressionTask : FineTuningTask
{
    /// <inheritdoc/>
    public override string Kind => "regression";

    /// <inheritdoc/>
    public override IReadOnlyList<TaskColumn> Columns { get; } = [new("text")];

    /// <inheritdoc/>
    public override IReadOnlyList<TargetKind> Targets { get; } = [TargetKind.Score, TargetKind.SoftLabels];

    /// <inheritdoc/>
    public override bool ReadsWindows => true;

    /// <inheritdoc/>
    public override IReadOnlyList<TaskMetric> Metrics(TargetKind target) => [TaskMetric.Pearson, TaskMetric.Spearman, TaskMetric.Rmse];

    /// <inheritdoc/>
    public override TaskSequences Transform(TaskExample example, TaskEncoder encoder)
    {
        ArgumentNullException.ThrowIfNull(example);
        ArgumentNullException.ThrowIfNull(encoder);
        return encoder.Read(encoder.Ids(example.Texts[0]!));
    }
}
