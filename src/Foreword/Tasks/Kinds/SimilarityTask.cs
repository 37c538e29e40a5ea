using System.Globalization;
using Foreword.Tasks.Metrics;

namespace Foreword.Tasks.Kinds;

/// <summary>
/// Decides how similar two texts are. The two texts have no natural order, so the model reads both orders, <c>[start] a [delim] b [extract]</c> and
/// <c>[start] b [delim] a [extract]</c>. The two final hidden states are added (GPT-1 paper, section 3.3).
/// </summary>
internal sealed class SimilarityTask : FineTuningTask
{
    /// <inheritdoc/>
    public override string Kind => "similarity";

    /// <inheritdoc/>
    public override IReadOnlyList<TaskColumn> Columns { get; } = [new("text1"), new("text2")];

    /// <inheritdoc/>
    public override IReadOnlyList<TargetKind> Targets { get; } = [TargetKind.Score, TargetKind.SoftLabels, TargetKind.Classes];

    /// <inheritdoc/>
    public override HeadInput HeadInput => HeadInput.Sum;

    /// <summary>
    /// Returns <see cref="TargetKind.Score"/> for more than two labels that are all numbers (STS-B), and <see cref="TargetKind.Classes"/> otherwise
    /// (MRPC, QQP).
    /// </summary>
    /// <param name="labels">The distinct labels of the training set.</param>
    public override TargetKind DefaultTarget(IReadOnlyCollection<string> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        return labels.Count > 2 && labels.All(label => double.TryParse(label, NumberStyles.Float, CultureInfo.InvariantCulture, out _)) ? TargetKind.Score : TargetKind.Classes;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TaskMetric> Metrics(TargetKind target) => target == TargetKind.Classes
        ? [TaskMetric.Accuracy, TaskMetric.F1]
        : [TaskMetric.Pearson, TaskMetric.Spearman];

    /// <inheritdoc/>
    public override TaskSequences Transform(TaskExample example, TaskEncoder encoder)
    {
        ArgumentNullException.ThrowIfNull(example);
        ArgumentNullException.ThrowIfNull(encoder);
        int[] a = encoder.Ids(example.Texts[0]!), b = encoder.Ids(example.Texts[1]!);
        (int[] forward, bool isTruncated) = encoder.Join([a], [b]);
        return new TaskSequences([forward, encoder.Join([b], [a]).Sequence], isTruncated);
    }
}
