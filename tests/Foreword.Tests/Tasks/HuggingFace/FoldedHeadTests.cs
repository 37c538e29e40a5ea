using Foreword.Tasks;
using Foreword.Tasks.HuggingFace;
using Foreword.Weights;

namespace Foreword.Tests.Tasks.HuggingFace;

public class FoldedHeadTests
{
    private const int C = 24;

    private static readonly TaskDescription Classes = new() { Kind = "classification", Target = TargetKind.Classes, Labels = ["a", "b", "c"], Tokens = TaskTokens.After(10), ContextLength = 8 };

    private static readonly TaskDescription Score = Classes with { Kind = "regression", Target = TargetKind.Score, Labels = [], ScoreMean = 3.5, ScoreScale = 2 };

    [Fact]
    public void TheLayerWithoutABiasGivesTheSameOutputs()
    {
        Random random = new(3);
        float[] weight = Normal(random, 3 * C, 0.02), bias = [0.3f, -0.2f, 0.05f], beta = Normal(random, C, 0.1), normed = Normal(random, C, 1);
        FoldedHead folded = FoldedHead.Create(new TaskHeadWeights(weight, bias), Classes, beta, TensorDType.F32)!;
        Assert.Same(weight, folded.Weight);
        for (int i = 0; i < 3; i++)
            Assert.Equal(Output(weight, i, normed, beta) + bias[i], Output(folded.Weight, i, normed, folded.NormBias!), 1e-6);
    }

    [Fact]
    public void AScoresMeanAndScaleGoTheSameWay()
    {
        Random random = new(4);
        float[] weight = Normal(random, C, 0.02), beta = Normal(random, C, 0.1), normed = Normal(random, C, 1);
        FoldedHead folded = FoldedHead.Create(new TaskHeadWeights(weight, [0.25f]), Score, beta, TensorDType.F32)!;
        Assert.Equal(3.5 + 2 * (Output(weight, 0, normed, beta) + 0.25), Output(folded.Weight, 0, normed, folded.NormBias!), 1e-5);
    }

    [Fact]
    public void WithoutABiasTheNormStaysAsItIs() =>
        Assert.Null(FoldedHead.Create(new TaskHeadWeights(Normal(new Random(5), 3 * C, 0.02), new float[3]), Classes, new float[C], TensorDType.Bf16)!.NormBias);

    [Fact]
    public void WhatWouldChangeTheOutputsIsNotFolded()
    {
        float[] row = Normal(new Random(6), C, 0.02), twice = [.. row, .. row, .. Normal(new Random(7), C, 0.02)];
        Assert.Null(FoldedHead.Create(new TaskHeadWeights(twice, [1, 2, 3]), Classes, new float[C], TensorDType.F32)); // two outputs that always differ by their biases
        Assert.Null(FoldedHead.Create(new TaskHeadWeights(new float[2], [1, 2]), Classes, new float[1], TensorDType.F32)); // more outputs than channels
        Assert.Null(FoldedHead.Create(new TaskHeadWeights(row, [0]), Score with { ScoreMean = 2000, ScoreScale = 0.1 }, new float[C], TensorDType.Bf16)); // bf16 has three significant digits
    }

    private static double Output(float[] weight, int row, float[] normed, float[] beta) => Enumerable.Range(0, C).Sum(c => (double)weight[row * C + c] * ((double)normed[c] + beta[c]));

    private static float[] Normal(Random random, int count, double deviation) =>
        [.. Enumerable.Range(0, count).Select(_ => (float)(deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
}
