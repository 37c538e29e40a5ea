using System.Globalization;
using System.Text.Json;
using Foreword.Cli.Commands.FineTune;
using Foreword.Cli.Loading;
using Foreword.Cli.Output;
using Foreword.Data.FineTuning;
using Foreword.Data.Recipes;
using Foreword.Data.ReferencePacks;
using Foreword.IO;
using Foreword.Progress;
using Foreword.Tasks.Metrics;
using Foreword.Torch.FineTuning;
using Foreword.Torch.Runs;

namespace Foreword.Cli.Commands.Quickstart;

/// <summary>
/// The second part of quickstart. Fine-tunes the pre-trained model to recognize the kind of a member from its summary, and compares it with
/// the same network without pre-training.
/// </summary>
internal static class QuickstartTask
{
    /// <summary>The directory of the data inside the run directory. The fine-tuned models are stored next to it.</summary>
    private const string Data = "kinds";

    /// <summary>Training summaries of each kind.</summary>
    private const int PerKind = 600;

    /// <summary>Summaries of each kind per step of a shortened quickstart.</summary>
    private const int PerKindAndStep = 2;

    /// <summary>The results of both models on summaries from namespaces that the fine-tuning data does not contain.</summary>
    /// <param name="Run">The run of the pre-trained model.</param>
    /// <param name="Train">Number of training summaries.</param>
    /// <param name="Test">Number of test summaries.</param>
    /// <param name="Pretrained">Accuracy after fine-tuning the pre-trained model, with its interval.</param>
    /// <param name="Scratch">Accuracy after training from random weights, with its interval.</param>
    /// <param name="Majority">Accuracy of always answering the most frequent kind.</param>
    public sealed record Result(string Run, int Train, int Test, MetricInterval Pretrained, MetricInterval Scratch, double Majority);

    /// <summary>Makes both runs. Returns null if they were stopped.</summary>
    /// <param name="terminal">The terminal that shows the runs.</param>
    /// <param name="pretrained">The pre-training run.</param>
    /// <param name="steps">Steps of a shortened quickstart, which shorten these runs as well; null for the full length.</param>
    /// <param name="train">Seed, device and precision.</param>
    /// <param name="stop">Requests a graceful stop.</param>
    public static Result? Run(Terminal terminal, RunDirectory pretrained, int? steps, TrainingConfig train, StopRequest stop)
    {
        MemberKinds kinds = MemberKinds.Load(steps is { } few ? Math.Min(PerKind, few * PerKindAndStep) : PerKind, train.Seed);
        string data = Path.Combine(pretrained.Path, Data);
        Directory.CreateDirectory(data);
        Write(Path.Combine(data, "train.jsonl"), kinds.Train);
        Write(Path.Combine(data, "validation.jsonl"), kinds.Validation);
        Write(Path.Combine(data, "test.jsonl"), kinds.Test);
        terminal.Say();
        terminal.Say(string.Create(CultureInfo.InvariantCulture,
            $"a task: predict the kind of a member ({string.Join(", ", kinds.Train.Select(m => m.Kind).Distinct().Order())}) from its summary; {kinds.Train.Count:N0} training examples, {kinds.Test.Count:N0} test examples from other namespaces"));
        TaskEvaluation? tuned = Train(terminal, pretrained, data, StartFrom.Pretrained, train, stop);
        TaskEvaluation? scratch = tuned is null ? null : Train(terminal, pretrained, data, StartFrom.Scratch, train, stop);
        return scratch is null ? null : new Result(RunOf(pretrained, StartFrom.Pretrained), kinds.Train.Count, kinds.Test.Count, tuned!.Metrics[0], scratch.Metrics[0], tuned.MajorityBaseline!.Value);
    }

    private static TaskEvaluation? Train(Terminal terminal, RunDirectory pretrained, string data, StartFrom from, TrainingConfig train, StopRequest stop)
    {
        FineTuneRecipe recipe = EmbeddedRecipe.Read<FineTuneRecipe>("quickstart-finetune.yaml");
        recipe = recipe with
        {
            Model = recipe.Model with { Path = pretrained.Path, From = from },
            Data = recipe.Data with { Directory = data },
            Train = recipe.Train with { Seed = train.Seed, Device = train.Device, Precision = train.Precision },
        };
        terminal.Say(from == StartFrom.Pretrained ? "from the pre-trained model:" : "from scratch, the same network:");
        RunDirectory directory = RunDirectory.Create(RunOf(pretrained, from));
        (RunOutcome outcome, FineTuningData examples) = new FineTuneDisplay(terminal, directory).Show((progress, logger) =>
        {
            using FineTuneRun run = FineTuneRun.Start(recipe, directory, progress, logger: logger);
            return (run.Run(stop), run.Data);
        });
        if (outcome == RunOutcome.Stopped)
            return null;
        using FineTunedModel model = TaskModels.Load(directory.Path, train.Precision, train.Device);
        TaskEvaluation evaluation = TaskModels.Evaluate(model, examples.Tests[0].Examples, TaskModels.Resamples, train.Seed);
        TaskModels.WriteReport(directory.Path, evaluation, model.Task, directory.Path, [Path.Combine(data, "test.jsonl")], examples.Tests[0].Examples);
        return evaluation;
    }

    private static string RunOf(RunDirectory pretrained, StartFrom from) => Path.Combine(pretrained.Path, from == StartFrom.Pretrained ? "finetuned" : "from-scratch");

    private static void Write(string path, IEnumerable<MemberSummary> summaries) => DurableFile.Replace(path, stream =>
    {
        foreach (MemberSummary summary in summaries)
        {
            JsonSerializer.Serialize(stream, new Dictionary<string, string> { ["text"] = summary.Text, ["label"] = summary.Kind, ["namespace"] = summary.Namespace });
            stream.WriteByte((byte)'\n');
        }
    });
}
