using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Foreword.Cli.Commands.Predict;
using Foreword.Cli.Commands.Pretrain;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Data.FineTuning;
using Foreword.Data.Recipes;
using Foreword.IO;
using Foreword.Progress;
using Foreword.Tasks.Metrics;
using Foreword.Torch.FineTuning;
using Foreword.Torch.Runs;
using MathNet.Numerics.Statistics;

namespace Foreword.Cli.Commands.FineTune;

/// <summary>Implements <c>foreword finetune</c>, which fine-tunes a pre-trained model for a task, from a recipe or from options alone.</summary>
internal static class FineTuneCommand
{
    /// <summary>File with the result of one finished run of <c>--repeats</c>. With <c>--resume auto</c>, that run is not repeated.</summary>
    private const string ResultFile = "result.json";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public static Command Create(Terminal terminal)
    {
        FineTuneArguments arguments = new();
        Option<bool> dryRun = new("--dry-run") { Description = $"Read all data, print the first {DryRun.Shown} examples with their tokens, and do not train." };
        Option<int> repeats = new("--repeats") { Description = "Number of runs with different seeds, one after the other; then prints mean, deviation and median.", DefaultValueFactory = _ => 1 };
        Option<string?> output = new("--out") { Description = "Run directory; default: runs/<name> (numbered if that exists)." };
        Option<string?> resume = new("--resume") { Description = "auto: continue from the newest checkpoint of the run, or start it; or the path of a checkpoint." };
        Option<bool> json = new("--json") { Description = "Print one JSON object at the end." };
        Command command = new Command("finetune", "Fine-tune a model for a task on labeled examples, on dialogues, on preferences, or on questions of several tasks.").WithExample("foreword finetune runs/books --task classification --train train.csv --validation dev.csv --columns text,label --out runs/banking");
        Option<string?> submission = new("--submission") { Description = "Write predictions for the data set's test examples in the format of its test server to this file." };
        Option<bool> list = new("--list") { Description = "List the data sets." };
        arguments.AddTo(command);
        foreach (Option option in (Option[])[submission, list, repeats, output, resume, dryRun, json])
            command.Add(option);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(list))
            {
                DatasetList.Print(terminal, parsed.GetValue(json));
                return ExitCodes.Done;
            }

            if (arguments.ReadSupervisedRecipe(parsed) is var (kind, supervised))
                return new SupervisedTraining(terminal, supervised, parsed).Run(parsed.GetValue(output), parsed.GetValue(resume), arguments.Name(parsed, kind), parsed.GetValue(dryRun), parsed.GetValue(json));
            FineTuneRecipe recipe = arguments.ReadRecipe(parsed);
            if (parsed.GetValue(submission) is { } written)
            {
                FinalTests.CheckSubmission(recipe, parsed.GetValue(repeats));
                OutputFile.Check(written);
            }

