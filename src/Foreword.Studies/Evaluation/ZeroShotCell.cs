using System.Diagnostics;
using Foreword.Evaluation;
using Foreword.Evaluation.Results;
using Foreword.Evaluation.Running;
using Foreword.Models;
using Foreword.Progress;
using Foreword.Studies.Grid;
using Foreword.Tokenization;

namespace Foreword.Studies.Evaluation;

/// <summary>A cell that evaluates a checkpoint of a run by one of GPT-1's heuristics.</summary>
/// <param name="Cell">The cell.</param>
/// <param name="Benchmark">The benchmark, with its documents encoded.</param>
/// <param name="Tokenizer">The run's tokenizer.</param>
/// <param name="Load">Loads the checkpoint, or makes the initial weights.</param>
internal sealed record ZeroShotCell(StudyCell Cell, PreparedBenchmark Benchmark, Tokenizer Tokenizer, Func<ILanguageModel> Load) : ICellWork
{
    /// <summary>The score between a guess (0) and the best (1), see <see cref="ZeroShotHeuristic.Relative"/>, and its standard error over the documents.</summary>
    public const string Relative = "relative", RelativeError = "relative error";

    /// <inheritdoc/>
    public CellResult? Run(CellContext context)
    {
        long begin = Stopwatch.GetTimestamp();
        using ILanguageModel model = Load();
        BenchmarkResult result = BenchmarkRunner.Run(
            new Evaluator(model, Tokenizer), Benchmark, null, new SynchronousProgress<EvaluationProgress>(_ => context.Stepped?.Invoke()), context.CancellationToken);
        ZeroShotHeuristic heuristic = ZeroShotHeuristic.Of(Benchmark.Benchmark);
        MetricValue score = result.Metrics.First(metric => metric.Metric.Name == heuristic.Metric);
        double chance = Benchmark.Benchmark.Chance ?? 0, error = score.StandardError ?? double.NaN;
        Dictionary<string, double> values = new()
        {
            [Relative] = heuristic.Relative(score.Value, chance),
            [RelativeError] = error / Math.Abs(heuristic.Best - chance),
            [EvaluationCell.Score] = score.Value,
            [EvaluationCell.Error] = error,
            ["chance"] = chance,
            ["best"] = heuristic.Best,
            ["documents"] = result.Judgments.Count,
        };
        return new CellResult(Cell.Factors, Cell.Fingerprint, heuristic.Metric, values, Stopwatch.GetElapsedTime(begin).TotalSeconds);
    }
}
