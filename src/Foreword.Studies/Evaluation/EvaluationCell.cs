using System.Diagnostics;
using Foreword.Evaluation;
using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Metrics;
using Foreword.Evaluation.Overlap;
using Foreword.Evaluation.Results;
using Foreword.Evaluation.Running;
using Foreword.Progress;
using Foreword.Studies.Grid;

namespace Foreword.Studies.Evaluation;

/// <summary>A cell that evaluates a model on a benchmark.</summary>
/// <param name="Cell">The cell.</param>
/// <param name="Model">The model.</param>
/// <param name="Benchmark">The benchmark, with its documents encoded.</param>
/// <param name="Filter">The 8-grams of the training text, for the scores without overlapping documents; null for none.</param>
/// <param name="Load">Loads the model.</param>
internal sealed record EvaluationCell(StudyCell Cell, StudiedModel Model, PreparedBenchmark Benchmark, OverlapFilter? Filter, Func<string, TextModel> Load) : ICellWork
{
    /// <summary>The main metric where more is better, such as accuracy.</summary>
    public const string Score = "score";

    /// <summary>The main metric where less is better, such as perplexity.</summary>
    public const string Loss = "loss";

    /// <summary>The standard error of the main metric over the documents.</summary>
    public const string Error = "error";

    /// <summary>The main metric over the documents without and with overlap, and the share of documents with overlap.</summary>
    public const string Clean = "without overlap", Seen = "with overlap", Share = "share with overlap";

    /// <inheritdoc/>
    public CellResult? Run(CellContext context)
    {
        long begin = Stopwatch.GetTimestamp();
        using TextModel model = Load(Model.Path);
        BenchmarkResult result = BenchmarkRunner.Run(
            new Evaluator(model.Model, Model.Tokenizer), Benchmark, null, new SynchronousProgress<EvaluationProgress>(_ => context.Stepped?.Invoke()), context.CancellationToken);
        BenchmarkMetric main = Main(Benchmark.Benchmark);
        MetricValue value = result.Metrics.First(metric => metric.Metric == main);
        Dictionary<string, double> values = new()
        {
            [main.HigherIsBetter ? Score : Loss] = value.Value,
            [Error] = value.StandardError ?? double.NaN,
            ["documents"] = result.Judgments.Count,
        };
        if (Filter is not null)
        {
            BenchmarkOverlap overlap = BenchmarkOverlap.Compute(Filter, Benchmark.Specification.Text, result);
            values[Share] = overlap.Set.OverlappingShare;
            values[Clean] = overlap.Without is { } clean ? ValueOf(clean) : overlap.Set.Overlapping == 0 ? value.Value : double.NaN;
            values[Seen] = overlap.Only is { } seen ? ValueOf(seen) : overlap.Set.Overlapping > 0 ? value.Value : double.NaN;
        }

        return new CellResult(Cell.Factors, Cell.Fingerprint, main.Name, values, Stopwatch.GetElapsedTime(begin).TotalSeconds);

        double ValueOf(BenchmarkResult part) => part.Metrics.First(metric => metric.Metric == main).Value;
    }

    /// <summary>Returns the metric that a paper reports for a benchmark; its first metric if no paper does.</summary>
    public static BenchmarkMetric Main(Benchmark benchmark) =>
        benchmark.Published.Select(figure => benchmark.Metrics.FirstOrDefault(metric => metric.Name == figure.Metric)).FirstOrDefault(metric => metric is not null) ?? benchmark.Metrics[0];
}
