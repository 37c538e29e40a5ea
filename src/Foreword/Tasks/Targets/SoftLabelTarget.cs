using Foreword.Numerics;
using Foreword.Tasks.Metrics;

namespace Foreword.Tasks.Targets;

/// <summary>Predicts a number as the mean of a softmax over whole numbers, see <see cref="SoftLabels"/>. The loss is cross entropy.</summary>
internal sealed class SoftLabelTarget : TaskTarget
{
    /// <inheritdoc/>
    public override IReadOnlyList<TaskMetric> Metrics { get; } = [TaskMetric.Pearson, TaskMetric.Spearman, TaskMetric.Rmse];

    /// <inheritdoc/>
    public override float[] Values(TaskDescription task, TaskExample example)
    {
        double least = TaskDescription.Number(task.Labels[0], TaskDescription.FileName), score = TaskDescription.Number(example.Label!, example.Where);
        return score >= least && score <= least + task.Labels.Count - 1
            ? SoftLabels.Of(score, least, task.Labels.Count)
            : throw new InvalidDataException($"{example.MessagePrefix}label {example.Label} is outside {task.Labels[0]} to {task.Labels[^1]}");
    }

    /// <inheritdoc/>
    public override Prediction Answer(TaskDescription task, TaskSequences? sequences, ReadOnlySpan<float> outputs)
    {
        double[] probabilities = LogitRow.Softmax(outputs);
        double value = TaskDescription.Number(task.Labels[0], TaskDescription.FileName) + probabilities.Select((p, step) => p * step).Sum();
        return new Prediction(Text(value), -1, value, probabilities);
    }

    /// <inheritdoc/>
    public override double Loss(TaskDescription task, TaskSequences? sequences, ReadOnlySpan<float> outputs, ReadOnlySpan<float> target) => ClassTarget.CrossEntropy(outputs, target);

    /// <inheritdoc/>
    public override TaskOutcomes Outcomes(TaskDescription task, IReadOnlyList<TaskExample> examples, IReadOnlyList<Prediction> predictions) => ScoreTarget.OfScores(examples, predictions);
}
