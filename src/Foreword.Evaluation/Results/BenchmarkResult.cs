using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Metrics;
using Foreword.Evaluation.Running;

namespace Foreword.Evaluation.Results;

/// <summary>The result of a model on a benchmark.</summary>
public sealed class BenchmarkResult
{
    private BenchmarkResult(PreparedBenchmark benchmark, IReadOnlyDictionary<int, Judgment> judgments, IReadOnlyList<MetricValue> metrics) => (Benchmark, Judgments, Metrics) = (benchmark, judgments, metrics);

    /// <summary>Gets the benchmark, as it was run.</summary>
    public PreparedBenchmark Benchmark { get; }

    /// <summary>Gets the judgment of each document, by id.</summary>
    public IReadOnlyDictionary<int, Judgment> Judgments { get; }

    /// <summary>Gets the benchmark's metrics over all documents.</summary>
    public IReadOnlyList<MetricValue> Metrics { get; }

    /// <summary>Computes the metrics.</summary>
    /// <param name="benchmark">The benchmark, as it was run.</param>
    /// <param name="judgments">The judgments of its documents, by id, at least one. Their order and origin do not matter.</param>
    internal static BenchmarkResult Compute(PreparedBenchmark benchmark, IReadOnlyDictionary<int, Judgment> judgments)
    {
        ArgumentNullException.ThrowIfNull(benchmark);
        ArgumentNullException.ThrowIfNull(judgments);
        return new BenchmarkResult(benchmark, judgments, Over(benchmark.Benchmark, judgments, judgments.Keys));
    }

    /// <summary>Computes the metrics over some of the documents.</summary>
    internal static IReadOnlyList<MetricValue> Over(Benchmark benchmark, IReadOnlyDictionary<int, Judgment> judgments, IEnumerable<int> ids)
    {
        ArgumentNullException.ThrowIfNull(benchmark);
        Judgment[] ordered = [.. ids.Order().Select(id => judgments[id])];
        return [.. benchmark.Metrics.Select((metric, m) =>
        {
            double[][] statistics = [.. ordered.Select(judgment => judgment.Statistics[m])];
            return new MetricValue(metric, metric.Of(statistics), metric.StandardError(statistics));
        })];
    }
}

/// <summary>The value of a metric.</summary>
/// <param name="Metric">The metric.</param>
/// <param name="Value">The value over all documents; NaN if it is undefined.</param>
/// <param name="StandardError">The standard error over documents; null if it is undefined.</param>
public sealed record MetricValue(BenchmarkMetric Metric, double Value, double? StandardError);
