using Foreword.Evaluation.Families;
using Foreword.Evaluation.Metrics;

namespace Foreword.Evaluation.Tests.Metrics;

public sealed class BenchmarkMetricTests
{
    private static readonly double[][] Scores = [[1], [0], [0], [1], [1]];

    [Fact]
    public void AMeanHasTheStandardErrorOfAMean()
    {
        BenchmarkMetric metric = BenchmarkMetric.Mean("acc");
        Assert.Equal(0.6, metric.Of(Scores), 1e-12);
        Assert.Equal(Math.Sqrt(0.3 / 5), metric.StandardError(Scores)!.Value, 1e-12); // the sample variance is 0.3
        Assert.Null(metric.StandardError([[1.0]]));
    }

    [Fact]
    public void PerplexityIsOfTheSums()
    {
        double[][] documents = [[10, 4], [2, 2]];
        Assert.Equal(Math.Exp(2), BenchmarkMetric.Perplexity("ppl").Of(documents), 1e-12);
        Assert.Equal(2 / Math.Log(2), BenchmarkMetric.Bits("bits").Of(documents), 1e-12);
        Assert.False(BenchmarkMetric.Perplexity("ppl").HigherIsBetter);
    }

    /// <summary>Classes 0 and 1 have F1 = 2/3 each, and class 2, which is never right, has 0. Class 3 does not occur.</summary>
    [Fact]
    public void MacroF1IsTheMeanOverTheClassesThatOccur()
    {
        double[][] documents = [[0, 0], [0, 1], [1, 1], [2, 0], [0, 0], [1, 1], [1, 2]];
        Assert.Equal((2 * 2.0 / (3 + 3) + 2 * 2.0 / (3 + 3) + 0) / 3, BenchmarkMetric.MacroF1("f1").Of(documents), 1e-12);
        Assert.Equal(1, BenchmarkMetric.MacroF1("f1").Of([[1, 1], [0, 0]]), 1e-12);
    }

    [Fact]
    public void TheBootstrapAgreesWithTheFormulaAndWithItself()
    {
        double[][] documents = [.. Enumerable.Range(0, 400).Select(i => new double[] { i % 3 == 0 ? 1 : 0, 1 })];
        BenchmarkMetric sums = BenchmarkMetric.OfSums("share", true, s => s[0] / s[1]);
        double formula = BenchmarkMetric.Mean("acc").StandardError(documents)!.Value, resampled = sums.StandardError(documents)!.Value;
        Assert.InRange(resampled / formula, 0.75, 1.25);
        Assert.Equal(resampled, sums.StandardError(documents));
    }

    [Theory]
    [InlineData(new[] { -1.0, -2.0 }, 0, 1)]
    [InlineData(new[] { -1.0, -2.0 }, 1, 0)]
    [InlineData(new[] { -1.0, -1.0, -3.0 }, 1, 0.5)]
    [InlineData(new[] { -1.0, -1.0, -3.0 }, 2, 0)]
    public void ATieIsSharedOut(double[] scores, int right, double credit) => Assert.Equal(credit, MultipleChoice.Credit(scores, right));
}
