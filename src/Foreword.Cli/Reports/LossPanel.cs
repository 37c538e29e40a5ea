using Foreword.Torch.Runs;

namespace Foreword.Cli.Reports;

/// <summary>The losses of one kind over the steps, drawn with a common axis.</summary>
/// <param name="Axis">Name and unit of the losses.</param>
/// <param name="Training">Logged training losses that can be drawn.</param>
/// <param name="Validation">Validation losses that can be drawn.</param>
/// <param name="TrainingName">Name of the training losses in the legend.</param>
/// <param name="ValidationBest">Name of the lowest validation loss in the legend.</param>
internal sealed record LossPanel(string Axis, (double X, double Y)[] Training, (double X, double Y)[] Validation, string TrainingName = "training", string ValidationBest = "best")
{
    /// <summary>
    /// Returns the panels of a run. Pre-training has one. Fine-tuning has one with the task losses of training and validation, which are the
    /// same quantity, and one with the auxiliary language-modeling loss. The latter is empty without that loss.
    /// </summary>
    /// <param name="metrics">The log.</param>
    /// <param name="taskUnit">Unit of the task loss.</param>
    public static IEnumerable<LossPanel> Of(RunMetrics metrics, string taskUnit)
    {
        (double X, double Y)[] validation = Points(metrics.Validations.Select(m => (m.Step, m.Loss)));
        bool isTask = metrics.Steps.Any(m => m.TaskLoss is not null);
        if (isTask)
        {
            yield return new LossPanel($"task loss ({taskUnit})", Points(metrics.Steps.Select(m => (m.Step, m.TaskLoss ?? double.NaN))), validation, ValidationBest: "lowest");
            yield return new LossPanel("LM loss (nats per token)", Points(metrics.Steps.Select(m => (m.Step, m.LmLoss ?? double.NaN))), []);
        }
        else
        {
            (double X, double Y)[] training = Points(metrics.Steps.Select(m => (m.Step, m.Loss)));
            yield return metrics.Validations.Any(m => m.Task is not null) // an older run, which did not log the two parts of the loss
                ? new LossPanel("loss (nats)", training, validation, "training, task and language model together", "task only, lowest")
                : new LossPanel("loss (nats per token)", training, validation);
        }
    }

    /// <summary>Returns the points that a logarithmic axis can show.</summary>
    private static (double X, double Y)[] Points(IEnumerable<(int Step, double Loss)> losses) =>
        [.. losses.Where(point => double.IsFinite(point.Loss) && point.Loss > 0).Select(point => ((double)point.Step, point.Loss))];
}
