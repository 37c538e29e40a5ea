using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Foreword.Cli.Loading;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Cli.Reports.Evaluations;
using Foreword.Data.Recipes;
using Foreword.Evaluation;
using Foreword.Evaluation.Overlap;
using Foreword.Evaluation.Results;
using Foreword.Evaluation.Running;
using Foreword.IO;
using Foreword.Models;

namespace Foreword.Cli.Commands.Evaluate;

/// <summary>Implements <c>foreword evaluate MODEL --tasks a,b</c>: the papers' benchmarks, zero-shot and few-shot.</summary>
internal static class EvaluateCommand
{
    public static Command Create(Terminal terminal) => Create(terminal, OpenedModel.Open);

    /// <summary>Creates the command with another function that opens MODEL, for tests.</summary>
    public static Command Create(Terminal terminal, OpenModel open)
    {
        Argument<string?> model = new("MODEL") { Description = "Model directory, checkpoint, or run directory.", Arity = ArgumentArity.ZeroOrOne };
        EvaluationArguments arguments = new();
        Option<bool> list = new("--list") { Description = "List the benchmarks with their data and switches." };
        Option<string?> output = new("--out") { Description = "Directory for results, samples and page; an interrupted evaluation continues there." };
        Option<string?> overlap = new("--overlap") { Description = "A filter of the training text (from overlap --out): also prints scores without the documents that share an 8-gram with it." };
        Option<DeviceChoice> device = new("--device") { Description = "Device to compute on; auto uses a GPU if there is one.", DefaultValueFactory = _ => DeviceChoice.Auto };
        Option<EngineChoice> engine = Engines.Option();
        Option<bool> json = new("--json") { Description = "Print the results as one JSON object, in lm-evaluation-harness's format." };
        Command command = new Command("evaluate", "Evaluate a model on the papers' benchmarks, zero-shot or few-shot.")
        {
            model, list, output, overlap, device, engine, json,
        }.WithExample("foreword evaluate runs/quickstart --tasks lambada,wikitext2 --data data --out results");
        arguments.AddTo(command);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(list))
            {
                BenchmarkList.Print(terminal, parsed.GetValue(json));
                return ExitCodes.Done;
            }

            string path = parsed.GetValue(model) ?? throw new UsageException("MODEL is missing; --list shows the benchmarks without one");
            IReadOnlyList<BenchmarkSpecification> benchmarks = arguments.Benchmarks(parsed);
            EvaluationOptions options = arguments.Options(parsed);
            CheckShots(options, benchmarks);
            OverlapFilter? filter = parsed.GetValue(overlap) is { } filterPath ? OverlapFilter.Load(filterPath) : null;
            long started = Stopwatch.GetTimestamp();
            using OpenedModel opened = open(path, parsed.GetValue(device), parsed.GetValue(engine), cache: null);
            IReadOnlyList<(string Key, PreparedBenchmark Benchmark)> prepared = AvailableBenchmarks.Prepare(benchmarks, options, opened.Config, opened.Tokenizer, benchmark => benchmark.Group is not null, terminal);
            EvaluationDirectory? directory = parsed.GetValue(output) is { } place ? OpenDirectory(place, opened.Path, prepared, options.Seed) : null;
            using TextModel loaded = LoadingBar.Show(terminal, opened.Path, opened.Load);
            opened.SayTask(path, terminal);
            if (!arguments.NamesSeed(parsed) && prepared.Any(p => p.Benchmark.Shots > 0))
                terminal.Announce($"seed {options.Seed}");
            EvaluationRun run = new(terminal, new Evaluator(loaded.Model, loaded.Tokenizer, options.BatchSize), directory);
            List<(string Key, BenchmarkResult Result)> results = [];
            int code = EvaluateEach(run, prepared, results, directory, () => ShellText.Again(parsed, []), terminal);
            if (code != ExitCodes.Done)
                return code;

            (results, BenchmarkOverlap[] overlaps) = filter is null ? (results, []) : DivideByOverlap(filter, results, terminal);

            EvaluationContext context = new(path, parsed.GetValue(device).ToString().ToLowerInvariant(), options.BatchSize, options.Limit, options.Seed, DateTimeOffset.UtcNow, Stopwatch.GetElapsedTime(started).TotalSeconds);
            if (directory is not null)
                WriteFiles(terminal, directory, Write, results, context, opened.Config);
            if (parsed.GetValue(json))
                JsonOutput.WriteLine(terminal, Write);
            else
                Print(terminal.Out, results, opened.Config, GroupsOf(benchmarks));
            return ExitCodes.Done;

