using System.Diagnostics;
using System.Globalization;
using Foreword.Data.Recipes;
using Foreword.Progress;
using Foreword.Studies.Evaluation;
using Foreword.Studies.Grid;
using Foreword.Torch;
using Foreword.Torch.Optimizers;
using Foreword.Torch.Runs;
using Foreword.Torch.Training;
using TorchSharp.Modules;

namespace Foreword.Studies.Training;

/// <summary>A cell that pre-trains a model.</summary>
/// <param name="Cell">The cell.</param>
/// <param name="Recipe">The recipe with the cell's levels.</param>
internal sealed record PretrainCell(StudyCell Cell, PretrainRecipe Recipe) : ICellWork
{
    /// <summary>The values of a result: the last validation loss, and the mean training loss at the end, in nats.</summary>
    public const string Validation = "validation", Train = "train";

    /// <summary>1 if loss or gradient became infinite or not a number, otherwise 0. The mean over seeds is the share that diverged.</summary>
    public const string Diverged = "diverged";

    /// <summary>The median of the gradient's norm before clipping, over the second half of the run.</summary>
    public const string GradientNorm = "gradient norm";

    /// <summary>The time of all steps in seconds.</summary>
    public const string Time = "seconds";

    /// <summary>The beginning of the names of the validation losses during the run; the number of updates follows.</summary>
    public const string During = "validation at ";

    /// <inheritdoc/>
    public CellResult? Run(CellContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        long begin = Stopwatch.GetTimestamp();
        using CellRun held = CellRun.Open(Cell, context.Runs);
        RunDirectory directory = held.Directory;
        GradientNorms norms = new(Recipe.Model.Base().LayerOf);
        if (directory.Newest is not null)
            norms.Read(directory);
        SynchronousProgress<PretrainEvent> progress = new(happened =>
        {
            if (happened is PretrainEvent.Stepped { Metrics.Step: 1 })
                norms.Save(directory);
            context.Stepped?.Invoke();
        });
        bool diverged = false;
        try
        {
            using PretrainRun run = held.IsBegun ? PretrainRun.Resume(Recipe, directory, directory.Newest, progress, Create, context.Logger) : PretrainRun.Start(Recipe, directory, progress, Create, context.Logger);
            if (run.Run(context.Stop) == RunOutcome.Stopped)
                return null;
        }
        catch (DivergenceException)
        {
            diverged = true; // a result of the study, not a failure
        }

        Dictionary<string, double> values = Measure(RunMetrics.Read(directory.MetricsPath), diverged);
        norms.AddTo(values);
        return new CellResult(Cell.Factors, Cell.Fingerprint, "loss", values, Stopwatch.GetElapsedTime(begin).TotalSeconds);

        Optimizer Create(IReadOnlyList<(string Name, Parameter Value)> parameters, AdamWOptions options, Precision precision)
        {
            Optimizer optimizer = Optimizer.Create(Recipe.Train.Optimizer, parameters, options, precision);
            norms.Measure(optimizer);
            return optimizer;
        }
    }

    private Dictionary<string, double> Measure(RunMetrics metrics, bool diverged)
    {
        int length = Recipe.Train.SequenceLength == 0 ? Recipe.Model.ContextLengthInUse!.Value : Recipe.Train.SequenceLength; // a cell has no existing model that would determine it
        double tokens = (double)Recipe.Train.BatchSize * length * Recipe.Train.GradientAccumulation;
        Dictionary<string, double> values = new() { [Diverged] = diverged ? 1 : 0 };
        if (diverged || metrics.Steps.Count == 0)
            return values;
        StepMetrics last = metrics.Steps[^1];
        values[Train] = RunLossCell.TrainingLoss(metrics);
        double[] norms = [.. metrics.Steps.Where(step => step.Step > last.Step / 2).Select(step => step.GradNorm).Order()];
        values[GradientNorm] = norms[norms.Length / 2];
        values[Time] = metrics.Steps.Zip(metrics.Steps.Select(step => step.Step).Prepend(0), (step, before) => (step.Step - before) * tokens / step.TokensPerSecond).Sum();
        if (metrics.Validations.Count > 0)
            values[Validation] = metrics.Validations[^1].Loss;
        foreach (ValidationMetrics validation in metrics.Validations)
            values[string.Create(CultureInfo.InvariantCulture, $"{During}{validation.Step}")] = validation.Loss;
        return values;
    }
}
