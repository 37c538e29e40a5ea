using Foreword.Tasks.Metrics;

namespace Foreword.Tasks.Targets;

/// <summary>Predicts a number. The output is the standardized number, and the loss is the squared error.</summary>
internal sealed class ScoreTarget : TaskTarget
{
    /// <inheritdoc/>
    public override int LeastLabels => 0;

    /// <inheritdoc/>
    public override IReadOnlyList<TaskMetric> Metrics { get; } = [TaskMetric.Pearson, TaskMetric.Spearman, TaskMetric.Rmse];

    /// <inheritdoc/>
    public override int Outputs(TaskDescription task) => 1;

    /// <inheritdoc/>
    public override float[] Values(TaskDescription task, TaskExample example) =>
        [(float)((TaskDescription.Number(example.Label!, example.Where) - task.ScoreMean) / task.ScoreScale)];

    /// <inheritdoc/>
    public override Prediction Answer(TaskDescription task, TaskSequences? sequences, ReadOnlySpan<float> outputs)
    {
        double value = task.ScoreMean + task.ScoreScale * outputs[0];
        return new Prediction(Text(value), -1, value, []);
    }

    /// <inheritdoc/>
    public override double Loss(TaskDescription task, TaskSequences? sequences, ReadOnlySpan<float> outputs, ReadOnlySpan<float> target) => (outputs[0] - target[0]) * (outputs[0] - target[0]);

    /// <inheritdoc/>
    public override TaskOutcomes Outcomes(TaskDescription task, IReadOnlyList<TaskExample> examples, IReadOnlyList<Prediction> predictions) => OfScores(examples, predictions);

    /// <summary>Pairs the numbers of examples with the predicted numbers.</summary>
    public static TaskOutcomes OfScores(IReadOnlyList<TaskExample> examples, IReadOnlyList<Prediction> predictions) =>
        new TaskOutcomes.OfScores([.. examples.Select(e => TaskDescription.Number(e.Label!, e.Where))], [.. predictions.Select(p => p.Value)]);
}