            void Write(Utf8JsonWriter writer)
            {
                ResultsJson.Write(writer, results, context);
                WriteScores(writer, GroupsOf(benchmarks), results);
                if (filter is not null)
                    EvaluationOverlap.Write(writer, filter, overlaps);
            }
        });
        return command;
    }

    private static void CheckShots(EvaluationOptions options, IReadOnlyList<BenchmarkSpecification> benchmarks)
    {
        if (options.Shots is not null && benchmarks.FirstOrDefault(benchmark => benchmark.Shots is not null)?.Group is { } fixedGroup)
            throw new UsageException($"--num-fewshot is given, and {fixedGroup.Name} sets the number of examples of each of its benchmarks");
    }

    private static EvaluationDirectory OpenDirectory(string path, string model, IReadOnlyList<(string Key, PreparedBenchmark Benchmark)> prepared, long seed) =>
        EvaluationDirectory.Open(OutputDirectory.Checked(path), model, [.. prepared.Select(p => p.Benchmark)], [.. prepared.Select(p => p.Key)], $"seed {seed}", DateTimeOffset.UtcNow);

    /// <summary>Evaluates one benchmark after the other, until all are done or the user interrupts.</summary>
    /// <param name="run">The evaluation.</param>
    /// <param name="prepared">The benchmarks with their names.</param>
    /// <param name="results">Receives the results.</param>
    /// <param name="directory">The directory of finished documents; null for none.</param>
    /// <param name="again">Returns the command line that continues an interrupted evaluation.</param>
    /// <param name="terminal">Receives the messages.</param>
    /// <returns>The exit code.</returns>
    private static int EvaluateEach(
        EvaluationRun run, IReadOnlyList<(string Key, PreparedBenchmark Benchmark)> prepared, List<(string Key, BenchmarkResult Result)> results, EvaluationDirectory? directory, Func<string> again,
        Terminal terminal)
    {
        return StopSignals.Run(terminal, Standing, stop =>
        {
            foreach ((string key, PreparedBenchmark benchmark) in prepared)
            {
                terminal.SayWrapped($"{key}: {benchmark.Protocol}");
                if (benchmark.UnknownText is { } unknown)
                    terminal.Warn($"{key}: {unknown}, so perplexities are not comparable with those of other tokenizers");
                results.Add((key, run.Evaluate(key, benchmark, stop)));
            }
        }, $"stopping after the current documents; interrupt again to end immediately{(directory is null ? "" : $" (finished documents stay in {directory.Path})")}");

        string Standing() => directory is null
            ? "nothing is saved; with --out DIR an evaluation can be continued"
            : $"{run.Done:N0} of {prepared.Sum(p => p.Benchmark.Count):N0} documents are done and saved in {directory.Path}; continue with: {again()}";
    }

    /// <summary>Adds the scores without the documents that share text with the training text.</summary>
    private static (List<(string Key, BenchmarkResult Result)> Results, BenchmarkOverlap[] Overlaps) DivideByOverlap(
        OverlapFilter filter, List<(string Key, BenchmarkResult Result)> results, Terminal terminal)
    {
        BenchmarkOverlap[] overlaps = [.. results.Select(result => BenchmarkOverlap.Compute(filter, result.Key, result.Result))];
        EvaluationOverlap.Say(terminal, filter, overlaps);
        return (EvaluationOverlap.Divide(results, overlaps), overlaps);
    }

    private static void Print(TextWriter output, IReadOnlyList<(string Key, BenchmarkResult Result)> results, ModelConfig config, IEnumerable<BenchmarkGroup> groups)
    {
        EvaluationTable.Print(output, results, config);
        foreach (BenchmarkGroup group in groups)
            PrintScore(output, group, results);
    }

    private static IEnumerable<BenchmarkGroup> GroupsOf(IReadOnlyList<BenchmarkSpecification> benchmarks) =>
        benchmarks.Select(benchmark => benchmark.Group).OfType<BenchmarkGroup>().Where(group => group.Total > 0).Distinct();

    private static void PrintScore(TextWriter output, BenchmarkGroup group, IReadOnlyList<(string Key, BenchmarkResult Result)> results)
    {
        (double score, int count) = BenchmarkGroups.Score(group, results.Select(result => result.Result));
        output.WriteLine(count == 0 ? $"{group.Name}: none of its benchmarks has a result" : string.Create(CultureInfo.InvariantCulture, $"{group.Name} {score:0.0000}: mean of (score - guess) / (1 - guess) over {count} of its {group.Total} benchmarks, with our prompts"));
    }

    private static void WriteScores(Utf8JsonWriter json, IEnumerable<BenchmarkGroup> groups, IReadOnlyList<(string Key, BenchmarkResult Result)> results)
    {
        foreach (BenchmarkGroup group in groups)
        {
            (double score, int count) = BenchmarkGroups.Score(group, results.Select(result => result.Result));
            json.WriteStartObject(group.Name);
            if (double.IsFinite(score))
                json.WriteNumber("score", score);
            else
                json.WriteNull("score"); // none of its benchmarks has a result
            json.WriteNumber("benchmarks", count);
            json.WriteNumber("of", group.Total);
            json.WriteEndObject();
        }
    }

    private static void WriteFiles(Terminal terminal, EvaluationDirectory directory, Action<Utf8JsonWriter> write, IReadOnlyList<(string Key, BenchmarkResult Result)> results, EvaluationContext context, ModelConfig config)
    {
        DurableFile.Replace(directory.ResultsPath, file =>
        {
            using Utf8JsonWriter writer = new(file, ReadableJson.Indented);
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        });
        terminal.Say($"results {directory.ResultsPath}");
        terminal.Say($"page    {EvaluationReport.Write(directory.Path, results, context, config)}");
    }
}
