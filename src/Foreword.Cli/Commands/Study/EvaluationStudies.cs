using System.CommandLine;
using System.Globalization;
using Foreword.Cli.Commands.Evaluate;
using Foreword.Cli.Loading;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Data.Recipes;
using Foreword.Evaluation;
using Foreword.Evaluation.Overlap;
using Foreword.Evaluation.Running;
using Foreword.Studies.Evaluation;
using Foreword.Studies.Grid;
using Foreword.Studies.Results;

namespace Foreword.Cli.Commands.Study;

/// <summary>Implements the studies that evaluate models on benchmarks: <c>foreword study size</c>, <c>few-shot</c> and <c>contamination</c>.</summary>
internal static class EvaluationStudies
{
    public static IEnumerable<Command> Create(Terminal terminal) => [Size(terminal), FewShot(terminal), Contamination(terminal)];

    private static Command Size(Terminal terminal) => Command(
        terminal, EvaluationPlans.Size, "Plot scores and perplexity over the sizes of your models (GPT-2 paper, figures 1 to 4).",
        "foreword study size runs/small runs/large --tasks lambada,winograd --data data", [], new GridArguments(EvaluationPlans.Size.Name, hasSeeds: false),
        (_, _, grids) => grids.Size());

    private static Command FewShot(Terminal terminal)
    {
        Option<string> shots = new("--shots") { Description = "Numbers of solved examples before each question, separated by commas.", DefaultValueFactory = _ => "0,1,4,16" };
        return Command(
            terminal, EvaluationPlans.FewShot, "Plot scores over the number of solved examples in the prompt (GPT-3 paper, figure 1.2).",
            "foreword study few-shot runs/books --tasks openbookqa --data data --shots 0,1,2,4", [shots], new GridArguments(EvaluationPlans.FewShot.Name),
            (parsed, grid, grids) => grids.Benchmarks.FirstOrDefault(benchmark => benchmark.Shots is not null)?.Group is { } group
                ? throw new UsageException($"--tasks has {group.Name}, which sets the number of examples of each of its benchmarks; name benchmarks one by one")
                : grids.FewShot(NumberList.Of(parsed, shots)!, grid.Seeds(parsed)));
    }

    private static Command Contamination(Terminal terminal)
    {
        Option<string> filter = new("--overlap") { Description = "A filter of the training text, from foreword overlap --out.", Required = true };
        return Command(
            terminal, EvaluationPlans.Contamination, "Compare scores with and without documents that overlap the training text (GPT-2 paper, table 6).",
            "foreword study contamination runs/books --tasks lambada,wikitext2 --data data --overlap books.filter", [filter], new GridArguments(EvaluationPlans.Contamination.Name, hasSeeds: false),
            (parsed, _, grids) => grids.Contamination(OverlapFilter.Load(parsed.GetValue(filter)!)));
    }

    private static Command Command(
        Terminal terminal, StudyPlan plan, string description, string example, IReadOnlyList<Option> own, GridArguments grid, Func<ParseResult, GridArguments, EvaluationGrids, IReadOnlyList<ICellWork>> cells)
    {
        Argument<string[]> models = new("MODEL") { Description = "Models or runs.", Arity = ArgumentArity.OneOrMore };
        Option<string> benchmarks = new("--tasks") { Description = "Benchmarks, separated by commas (evaluate --list shows them).", Required = true };
        Option<string> data = new("--data") { Description = "Directory of the data sets.", DefaultValueFactory = _ => "data" };
        Option<int?> limit = new("--limit") { Description = "Maximum number of documents per benchmark, from the first on." };
        Option<DeviceChoice> device = new("--device") { Description = "Device to compute on.", DefaultValueFactory = _ => DeviceChoice.Auto };
        Command command = new Command(plan.Name, description) { models, benchmarks, data, limit, device }.WithExample(example);
        foreach (Option option in own)
            command.Add(option);
        grid.AddTo(command);
        command.SetAction(parsed =>
        {
            grid.Check(parsed);
            if (parsed.GetValue(limit) < 1)
                throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"--limit is {parsed.GetValue(limit)}; it must be at least 1"));
            IReadOnlyList<BenchmarkSpecification> chosen = UsageException.For(() => EvaluationLists.ParseBenchmarks(parsed.GetValue(benchmarks)!));
            EvaluationOptions options = new() { Data = parsed.GetValue(data)!, Limit = parsed.GetValue(limit), Truncate = true };
            EvaluationGrids grids = new(StudiedModel.Open(parsed.GetValue(models)!), chosen, options, path => OpenedModel.LoadNow(path, parsed.GetValue(device)));
            return new GridCommand(terminal, EvaluationPlans.WithPapers(plan, chosen), grid).Run(parsed, cells(parsed, grid, grids));
        });
        return command;
    }
}
