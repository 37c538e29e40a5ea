using Foreword.Studies.Grid;
using Foreword.Torch.Runs;

namespace Foreword.Studies.Evaluation;

/// <summary>A cell with the perplexity that a pre-training run logged at its end, on its training text or on its validation text.</summary>
/// <param name="Cell">The cell.</param>
/// <param name="Metrics">The run's log.</param>
/// <param name="IsTraining">Whether the training text is meant.</param>
internal sealed record RunLossCell(StudyCell Cell, RunMetrics Metrics, bool IsTraining) : ICellWork
{
    /// <summary>The share of the run, at its end, whose training losses are averaged.</summary>
    private const double End = 0.05;

    /// <inheritdoc/>
    public CellResult? Run(CellContext context)
    {
        int last = Metrics.Steps.Max(step => step.Step);
        double loss = IsTraining ? Metrics.Steps.Where(step => step.Step > last * (1 - End)).Average(step => step.Loss) : Metrics.Validations.MaxBy(validation => validation.Step)!.Loss;
        return new CellResult(Cell.Factors, Cell.Fingerprint, "perplexity", new Dictionary<string, double> { [EvaluationCell.Loss] = Math.Exp(loss) }, 0);
    }
}
