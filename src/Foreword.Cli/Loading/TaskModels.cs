using System.Globalization;
using Foreword.Cli.Output;
using Foreword.Cli.Reports.Tasks;
using Foreword.Data.Recipes;
using Foreword.Progress;
using Foreword.Tasks;
using Foreword.Tasks.Metrics;
using Foreword.Torch;
using Foreword.Torch.FineTuning;
using Foreword.Torch.Runs;
using Foreword.Weights.Catalog;

namespace Foreword.Cli.Loading;

/// <summary>The functions that are shared by the commands that use a fine-tuned model.</summary>
internal static class TaskModels
{
    /// <summary>Default number of bootstrap resamples.</summary>
    public const int Resamples = 1000;

    /// <summary>Opens a fine-tuned model in libtorch.</summary>
    public static FineTunedModel Load(string path, PrecisionChoice precision, DeviceChoice device, IProgress<LoadingProgress>? progress = null) =>
        FineTunedModel.Load(path, Compute.Precision(precision, Compute.Device(device)), device, progress);

    /// <summary>Opens a fine-tuned model for prediction in the requested engine.</summary>
    public static ITaskModel Load(string path, PrecisionChoice precision, DeviceChoice device, EngineChoice engine, IProgress<LoadingProgress>? progress)
    {
        using StoredModel stored = StoredModel.Open(path);
        return Engines.Create(engine, device, stored, precision).LoadTask(stored, progress);
    }

    /// <summary>Says of a run that has not made its last step which of its models is used.</summary>
    /// <param name="path">The model that the user named.</param>
    /// <param name="terminal">The terminal.</param>
    public static void SayIfUnfinished(string path, Terminal terminal)
    {
        if (!RunDirectory.HoldsRun(path) || RunDirectory.Open(path).Newest is not { } newest || StateOf(newest) is not { IsComplete: false } state)
            return;
        bool isNewest = Path.GetFullPath(ModelDirectory.Resolve(path)) == Path.GetFullPath(newest.Path);
        string used = isNewest || state.BestEpoch is null ? "its newest model is used" : $"its best model so far, of epoch {state.BestEpoch}, is used";
        terminal.Say($"{path} is a run that has not finished; {used}; the run is at step {state.Step}");
    }

    private static TrainerState? StateOf(RunCheckpoint checkpoint)
    {
        try
        {
            return Checkpoint.ReadState(checkpoint.Path);
        }
        catch (InvalidDataException)
        {
            return null; // predictions do not need the state
        }
    }

    /// <summary>Evaluates the model's answers for labeled examples.</summary>
    public static TaskEvaluation Evaluate(FineTunedModel model, IReadOnlyList<TaskExample> examples, int resamples, long seed)
    {
        TaskDescription task = model.Task;
        TaskOutcomes outcomes = task.Outcomes(examples, model.Predict(examples));
        return TaskEvaluation.Compute(task.Kind, outcomes, task.Metrics, resamples, seed);
    }

    /// <summary>Writes evaluation.json and report.html.</summary>
    public static void WriteReport(string directory, TaskEvaluation evaluation, TaskDescription task, string modelPath, IReadOnlyList<string> files, IReadOnlyList<TaskExample> examples) =>
        TaskReport.Write(directory, evaluation, TaskReportContext.Create(evaluation.Task, modelPath, files, evaluation.Outcomes, [.. examples.Select(example => TaskReportContext.Parts(task, example))]));

    /// <summary>Formats a metric as in "accuracy 0.9110 [0.9010, 0.9208]".</summary>
    public static string Text(MetricInterval metric) => string.Create(CultureInfo.InvariantCulture, $"{metric.FullName} {metric.Value:F4} [{metric.Low:F4}, {metric.High:F4}]");
}
