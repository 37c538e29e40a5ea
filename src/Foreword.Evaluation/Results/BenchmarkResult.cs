using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Metrics;
using Foreword.Evaluation.Running;

namespace Foreword.Evaluation.Results;

/// <summary>The result of a model on a benchmark.</summary>
public sealed class BenchmarkResult
{
    private BenchmarkResult(PreparedBenchmark task, IReadOnlyDictionary<int, Judgement> judgements, IReadOnlyList<MetricValue> metrics) => (Benchmark, Judgements, Metrics) = (task, judgements, metrics);

    /// <summary>Gets the benchmark, as it was run.</summary>
    public PreparedBenchmark Benchmark { get; }

    /// <summary>Gets the judgement of each document, by id.</summary>
    public IReadOnlyDictionary<int, Judgement> Judgements { get; }

    /// <summary>Gets the benchmark's metrics over all documents.</summary>
    public IReadOnlyList<MetricValue> Metrics { get; }

    /// <summary>Computes the metrics.</summary>
    /// <param name="task">The benchmark, as it was run.</param>
    /// <param name="judgements">The judgements of its documents, by id, at least one. Their order and origin do not matter.</param>
    public static BenchmarkResult Compute(PreparedBenchmark task, IReadOnlyDictionary<int, Judgement> judgements)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(judgements);
        return new BenchmarkResult(task, judgements, Over(task.Benchmark, judgements, judgements.Keys));
    }

    /// <summary>Computes the metrics over some of the documents.</summary>
    public static IReadOnlyList<MetricValue> Over(Benchmark benchmark, IReadOnlyDictionary<int, Judgement> judgements, IEnumerable<int> ids)
    {
        ArgumentNullException.ThrowIfNull(benchmark);
        Judgement[] ordered = [.. ids.Order().Select(id => judgements[id])];
        return [.. benchmark.Metrics.Select((metric, m) =>
        {
            double[][] statistics = [.. ordered.Select(judgement => judgement.Statistics[m])];
            return new MetricValue(metric, metric.Of(statistics), metric.StandardError(statistics));
        })];
    }
}

/// <summary>The value of a metric.</summary>
/// <param name="Metric">The metric.</param>
/// <param name="Value">The value over all documents; NaN if it is undefined.</param>
/// <param name="StandardError">The standard error over documents; null if it is undefined.</param>
public sealed record MetricValue(BenchmarkMetric Metric, double Value, double? StandardError);
