using System.Text.Json;
using Foreword.Evaluation.Metrics;
using static Foreword.Tests.Tasks.Metrics.GoldenMetrics;

namespace Foreword.Tests.Evaluation.Metrics;

public class LikelihoodTests
{
    [Fact]
    public void PerplexitiesAndBitsEqualTheReference()
    {
        foreach (JsonElement golden in Root.GetProperty("perplexity").EnumerateArray())
        {
            JsonElement expected = golden.GetProperty("expected");
            Likelihood likelihood = Of(Array<double>(golden, "nll_nats"));
            AssertNear(expected.GetProperty("mean_nll").GetDouble(), likelihood.MeanNegativeLogLikelihood);
            AssertRelative(expected.GetProperty("perplexity").GetDouble(), likelihood.Perplexity);
            AssertRelative(expected.GetProperty("word_perplexity").GetDouble(), likelihood.PerplexityPer(golden.GetProperty("n_words").GetInt64()));
            AssertNear(expected.GetProperty("bits_per_char").GetDouble(), likelihood.BitsPer(golden.GetProperty("n_chars").GetInt64()));
            AssertNear(expected.GetProperty("bits_per_byte").GetDouble(), likelihood.BitsPer(golden.GetProperty("n_bytes").GetInt64()));
        }
    }

    [Fact]
    public void SequencesTogetherAreWeighedByTheirTokens()
    {
        JsonElement golden = Root.GetProperty("perplexity_masked"), expected = golden.GetProperty("expected");
        double[][] all = Array<double[]>(golden, "nll_nats");
        int[][] mask = Array<int[]>(golden, "mask");
        Likelihood[] sequences = [.. all.Select((row, i) => Of([.. row.Where((_, t) => mask[i][t] == 1)]))];
        Likelihood together = sequences.Aggregate((a, b) => a + b);
        AssertNear(expected.GetProperty("mean_over_tokens").GetDouble(), together.MeanNegativeLogLikelihood);
        AssertRelative(expected.GetProperty("perplexity").GetDouble(), together.Perplexity);
        AssertNear(expected.GetProperty("mean_of_sequence_means").GetDouble(), sequences.Average(sequence => sequence.MeanNegativeLogLikelihood));
    }

    [Fact]
    public void TheLogSoftmaxEqualsTheReferencesCrossEntropy()
    {
        foreach (JsonElement golden in Root.GetProperty("cross_entropy").EnumerateArray())
        {
            JsonElement expected = golden.GetProperty("expected");
            float[][] logits = Array<float[]>(golden, "logits");
            int[] targets = Array<int>(golden, "targets");
            double[] nll = [.. targets.Select((target, row) => -LogSoftmax.Of(logits[row], target))];
            Assert.All(Array<double>(expected, "nll").Index(), e => AssertNear(e.Item, nll[e.Index]));
            AssertNear(expected.GetProperty("mean").GetDouble(), nll.Average());
            AssertRelative(expected.GetProperty("perplexity").GetDouble(), new Likelihood(nll.Sum(), nll.Length).Perplexity);
        }
    }

    /// <summary>The sum as the engines give it: rounded to float32 a token.</summary>
    private static Likelihood Of(double[] nll) => Likelihood.Of([.. nll.Select(value => (float)-value)]);

    private static void AssertRelative(double expected, double actual) =>
        Assert.True(Math.Abs(expected - actual) <= Tolerance * expected, $"{actual}, expected {expected}");
}
