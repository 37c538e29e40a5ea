using Foreword.Tasks.Metrics;

namespace Foreword.Tasks.Kinds;

/// <summary>Classifies a single text. The sequence is <c>[start] text [extract]</c>.</summary>
internal sealed class ClassificationTask : FineTuningTask
{
    /// <inheritdoc/>
    public override string Kind => "classification";

    /// <inheritdoc/>
    public override IReadOnlyList<TaskColumn> Columns { get; } = [new("text")];

    /// <inheritdoc/>
    public override IReadOnlyList<TargetKind> Targets { get; } = [TargetKind.Classes];

    /// <inheritdoc/>
    public override bool ReadsWindows => true;

    /// <inheritdoc/>
    public override IReadOnlyList<TaskMetric> Metrics(TargetKind target) => [TaskMetric.Accuracy, TaskMetric.MacroF1, TaskMetric.Matthews];

    /// <inheritdoc/>
    public override TaskSequences Transform(TaskExample example, TaskEncoder encoder)
    {
        ArgumentNullException.ThrowIfNull(example);
        ArgumentNullException.ThrowIfNull(encoder);
        return encoder.Read(encoder.Ids(example.Texts[0]!));
    }
}
