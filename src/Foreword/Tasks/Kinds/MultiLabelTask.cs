using Foreword.Tasks.Metrics;

namespace Foreword.Tasks.Kinds;

/// <summary>Finds all classes that a single text belongs to, which may be none. The sequence is <c>[start] text [extract]</c>.</summary>
internal sealed class MultiLabelTask : FineTuningTask
{
    /// <inheritdoc/>
    public override string Kind => "multi-label";

    /// <inheritdoc/>
    public override IReadOnlyList<TaskColumn> Columns { get; } = [new("text")];

    /// <inheritdoc/>
    public override IReadOnlyList<TargetKind> Targets { get; } = [TargetKind.ClassSet];

    /// <inheritdoc/>
    public override bool ReadsWindows => true;

    /// <inheritdoc/>
    public override IReadOnlyList<TaskMetric> Metrics(TargetKind target) =>
        [TaskMetric.MicroF1, TaskMetric.MacroF1, TaskMetric.ExactMatch, TaskMetric.HammingLoss, TaskMetric.MeanAveragePrecision];

    /// <inheritdoc/>
    public override TaskSequences Transform(TaskExample example, TaskEncoder encoder)
    {
        ArgumentNullException.ThrowIfNull(example);
        ArgumentNullException.ThrowIfNull(encoder);
        return encoder.Read(encoder.Ids(example.Texts[0]!));
    }
}
