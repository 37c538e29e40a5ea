using System.CommandLine;
using Foreword.Cli.Commands.Evaluate;
using Foreword.Cli.Loading;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Cli.Reports.Studies;
using Foreword.Data.Recipes;
using Foreword.Evaluation;
using Foreword.Evaluation.Results;
using Foreword.Evaluation.Running;
using Foreword.Models;
using Foreword.Tokenization;
using Foreword.Torch;
using Foreword.Torch.Inference;
using Foreword.Torch.Runs;
using TorchSharp;

namespace Foreword.Cli.Commands.Study;

/// <summary>
/// Implements <c>foreword study zero-shot RUN</c>: GPT-1's heuristics on every checkpoint of a pre-training run (GPT-1 paper, figure 2,
/// right). The initial weights of the run are recreated from its recipe and are evaluated as step 0.
/// </summary>
internal static class ZeroShotStudy
{
    public static Command Create(Terminal terminal)
    {
        Argument<string> run = new("RUN") { Description = "A pre-training run that kept its checkpoints (train.keep=0)." };
        Option<string?> benchmarks = new("--tasks") { Description = "Benchmarks, separated by commas; default: GPT-1's benchmarks and similar ones that the data directory has." };
        Option<int?> limit = new("--limit") { Description = "Maximum number of documents per benchmark, from the first on." };
        Option<string> data = new("--data") { Description = "Directory of the data sets.", DefaultValueFactory = _ => "data" };
        Option<string?> output = new("--out") { Description = "Directory for zero-shot.csv, zero-shot.svg and report.html; default: RUN/zero-shot." };
        Option<DeviceChoice> device = new("--device") { Description = "Device to compute on.", DefaultValueFactory = _ => DeviceChoice.Auto };
        Command command = new Command("zero-shot", "Plot how zero-shot scores grow during a pre-training run (GPT-1 paper, figure 2 right).") { run, benchmarks, limit, data, output, device }
            .WithExample("foreword study zero-shot runs/books --data data --limit 500");
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(limit) < 1)
                throw new UsageException($"--limit is {parsed.GetValue(limit)}; it must be at least 1");
            IReadOnlyList<BenchmarkSpecification>? chosen = parsed.GetValue(benchmarks) is { } given ? UsageException.For(() => EvaluationLists.ParseBenchmarks(given)) : null;
            RunDirectory directory = RunDirectory.Open(parsed.GetValue(run)!);
            IReadOnlyList<RunCheckpoint> checkpoints = directory.Checkpoints;
            if (checkpoints.Count < 2)
                throw new InvalidDataException($"{directory.Path} holds {(checkpoints.Count == 0 ? "no checkpoint" : "one checkpoint")}; a curve needs at least two (pre-train with --set train.keep=0 --set train.checkpoint_every=N)");
            string place = OutputDirectory.Checked(parsed.GetValue(output) ?? Path.Combine(directory.Path, "zero-shot"));
            PretrainRecipe recipe = Recipe.ReadSaved<PretrainRecipe>(directory.RecipePath);
            using StoredModel first = StoredModel.Open(checkpoints[0].Path);
            (Tokenizer tokenizer, ModelConfig config) = (first.Tokenizer, first.Config);
            IReadOnlyList<PreparedBenchmark> prepared = Prepare(chosen, parsed.GetValue(data)!, config, tokenizer, parsed.GetValue(limit), terminal);

            using StopSignals stop = new(terminal);
            return stop.Run(() =>
            {
                List<ZeroShotScore> scores = [];
                foreach (PreparedBenchmark benchmark in prepared)
                    terminal.SayWrapped($"{benchmark.Specification.Text}: {benchmark.Protocol}");
                if (recipe.Model.Path is { } start)
                {
                    try
                    {
                        using TextModel model = OpenedModel.LoadNow(start, parsed.GetValue(device));
                        scores.AddRange(Score(0, model.Model, tokenizer, prepared, terminal, stop.Token));
                    }
                    catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
                    {
                        terminal.SayWrapped($"step 0 is left out: {gone.Message}");
                    }
                }
                else if (recipe.Model.InitEmbeddings is null)
                {
                    using TorchLanguageModel initial = new(Initial(recipe, config, parsed.GetValue(device)));
                    scores.AddRange(Score(0, initial, tokenizer, prepared, terminal, stop.Token));
                }

                foreach (RunCheckpoint checkpoint in checkpoints)
                {
                    using TextModel model = OpenedModel.LoadNow(checkpoint.Path, parsed.GetValue(device));
                    scores.AddRange(Score(checkpoint.Step, model.Model, tokenizer, prepared, terminal, stop.Token));
                }

                ZeroShotReport.Write(place, directory.Path, scores, prepared);
                ZeroShotReport.Print(terminal.Out, scores);
                terminal.Say($"page    {Path.Combine(place, ZeroShotReport.PageName)}");
                terminal.Say($"numbers {Path.Combine(place, ZeroShotReport.TableName)}");
                return ExitCodes.Done;
            });
        });
        return command;
    }

    /// <summary>
    /// Prepares the requested benchmarks. Without a request, prepares GPT-1's benchmarks, skipping (with a message) those whose data is missing.
    /// </summary>
    private static IReadOnlyList<PreparedBenchmark> Prepare(IReadOnlyList<BenchmarkSpecification>? chosen, string data, ModelConfig config, Tokenizer tokenizer, int? limit, Terminal terminal)
    {
        EvaluationOptions options = new() { Data = data, Shots = [0], Limit = limit, Truncate = true };
        IReadOnlyList<BenchmarkSpecification> benchmarks = chosen ?? [.. ZeroShotHeuristic.All.Select(heuristic => BenchmarkSpecification.Parse(heuristic.Benchmark, BenchmarkCatalog.All))];
        return [.. AvailableBenchmarks.Prepare(benchmarks, options, config, tokenizer, _ => chosen is null, terminal).Select(prepared => prepared.Benchmark)];
    }

    /// <summary>Creates the model with the run's initial weights, which follow from the recipe's seed.</summary>
    private static LanguageModule Initial(PretrainRecipe recipe, ModelConfig config, DeviceChoice device)
    {
        LanguageModule model = LanguageModule.Create(config, recipe.Train.Seed, Precision.Fp32, recipe.Model.Init);
        model.to(Compute.Device(device));
        return model;
    }

    private static IEnumerable<ZeroShotScore> Score(int step, ILanguageModel model, Tokenizer tokenizer, IReadOnlyList<PreparedBenchmark> benchmarks, Terminal terminal, CancellationToken cancellationToken)
    {
        EvaluationRun run = new(terminal, new Evaluator(model, tokenizer), directory: null);
        foreach (PreparedBenchmark benchmark in benchmarks)
        {
            BenchmarkResult result = run.Evaluate($"step {step}, {benchmark.Specification.Text}", benchmark, cancellationToken);
            ZeroShotHeuristic heuristic = ZeroShotHeuristic.Of(benchmark.Benchmark);
            MetricValue value = result.Metrics.First(metric => metric.Metric.Name == heuristic.Metric);
            yield return new ZeroShotScore(step, heuristic, result.Judgments.Count, value.Value, value.StandardError, benchmark.Benchmark.Chance ?? 0);
        }
    }
}
