using Foreword.Torch.Optimizers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using AdamW = Foreword.Torch.Optimizers.AdamW;

namespace Foreword.Torch.Tests.Optimizers;

public sealed class OptimizerTests
{
    [Theory]
    [InlineData(3)]
    [InlineData(1000)]
    [InlineData(200_003)] // several work items, the last one shorter
    public void AdamWEqualsItsFormulaInFloat64(int count)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        Tensor start = randn(1, count), gradient = randn(1, count);
        using Parameter parameter = new(start.clone());
        using AdamW optimizer = new([("w", parameter)], new AdamWOptions(0.9, 0.95, 1e-8, 0.1));
        Tensor p = start.to(float64), m = zeros_like(p), v = zeros_like(p);
        for (int t = 1; t <= 3; t++)
        {
            Tensor g = (gradient * t).to(float64);
            parameter.grad = gradient * t;
            double norm = optimizer.Step(0.01, clipNorm: 1);
            Assert.Equal(g.norm().ToDouble(), norm, 1e-6 * norm);
            g = g * Math.Min(1, 1 / (norm + 1e-6));
            m = 0.9 * m + 0.1 * g;
            v = 0.95 * v + 0.05 * g * g;
            p = p * (1 - 0.01 * 0.1) - 0.01 * (m / (1 - Math.Pow(0.9, t))) / ((v / (1 - Math.Pow(0.95, t))).sqrt() + 1e-8);
            Assert.Null(parameter.grad);
        }

        Assert.InRange((parameter.to(float64) - p).abs().max().ToDouble(), 0, 2e-6);
    }

    [Fact]
    public void VectorsDoNotDecay()
    {
        using var scope = NewDisposeScope();
        using Parameter parameter = new(ones(8));
        using AdamW optimizer = new([("b", parameter)], new AdamWOptions(WeightDecay: 0.5));
        parameter.grad = zeros(8);
        optimizer.Step(0.1, clipNorm: 0);
        Assert.Equal(0, Golden.Difference(parameter, ones(8)));
    }

    [Fact]
    public void AGradientThatIsNotFiniteChangesNothing()
    {
        using var scope = NewDisposeScope();
        using Parameter parameter = new(ones(2, 2));
        using AdamW optimizer = new([("w", parameter)], new AdamWOptions());
        parameter.grad = tensor(new float[] { 1, float.NaN, 0, 0 }, [2, 2]);
        Assert.False(double.IsFinite(optimizer.Step(0.1, clipNorm: 1)));
        Assert.Equal(0, Golden.Difference(parameter, ones(2, 2)));
        Assert.Equal(0, optimizer.StepCount);
    }

    [Fact]
    public void OrthogonalizeBringsEverySingularValueNearOne()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        Tensor values = linalg.svdvals(Muon.Orthogonalize(randn(4, 16, 40)));
        Assert.InRange(values.min().item<float>(), 0.5f, 1.3f);
        Assert.InRange(values.max().item<float>(), 0.5f, 1.3f);
    }

    [Fact]
    public void MuonMovesEveryMatrixOfABlockAlongItsOrthogonalMomentum()
    {
        using var scope = NewDisposeScope();
        using GptModel model = new(Golden.Config("gpt2-tiny"), seed: 1);
        using Muon optimizer = new(model.named_parameters(), new AdamWOptions(WeightDecay: 0), Precision.Fp32);
        Parameter attention = model.get_parameter("h.0.attn.c_attn.weight")!, down = model.get_parameter("h.1.mlp.c_proj.weight")!;
        Tensor attentionBefore = attention.clone().detach(), downBefore = down.clone().detach();
        Tensor attentionGradient = randn_like(attention).detach(), downGradient = randn_like(down).detach();
        (attention.grad, down.grad) = (attentionGradient.clone(), downGradient.clone());
        optimizer.Step(0.01, clipNorm: 0);

        // Keys are the middle third of c_attn. The feed-forward c_proj has more rows than columns, so its step is computed on its transpose.
        Tensor keys = (attentionBefore - attention)[.., 32..64], expectedKeys = Muon.Orthogonalize(attentionGradient[.., 32..64].unsqueeze(0))[0];
        Assert.InRange(Golden.Difference(keys, expectedKeys * (0.01 * 0.2 * Math.Sqrt(32))), 0, 1e-5f);
        Tensor expectedDown = Muon.Orthogonalize(downGradient.t().unsqueeze(0))[0].t();
        Assert.InRange(Golden.Difference(downBefore - down, expectedDown * (0.01 * 0.2 * Math.Sqrt(128))), 0, 1e-5f);
    }
}