            if (parsed.GetValue(repeats) < 1)
                throw new UsageException($"--repeats is {parsed.GetValue(repeats)}; it must be at least 1");
            if (parsed.GetValue(dryRun))
                return ShowExamples(terminal, recipe, parsed.GetValue(json));
            string name = arguments.Name(parsed, recipe.Data.Dataset ?? recipe.Task.Kind);
            using StopSignals stop = new(terminal);
            Action<string> show = parsed.GetValue(json) ? terminal.Say : terminal.Out.WriteLine; // results go to stdout, unless stdout is JSON
            Repeats all = new(terminal, show, recipe, parsed.GetValue(output), parsed.GetValue(resume), name, parsed.GetValue(submission), stop.Request);
            int count = parsed.GetValue(repeats);
            return stop.Run(() =>
            {
                (string path, IReadOnlyList<Result> results) = count == 1 ? all.Once() : all.Many(count);
                string goOn = ShellText.Again(parsed, ["--out", "--resume"], "--out", path, "--resume", "auto");
                bool stopped = Report(terminal, show, path, results, count, goOn, PaperResults.Of(recipe), parsed.GetValue(json));
                return stopped ? stop.ExitCode : ExitCodes.Done;
            });
        });
        return command;
    }

    /// <summary>Reads all data and shows training examples.</summary>
    private static int ShowExamples(Terminal terminal, FineTuneRecipe recipe, bool json)
    {
        BaseModel source = BaseModel.Open(recipe.Validate().Model.Path);
        FineTuningData data = FineTuningData.Open(recipe, source.Tokens, source.Config.ContextLength, terminal.Logger);
        foreach (string warning in data.Warnings)
            terminal.Warn(warning);
        new DryRun(data.Task, data.Task.EncoderWith(source.Tokenizer)).Show(
            terminal, [("train", data.Train.Count), ("validation", data.Validation.Count), .. data.Tests.Select(part => (part.Name, part.Examples.Count)).DefaultIfEmpty(("test", 0))], [.. data.Train.Take(DryRun.Shown)], json);
        return ExitCodes.Done;
    }

    /// <summary>Prints the results. Returns whether the runs were stopped before their end.</summary>
    private static bool Report(Terminal terminal, Action<string> show, string path, IReadOnlyList<Result> results, int wanted, string goOn, PaperResults paper, bool json)
    {
        Summary? summary = wanted > 1 && results.Count > 1 ? Summary.Of(results) : null;
        if (summary is not null)
        {
            DurableFile.Replace(Path.Combine(path, "repeats.json"), stream => JsonSerializer.Serialize(stream, summary, Json));
            show($"{results.Count} seeds, {summary.On} set:");
            foreach (var (name, spread) in summary.Metrics)
                show(string.Create(CultureInfo.InvariantCulture, $"  {FineTuneDisplay.NameOf(name, results[0].PositiveClass),-10} mean {spread.Mean:F4}  deviation {spread.StandardDeviation:F4}  median {spread.Median:F4}"));
        }

        paper.Show(show);
        bool stopped = results.Count < wanted || results.Any(result => result.Outcome == RunOutcome.Stopped);
        terminal.Say(stopped ? $"stopped and saved; continue with: {goOn}" : $"done; the run is {path}");
        if (!stopped)
        {
            string example = wanted > 1 ? Path.Combine(path, $"seed-{results[0].Seed}") : path;
            terminal.Say($"next: foreword predict {example} new.csv --out predictions.csv");
            terminal.Say($"      foreword evaluate-task {example} test.csv");
        }

        if (!json)
            return stopped;
        JsonOutput.WriteLine(terminal, writer =>
        {
            writer.WriteString("run", path);
            if (results is [var only])
                only.Write(writer);
            paper.Write(writer);
            if (summary is null)
                return;
            writer.WritePropertyName("repeats");
            JsonSerializer.Serialize(writer, summary, Json);
        });
        return stopped;
    }

    /// <summary>Makes the runs.</summary>
    private sealed class Repeats(Terminal terminal, Action<string> show, FineTuneRecipe recipe, string? output, string? resume, string name, string? submission, StopRequest stop)
    {
        public (string Path, IReadOnlyList<Result> Results) Once()
        {
            terminal.Announce($"seed {recipe.Train.Seed}");
            (RunDirectory directory, RunCheckpoint? checkpoint, bool goesOn) = RunPlace.Of(output, resume, name);
            return (directory.Path, [Run(recipe, directory, checkpoint, goesOn)]);
        }

        /// <summary>Makes a run in seed-N/ for each seed. With --resume auto, reads the results of finished runs instead of repeating them.</summary>
        public (string Path, IReadOnlyList<Result> Results) Many(int count)
        {
            if (resume is not (null or "auto"))
                throw new UsageException("--repeats can only be resumed with --resume auto");
            string path = output ?? (resume is null ? RunDirectory.CreateNext(RunPlace.Runs, name).Path : Path.Combine(RunPlace.Runs, name));
            if (resume is null && Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
                throw new IOException($"{path} is not empty; continue it with --resume auto, or choose another directory with --out");
            Directory.CreateDirectory(path);
            List<Result> results = [];
            for (int i = 0; i < count && !stop.IsRequested; i++)
            {
                FineTuneRecipe one = recipe with { Train = recipe.Train with { Seed = recipe.Train.Seed + i } };
                string own = Path.Combine(path, string.Create(CultureInfo.InvariantCulture, $"seed-{one.Train.Seed}"));
                string resultPath = Path.Combine(own, ResultFile);
                if (resume is not null && File.Exists(resultPath))
                {
                    FineTuneRun.CheckSame(one, RunDirectory.Open(own));
                    results.Add(ReadResult(resultPath, one.Train.Seed, results.FirstOrDefault()));
                    continue;
                }

                terminal.Announce($"seed {one.Train.Seed} ({i + 1} of {count})");
                (RunDirectory directory, RunCheckpoint? checkpoint, bool goesOn) = RunPlace.Of(own, resume, name);
                Result result = Run(one, directory, checkpoint, goesOn);
                results.Add(result);
                if (result.Outcome != RunOutcome.Stopped)
                    DurableFile.Replace(resultPath, stream => JsonSerializer.Serialize(stream, result, Json));
            }

            return (path, results);
        }

        /// <summary>Reads the result of a finished run.</summary>
        /// <param name="path">The file.</param>
        /// <param name="seed">The seed of the run.</param>
        /// <param name="earlier">The result of another seed, which has the same metrics; null if there is none.</param>
        /// <exception cref="InvalidDataException">The file is not the result of a run with this seed.</exception>
        private static Result ReadResult(string path, int seed, Result? earlier)
        {
            try
            {
                Result? result = JsonSerializer.Deserialize<Result>(File.ReadAllText(path), Json);
                if (result is { Outcome: RunOutcome.Finished or RunOutcome.StoppedEarly, BestMetrics.Count: > 0 } && result.Seed == seed && (earlier is null || HasSameMetrics(earlier, result)))
                    return result;
            }
            catch (JsonException problem)
            {
                throw new InvalidDataException($"{path}:{problem.LineNumber + 1}: not a result in JSON; delete the file to repeat the run with seed {seed}", problem);
            }

            throw new InvalidDataException($"{path} does not hold the result of a finished run; delete the file to repeat the run with seed {seed}");
        }

        private static bool HasSameMetrics(Result first, Result second) =>
            HaveSameNames(first.BestMetrics, second.BestMetrics) && HaveSameNames(first.TestMetrics, second.TestMetrics);

        private static bool HaveSameNames(IReadOnlyDictionary<string, double>? first, IReadOnlyDictionary<string, double>? second) =>
            (first?.Keys ?? []).ToHashSet().SetEquals(second?.Keys ?? []);

        private Result Run(FineTuneRecipe one, RunDirectory directory, RunCheckpoint? checkpoint, bool goesOn)
        {
            try
            {
                (Result result, FineTuningData data) = new FineTuneDisplay(terminal, directory).Show((progress, logger) =>
                {
                    using FineTuneRun run = goesOn ? FineTuneRun.Resume(one, directory, checkpoint, progress, logger: logger) : FineTuneRun.Start(one, directory, progress, logger: logger);
                    if (submission is not null)
                        FinalTests.CheckSubmission(one, run.Data.Tests);
                    RunOutcome outcome = run.Run(stop);
                    return (new Result(one.Train.Seed, outcome, run.BestEpoch, run.BestMetrics, null)
                    {
                        PositiveClass = run.BestMetrics?.ContainsKey(TaskMetric.F1.Name) == true ? TaskMetric.F1.ClassAmong(run.Data.Task.Labels) : null,
                        SameAnswer = run.BestSameAnswer,
                    }, run.Data);
                });
                if (result.BestMetrics is { } best)
                    show($"best epoch {result.BestEpoch}{(one.Train.BestMetric.Length > 0 ? $" by {one.Train.BestMetric}" : "")}: validation {FineTuneDisplay.Text(best, result.PositiveClass)}");
                return result.Outcome == RunOutcome.Stopped ? result : result with { TestMetrics = new FinalTests(terminal, show, one, directory).Run(data.Tests, submission) };
            }
            finally
            {
                directory.DeleteIfEmpty();
            }
        }
    }

    /// <summary>The result of a run.</summary>
    private sealed record Result(int Seed, RunOutcome Outcome, int BestEpoch, IReadOnlyDictionary<string, double>? BestMetrics, IReadOnlyDictionary<string, double>? TestMetrics)
    {
        /// <summary>Gets the class that F1 is computed for; null if F1 is not measured or is a mean over the classes.</summary>
        public string? PositiveClass { get; init; }

        /// <summary>Gets the single answer that the best model gave to all validation examples; null if it gave several.</summary>
        public string? SameAnswer { get; init; }

        public void Write(Utf8JsonWriter writer)
        {
            writer.WriteString("outcome", Outcome switch { RunOutcome.Stopped => "stopped", RunOutcome.StoppedEarly => "stopped_early", _ => "finished" });
            writer.WriteNumber("best_epoch", BestEpoch);
            if (PositiveClass is not null)
                writer.WriteString("positive_class", PositiveClass);
            if (SameAnswer is not null)
                writer.WriteString("warning", $"the best model gives {SameAnswer}");
            WriteMetrics(writer, "metrics", BestMetrics);
            WriteMetrics(writer, "test_metrics", TestMetrics);
        }

        private static void WriteMetrics(Utf8JsonWriter writer, string name, IReadOnlyDictionary<string, double>? metrics)
        {
            if (metrics is null)
                return;
            writer.WriteStartObject(name);
            foreach (var (metric, value) in metrics)
            {
                if (double.IsFinite(value))
                    writer.WriteNumber(metric, value);
                else
                    writer.WriteNull(metric);
            }

            writer.WriteEndObject();
        }
    }

    /// <summary>The metrics of several seeds.</summary>
    /// <param name="On">"test", or "validation" if there is no test set.</param>
    /// <param name="Seeds">The seeds.</param>
    /// <param name="Metrics">Each metric over the seeds.</param>
    private sealed record Summary(string On, IReadOnlyList<int> Seeds, IReadOnlyDictionary<string, Spread> Metrics)
    {
        public static Summary Of(IReadOnlyList<Result> results)
        {
            bool test = results.All(result => result.TestMetrics is not null);
            List<IReadOnlyDictionary<string, double>> metrics = [.. results.Select(result => (test ? result.TestMetrics : result.BestMetrics)!).Where(m => m is not null)];
            return new Summary(test ? "test" : "validation", [.. results.Select(result => result.Seed)],
                metrics[0].Keys.ToDictionary(name => name, name => Spread.Of([.. metrics.Select(m => m[name])])));
        }
    }

    /// <summary>A metric over seeds. The standard deviation is that of a sample (n - 1).</summary>
    private sealed record Spread(double Mean, double StandardDeviation, double Median, IReadOnlyList<double> Values)
    {
        public static Spread Of(double[] values) => new(values.Mean(), values.StandardDeviation(), values.Median(), values);
    }
}
