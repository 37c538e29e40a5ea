using System.Text.Json;
using Foreword.Evaluation.Metrics;
using Foreword.Numerics;
using static Foreword.Tests.GoldenMetrics;

namespace Foreword.Evaluation.Tests.Metrics;

public class PerplexityTests
{
    [Fact]
    public void PerplexitiesAndBitsEqualTheReference()
    {
        foreach (JsonElement golden in Root.GetProperty("perplexity").EnumerateArray())
        {
            JsonElement expected = golden.GetProperty("expected");
            double[] nll = Array<double>(golden, "nll_nats");
            AssertNear(expected.GetProperty("mean_nll").GetDouble(), Math.Log(PerplexityOf(nll, nll.Length)));
            Likelihood whole = Likelihood.Compute([.. nll[..(nll.Length / 2)].Select(value => (float)-value)]) + Likelihood.Compute([.. nll[(nll.Length / 2)..].Select(value => (float)-value)]);
            AssertNear(expected.GetProperty("mean_nll").GetDouble(), whole.MeanNegativeLogLikelihood);
            AssertRelative(expected.GetProperty("perplexity").GetDouble(), whole.Perplexity);
            AssertRelative(expected.GetProperty("perplexity").GetDouble(), PerplexityOf(nll, nll.Length));
            AssertRelative(expected.GetProperty("word_perplexity").GetDouble(), PerplexityOf(nll, golden.GetProperty("n_words").GetInt32()));
            foreach (string unit in new[] { "char", "byte" })
                AssertNear(expected.GetProperty($"bits_per_{unit}").GetDouble(), BenchmarkMetric.Bits("").Of([[nll.Sum(), golden.GetProperty($"n_{unit}s").GetInt32()]]));
        }
    }

    [Fact]
    public void SequencesTogetherAreWeighedByTheirTokens()
    {
        JsonElement golden = Root.GetProperty("perplexity_masked"), expected = golden.GetProperty("expected");
        int[][] mask = Array<int[]>(golden, "mask");
        double[][] sequences = [.. Array<double[]>(golden, "nll_nats").Select((row, i) => row.Where((_, t) => mask[i][t] == 1).ToArray())];
        double[][] documents = [.. sequences.Select(nll => new[] { nll.Sum(), nll.Length })];
        AssertRelative(expected.GetProperty("perplexity").GetDouble(), BenchmarkMetric.Perplexity("").Of(documents));
        AssertNear(expected.GetProperty("mean_over_tokens").GetDouble(), Math.Log(BenchmarkMetric.Perplexity("").Of(documents)));
        AssertNear(expected.GetProperty("mean_of_sequence_means").GetDouble(), BenchmarkMetric.Mean("").Of([.. sequences.Select(nll => new[] { Math.Log(PerplexityOf(nll, nll.Length)) })]));
    }

    [Fact]
    public void LogProbabilitiesEqualTheReferencesCrossEntropy()
    {
        foreach (JsonElement golden in Root.GetProperty("cross_entropy").EnumerateArray())
        {
            JsonElement expected = golden.GetProperty("expected");
            float[][] logits = Array<float[]>(golden, "logits");
            double[] nll = [.. Array<int>(golden, "targets").Select((target, row) => LogitRow.LogSumExp(logits[row]) - logits[row][target])];
            Assert.All(Array<double>(expected, "nll").Index(), e => AssertNear(e.Item, nll[e.Index]));
            AssertNear(expected.GetProperty("mean").GetDouble(), nll.Average());
            AssertRelative(expected.GetProperty("perplexity").GetDouble(), PerplexityOf(nll, nll.Length));
        }
    }

    private static double PerplexityOf(double[] nll, int units) => BenchmarkMetric.Perplexity("").Of([[nll.Sum(), units]]);

    private static void AssertRelative(double expected, double actual) =>
        Assert.True(Math.Abs(expected - actual) <= Tolerance * expected, $"{actual}, expected {expected}");
}
