using Foreword.IO;
using Foreword.Studies.Grid;
using Foreword.Torch.Runs;

namespace Foreword.Studies.Evaluation;

/// <summary>A cell with the perplexity that a pre-training run logged at its end, on its training text or on its validation text.</summary>
/// <param name="Cell">The cell.</param>
/// <param name="Metrics">The run's log.</param>
/// <param name="IsTraining">Whether the training text is meant.</param>
/// <param name="InNats">Whether the loss in nats a token is meant instead of the perplexity.</param>
internal sealed record RunLossCell(StudyCell Cell, RunMetrics Metrics, bool IsTraining, bool InNats) : ICellWork
{
    /// <summary>The names of a run's own texts.</summary>
    public const string TrainingText = "training text", ValidationText = "validation text";

    /// <summary>The share of the run, at its end, whose training losses are averaged.</summary>
    private const double End = 0.05;

    /// <summary>Returns the cells of a run: that of its training text, and that of its validation text if it has one.</summary>
    /// <param name="model">The run's model.</param>
    /// <param name="metrics">The run's log.</param>
    /// <param name="factor">The factor that tells the texts apart.</param>
    /// <param name="inNats">Whether losses in nats are meant instead of perplexities.</param>
    public static IEnumerable<RunLossCell> Of(StudiedModel model, RunMetrics metrics, string factor, bool inNats)
    {
        string definition = FileHash.Of(RunDirectory.Open(model.Path).MetricsPath);
        if (metrics.Steps.Count > 0)
            yield return new RunLossCell(new StudyCell([new(factor, TrainingText), .. model.Factors], definition), metrics, IsTraining: true, inNats);
        if (metrics.Validations.Count > 0)
            yield return new RunLossCell(new StudyCell([new(factor, ValidationText), .. model.Factors], definition), metrics, IsTraining: false, inNats);
    }

    /// <summary>Returns the mean training loss at the end of a run that logged at least one step, in nats.</summary>
    public static double TrainingLoss(RunMetrics metrics) => metrics.Steps.Where(step => step.Step > metrics.Steps[^1].Step * (1 - End)).Average(step => step.Loss);

    /// <inheritdoc/>
    public CellResult? Run(CellContext context)
    {
        double loss = IsTraining ? TrainingLoss(Metrics) : Metrics.Validations.MaxBy(validation => validation.Step)!.Loss;
        return new CellResult(Cell.Factors, Cell.Fingerprint, InNats ? "nats a token" : "perplexity", new Dictionary<string, double> { [EvaluationCell.Loss] = InNats ? loss : Math.Exp(loss) }, 0);
    }
}
