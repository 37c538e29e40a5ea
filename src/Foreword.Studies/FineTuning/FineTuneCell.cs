using System.Diagnostics;
using Foreword.Data.Datasets;
using Foreword.Data.Recipes;
using Foreword.Progress;
using Foreword.Studies.Grid;
using Foreword.Tasks;
using Foreword.Tasks.Metrics;
using Foreword.Torch;
using Foreword.Torch.FineTuning;
using Foreword.Torch.Runs;
using static TorchSharp.torch;

namespace Foreword.Studies.FineTuning;

/// <summary>A cell that fine-tunes a model.</summary>
/// <param name="Cell">The cell.</param>
/// <param name="Recipe">The recipe with the cell's levels.</param>
internal sealed record FineTuneCell(StudyCell Cell, FineTuneRecipe Recipe) : ICellWork
{
    /// <summary>The values of a result: the main metric on the training examples, on the validation examples and on the test examples.</summary>
    public const string Train = "train", Validation = "validation", Test = "test";

    /// <summary>The largest number of training examples that the main metric is measured on.</summary>
    internal const int MeasuredTrainingExamples = 2000;

    /// <summary>Fine-tunes the model, and measures its best epoch. A cell that was stopped or killed goes on from its last complete epoch.</summary>
    /// <inheritdoc/>
    public CellResult? Run(CellContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        long begin = Stopwatch.GetTimestamp();
        using CellRun held = CellRun.Open(Cell, context.Runs);
        RunDirectory directory = held.Directory;
        IProgress<FineTuneEvent>? progress = context.Stepped is { } stepped ? new SynchronousProgress<FineTuneEvent>(_ => stepped()) : null;
        using FineTuneRun run = held.IsBegun ? FineTuneRun.Resume(Recipe, directory, directory.Newest, progress, logger: context.Logger) : FineTuneRun.Start(Recipe, directory, progress, logger: context.Logger);
        return run.Run(context.Stop) == RunOutcome.Stopped ? null : Measure(run, directory, Stopwatch.GetElapsedTime(begin).TotalSeconds);
    }

    private CellResult Measure(FineTuneRun run, RunDirectory directory, double seconds)
    {
        Device device = Compute.Device(Recipe.Train.Device);
        using FineTunedModel model = FineTunedModel.Load(directory.Path, Compute.Precision(Recipe.Train.Precision, device), Recipe.Train.Device);
        TaskMetric metric = Main(model.Task);
        Dictionary<string, double> values = new()
        {
            [Train] = Value(model, metric, Spread(run.Data.Train)),
            [Validation] = Value(model, metric, run.Data.Validation),
        };
        DatasetPart[] tests = [.. run.Data.Tests.Where(part => part.IsLabeled)];
        foreach (DatasetPart part in tests)
            values[part.Name] = Value(model, metric, part.Examples);
        if (tests.Length > 0 && !values.ContainsKey(Test))
            values[Test] = tests.Average(part => values[part.Name]); // MNLI has two, of which the paper's average takes the mean
        values["best_epoch"] = run.BestEpoch;
        values["examples"] = run.Data.Train.Count;
        return new CellResult(Cell.Factors, Cell.Fingerprint, metric.Name, values, seconds);
    }

    /// <summary>Returns the metric that selects the best epoch; the task's first metric if that is the loss.</summary>
    private TaskMetric Main(TaskDescription task) =>
        Recipe.Train.BestMetric is { Length: > 0 } chosen and not "loss" ? TaskMetric.ByName(chosen) : task.Definition.Metrics(task.Target)[0];

    /// <summary>Returns training examples at equal distances, because files may be sorted by their labels.</summary>
    internal static IReadOnlyList<TaskExample> Spread(IReadOnlyList<TaskExample> examples) => examples.Count <= MeasuredTrainingExamples
        ? examples
        : [.. Enumerable.Range(0, MeasuredTrainingExamples).Select(i => examples[(int)((long)i * examples.Count / MeasuredTrainingExamples)])];

    private static double Value(FineTunedModel model, TaskMetric metric, IReadOnlyList<TaskExample> examples) => metric.Of(model.Task.Outcomes(examples, model.Predict(examples)));
}
