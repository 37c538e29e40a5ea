using Foreword.Numerics;
using Foreword.Tasks.Metrics;

namespace Foreword.Tasks.Targets;

/// <summary>Chooses one of several classes, or one of the example's own choices. The outputs are logits of a softmax, and the loss is cross entropy.</summary>
/// <param name="isChoice">Whether each example brings its own choices, so that the head has one output for each of its sequences.</param>
internal sealed class ClassTarget(bool isChoice) : TaskTarget
{
    /// <inheritdoc/>
    public override IReadOnlyList<TaskMetric> Metrics { get; } = isChoice ? [TaskMetric.Accuracy] : [TaskMetric.Accuracy, TaskMetric.MacroF1, TaskMetric.F1, TaskMetric.Matthews];

    /// <inheritdoc/>
    public override TaskMetric? BeforeClassMetric => isChoice ? null : TaskMetric.F1;

    /// <inheritdoc/>
    public override int Outputs(TaskDescription task) => isChoice ? 1 : task.Labels.Count;

    /// <inheritdoc/>
    public override float[] Values(TaskDescription task, TaskExample example)
    {
        float[] target = new float[task.Labels.Count];
        target[task.IndexOf(example, example.Label!)] = 1;
        return target;
    }

    /// <inheritdoc/>
    public override Prediction Answer(TaskDescription task, TaskSequences? sequences, ReadOnlySpan<float> outputs)
    {
        double[] probabilities = LogitRow.Softmax(outputs);
        int best = Array.IndexOf(probabilities, probabilities.Max());
        return new Prediction(task.Labels[best], best, double.NaN, probabilities);
    }

    /// <inheritdoc/>
    public override double Loss(TaskDescription task, TaskSequences? sequences, ReadOnlySpan<float> outputs, ReadOnlySpan<float> target) => CrossEntropy(outputs, target);

    /// <summary>Computes the cross entropy of a softmax with a distribution, in nats.</summary>
    public static double CrossEntropy(ReadOnlySpan<float> outputs, ReadOnlySpan<float> target)
    {
        double[] probabilities = LogitRow.Softmax(outputs);
        double loss = 0;
        for (int i = 0; i < probabilities.Length; i++)
            loss -= target[i] == 0 ? 0 : target[i] * Math.Log(Math.Max(probabilities[i], double.Epsilon));
        return loss;
    }

    /// <inheritdoc/>
    public override TaskOutcomes Outcomes(TaskDescription task, IReadOnlyList<TaskExample> examples, IReadOnlyList<Prediction> predictions) => new TaskOutcomes.OfClasses(
        [.. examples.Select(e => task.IndexOf(e, e.Label!))], [.. predictions.Select(p => p.Index)], task.Labels,
        [.. predictions.Select(p => p.Probabilities.Concat(Enumerable.Repeat(0.0, task.Labels.Count - p.Probabilities.Count)).ToArray())]);
}
