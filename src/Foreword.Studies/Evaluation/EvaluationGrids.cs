using System.Globalization;
using Foreword.Evaluation;
using Foreword.Evaluation.Overlap;
using Foreword.Evaluation.Running;
using Foreword.Studies.Grid;
using Foreword.Torch.Runs;

namespace Foreword.Studies.Evaluation;

/// <summary>Makes the cells of the studies that evaluate models on benchmarks.</summary>
/// <param name="Models">The models.</param>
/// <param name="Benchmarks">The benchmarks.</param>
/// <param name="Options">The data directory and the number of documents.</param>
/// <param name="Load">Loads a model.</param>
internal sealed record EvaluationGrids(IReadOnlyList<StudiedModel> Models, IReadOnlyList<BenchmarkSpecification> Benchmarks, EvaluationOptions Options, Func<string, TextModel> Load)
{
    /// <summary>The factor whose levels are benchmarks.</summary>
    public const string Benchmark = "benchmark";

    /// <summary>The factor of <see cref="FewShot"/>: the number of solved examples before each question.</summary>
    public const string Shots = "shots";

    /// <summary>Returns the cells of GPT-2's figures 1 to 4: each benchmark and, for runs, their own texts, over the number of parameters.</summary>
    /// <exception cref="InvalidDataException">A file is missing or damaged.</exception>
    public IReadOnlyList<ICellWork> Size() =>
    [
        .. from model in Models
           from benchmark in Benchmarks
           select Cell(model, benchmark, null, [new(Benchmark, benchmark.Text), .. model.Factors]),
        .. Models.SelectMany(RunLosses),
    ];

    /// <summary>Returns the cells of each model and benchmark with several numbers of solved examples.</summary>
    /// <param name="shots">The numbers of examples.</param>
    /// <param name="seeds">The number of draws of the examples.</param>
    /// <exception cref="InvalidDataException">A file is missing or damaged.</exception>
    /// <exception cref="ArgumentException">A prompt does not fit into the context, or there are not enough examples.</exception>
    public IReadOnlyList<ICellWork> FewShot(IReadOnlyList<int> shots, int seeds) =>
        [.. from model in Models
            from benchmark in Benchmarks
            from count in shots
            from seed in Enumerable.Range(0, count == 0 ? 1 : seeds)
            select (this with { Options = Options with { Shots = [count], Seed = seed } }).Cell(
                model, benchmark, null, [new(Benchmark, benchmark.Text), .. model.Factors, new(Shots, Text(count)), new(StudyFactor.Seed, Text(seed))])];

    /// <summary>Returns the cells that compare all documents with those that the training text does not contain.</summary>
    /// <param name="filter">The 8-grams of the training text.</param>
    /// <exception cref="InvalidDataException">A file is missing or damaged.</exception>
    public IReadOnlyList<ICellWork> Contamination(OverlapFilter filter) =>
        [.. from model in Models
            from benchmark in Benchmarks
            select Cell(model, benchmark, filter, [new(StudiedModel.Factor, model.Name), new(Benchmark, benchmark.Text)])];

    private static IEnumerable<ICellWork> RunLosses(StudiedModel model) =>
        RunDirectory.HoldsRun(model.Path) && RunDirectory.Open(model.Path) is var run && File.Exists(run.MetricsPath) ? RunLossCell.Of(model, RunMetrics.Read(run.MetricsPath), Benchmark, inNats: false) : [];

    private EvaluationCell Cell(StudiedModel model, BenchmarkSpecification benchmark, OverlapFilter? filter, StudyFactor[] factors)
    {
        PreparedBenchmark prepared = Options.Prepare([benchmark], model.Config, model.Tokenizer)[0].Benchmark;
        string definition = string.Join('\n', [prepared.Protocol, Text(prepared.Count), Text(Options.Seed), .. prepared.Set.Files.Select(KnownHashes.OfFile), KnownHashes.OfModel(model.Path), filter is null ? "" : $"{filter.Source} {filter.Grams}"]);
        return new EvaluationCell(new StudyCell(factors, definition), model, prepared, filter, Load);
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
