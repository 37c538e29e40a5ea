using Foreword.Evaluation.Results;
using Foreword.Evaluation.Running;
using Foreword.Models;

namespace Foreword.Evaluation.Tests;

public sealed class BenchmarkGroupsTests
{
    [Fact]
    public void EachMemberIsABenchmarkWithItsMetric()
    {
        foreach (BenchmarkGroup group in BenchmarkGroups.All)
        {
            BenchmarkSpecification[] specifications = [.. BenchmarkGroups.Specifications(group)];
            Assert.Equal(specifications.Length, specifications.Select(one => one.Text).Distinct().Count());
            if (group.Total > 0)
                Assert.All(group.Members.Zip(specifications), pair => Assert.Contains(pair.Second.Benchmark.Metrics, metric => metric.Name == pair.First.Metric));
            Assert.All(specifications, one => Assert.Same(group, one.Group));
            Assert.DoesNotContain(BenchmarkCatalog.All, benchmark => benchmark.Name == group.Name);
        }
    }

    [Fact]
    public void TheScoreIsTheMeanAboveAGuess()
    {
        BenchmarkGroup core = BenchmarkGroups.All.Single(group => group.Name == "core");
        BenchmarkResult[] results = [.. BenchmarkGroups.Specifications(core).Where(one => one.Text is "copa" or "boolq@10" or "hellaswag").Select(one => Evaluations.Run(Evaluations.Arbitrary(), Prepare(one)))];
        double copa = (results.Single(result => result.Benchmark.Specification.Text == "copa").Value("acc") - 0.5) / 0.5;
        double boolq = (results.Single(result => result.Benchmark.Specification.Text == "boolq@10").Value("acc") - 0.62) / 0.38;
        double hellaswag = (results.Single(result => result.Benchmark.Specification.Text == "hellaswag").Value("acc") - 0.25) / 0.75;
        (double score, int count) = BenchmarkGroups.Score(core, results);
        Assert.Equal(3, count);
        Assert.Equal((copa + boolq + hellaswag) / 3, score, 1e-12);
        Assert.Equal((double.NaN, 0), BenchmarkGroups.Score(core, []));
    }

    private static PreparedBenchmark Prepare(BenchmarkSpecification one) =>
        new EvaluationOptions { Data = Fixtures.Path("benchmarks"), Shots = [0] }.Prepare([one], new GptConfig { VocabSize = Evaluations.VocabSize, ContextLength = 8192 }, Evaluations.Tokenizer)[0].Benchmark;
}
