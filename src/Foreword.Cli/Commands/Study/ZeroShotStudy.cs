using System.CommandLine;
using Foreword.Cli.Commands.Evaluate;
using Foreword.Cli.Loading;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Data.Recipes;
using Foreword.Evaluation;
using Foreword.Evaluation.Running;
using Foreword.Studies.Evaluation;

namespace Foreword.Cli.Commands.Study;

/// <summary>Implements <c>foreword study zero-shot RUN</c>: GPT-1's heuristics on every checkpoint of pre-training runs (GPT-1 paper, figure 2, right).</summary>
internal static class ZeroShotStudy
{
    public static Command Create(Terminal terminal)
    {
        Argument<string[]> runs = new("RUN") { Description = "Pre-training runs that kept their checkpoints (train.keep=0).", Arity = ArgumentArity.OneOrMore };
        Option<string?> benchmarks = new("--tasks") { Description = "Benchmarks, separated by commas; default: GPT-1's benchmarks and similar ones that the data directory has." };
        Option<int?> limit = new("--limit") { Description = "Maximum number of documents per benchmark, from the first on." };
        Option<string> data = new("--data") { Description = "Directory of the data sets.", DefaultValueFactory = _ => "data" };
        Option<DeviceChoice> device = new("--device") { Description = "Device to compute on.", DefaultValueFactory = _ => DeviceChoice.Auto };
        GridArguments grid = new(ZeroShotGrid.Plan.Name, hasSeeds: false);
        Command command = new Command("zero-shot", "Plot how zero-shot scores grow during pre-training (GPT-1 paper, figure 2 right).") { runs, benchmarks, limit, data, device }
            .WithExample("foreword study zero-shot runs/books --data data --limit 500");
        grid.AddTo(command);
        command.SetAction(parsed =>
        {
            grid.Check(parsed);
            if (parsed.GetValue(limit) < 1)
                throw new UsageException($"--limit is {parsed.GetValue(limit)}; it must be at least 1");
            IReadOnlyList<BenchmarkSpecification>? chosen = parsed.GetValue(benchmarks) is { } given ? UsageException.For(() => EvaluationLists.ParseBenchmarks(given)) : null;
            EvaluationOptions options = new() { Data = parsed.GetValue(data)!, Shots = [0], Limit = parsed.GetValue(limit), Truncate = true };
            DeviceChoice place = parsed.GetValue(device);
            ZeroShotGrid cells = new(model => Prepare(chosen, options, model, terminal), path => OpenedModel.LoadNow(path, place), place, terminal.SayWrapped);
            return new GridCommand(terminal, ZeroShotGrid.Plan, grid).Run(parsed, cells.Cells(parsed.GetValue(runs)!));
        });
        return command;
    }

    /// <summary>
    /// Prepares the requested benchmarks. Without a request, prepares GPT-1's benchmarks, skipping (with a message) those whose data is missing.
    /// </summary>
    private static IReadOnlyList<PreparedBenchmark> Prepare(IReadOnlyList<BenchmarkSpecification>? chosen, EvaluationOptions options, StudiedModel model, Terminal terminal)
    {
        IReadOnlyList<BenchmarkSpecification> benchmarks = chosen ?? [.. ZeroShotHeuristic.All.Select(heuristic => BenchmarkSpecification.Parse(heuristic.Benchmark, BenchmarkCatalog.All))];
        return [.. AvailableBenchmarks.Prepare(benchmarks, options, model.Config, model.Tokenizer, _ => chosen is null, terminal).Select(prepared => prepared.Benchmark)];
    }
}
