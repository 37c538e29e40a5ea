using System.Text.Json;
using Foreword.Tasks.Metrics;
using static Foreword.Tests.GoldenMetrics;

namespace Foreword.Tests.Tasks.Metrics;

public class SoftLabelsTests
{
    [Fact]
    public void TheLabelsEqualTheReference()
    {
        JsonElement golden = Root.GetProperty("similarity_soft_labels");
        double[] scores = Array<double>(golden, "scores");
        float[][] expected = Array<float[]>(golden, "expected");
        Assert.Equal(expected.Length, scores.Length);
        for (int i = 0; i < scores.Length; i++)
        {
            float[] label = SoftLabels.Of(scores[i], 0, golden.GetProperty("n_class").GetInt32());
            Assert.Equal(expected[i].Length, label.Length);
            for (int bin = 0; bin < label.Length; bin++)
                AssertNear(expected[i][bin], label[bin]);
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2.75, 1)]
    [InlineData(5, 1)]
    [InlineData(-0.5, -2)]
    public void TheMeanOfALabelIsItsScore(double score, double least)
    {
        float[] label = SoftLabels.Of(score, least, 5);
        Assert.Equal(1, label.Sum());
        Assert.Equal(score, label.Select((p, bin) => p * (least + bin)).Sum(), 6);
    }

    [Theory]
    [InlineData(-0.001)]
    [InlineData(5.001)]
    [InlineData(double.NaN)]
    public void AScoreOutsideTheBinsIsRefused(double score) =>
        Assert.Contains("it must lie between 0 and 5", Assert.Throws<ArgumentOutOfRangeException>(() => SoftLabels.Of(score, 0, 6)).Message, StringComparison.Ordinal);
}
