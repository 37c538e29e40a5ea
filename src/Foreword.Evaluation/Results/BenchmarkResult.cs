using Foreword.Evaluation.Metrics;

namespace Foreword.Evaluation.Results;

/// <summary>What a model reached in a task.</summary>
public sealed class BenchmarkResult
{
    private BenchmarkResult(PreparedBenchmark task, IReadOnlyDictionary<int, Judgement> judgements, IReadOnlyList<MetricValue> metrics) => (Task, Judgements, Metrics) = (task, judgements, metrics);

    /// <summary>The task.</summary>
    public PreparedBenchmark Task { get; }

    /// <summary>What became of each document, by id.</summary>
    public IReadOnlyDictionary<int, Judgement> Judgements { get; }

    /// <summary>The benchmark's metrics over all documents.</summary>
    public IReadOnlyList<MetricValue> Metrics { get; }

    /// <summary>Computes the metrics.</summary>
    /// <param name="task">The task.</param>
    /// <param name="judgements">What became of its documents, by id, at least one; order and origin do not matter.</param>
    public static BenchmarkResult Of(PreparedBenchmark task, IReadOnlyDictionary<int, Judgement> judgements)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(judgements);
        return new BenchmarkResult(task, judgements, Over(task.Benchmark, judgements, judgements.Keys));
    }

    /// <summary>The metrics over some of the documents only.</summary>
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

/// <summary>A metric's value.</summary>
/// <param name="Metric">The metric.</param>
/// <param name="Value">Its value over all documents; NaN where undefined.</param>
/// <param name="StandardError">Its standard error over documents; null where it has none.</param>
public sealed record MetricValue(BenchmarkMetric Metric, double Value, double? StandardError);
