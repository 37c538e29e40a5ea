using Foreword.Evaluation.Benchmarks;

namespace Foreword.Evaluation.Tests;

public sealed class ZeroShotHeuristicTests
{
    [Fact]
    public void EveryHeuristicIsAMetricOfABenchmark() => Assert.All(ZeroShotHeuristic.All, heuristic =>
    {
        Benchmark benchmark = BenchmarkCatalog.All.Single(benchmark => benchmark.Name == heuristic.Benchmark);
        Assert.Contains(heuristic.Metric, benchmark.Metrics.Select(metric => metric.Name));
        Assert.Same(heuristic, ZeroShotHeuristic.Of(benchmark));
        Assert.Equal(0, heuristic.Relative(benchmark.Chance!.Value, benchmark.Chance!.Value));
        Assert.Equal(1, heuristic.Relative(heuristic.Best, benchmark.Chance!.Value), 12);
    });

    [Fact]
    public void AnotherBenchmarkHasItsFirstMetric() =>
        Assert.Equal(new ZeroShotHeuristic("lambada", "acc", "lambada"), ZeroShotHeuristic.Of(BenchmarkCatalog.All.Single(benchmark => benchmark.Name == "lambada")));
}
