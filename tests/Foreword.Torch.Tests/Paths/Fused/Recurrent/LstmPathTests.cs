using Foreword.Models;
using Foreword.Torch.Kernels;
using Foreword.Torch.Paths;
using Foreword.Torch.Paths.Fused;
using Foreword.Torch.Paths.Fused.Recurrent;
using Foreword.Weights.HuggingFace;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch.Tests.Paths.Fused.Recurrent;

public sealed class LstmPathTests
{
    /// <summary>Gets C, H, whether the output layer is tied, V, B and T: sizes that are multiples of the kernels' blocks, and sizes that are not.</summary>
    public static TheoryData<int, int, bool, int, int, int> Shapes => new()
    {
        { 64, 128, true, 300, 2, 40 },
        { 32, 32, true, 320, 3, 17 },
        { 48, 96, false, 129, 5, 1 },
        { 16, 160, true, 65, 70, 9 },
        { 80, 1056, false, 97, 1, 6 },
    };

    [Fact]
    public void EveryGradientEqualsTheReference()
    {
        RequireKernels(Precision.Fp32);
        const string Name = "lstm-tiny/tied";
        using var scope = NewDisposeScope();
        using LanguageModule model = ModelFiles.Load(Fixtures.Path($"golden/{Name}"), Precision.Fp32, CPU);
        using IModelPath path = FusedPath.Create(model, recompute: false);
        Tensor ids = Golden.Tensors(Name, "inputs.safetensors")["input_ids"];
        double loss = path.Backward(ids[.., ..^1].contiguous(), ids[.., 1..].contiguous(), 1);
        Assert.Equal(Golden.Tensors(Name, "outputs.safetensors")["loss"].item<float>(), loss, 1e-4);
        var expected = Golden.Tensors(Name, "grads.safetensors");
        foreach (var (name, parameter) in model.named_parameters())
            Assert.InRange(Golden.Difference(parameter.grad!, expected[HuggingFaceNameMap.FileName(name, ModelArchitecture.Lstm)]), 0, 1e-4f);
    }

    [Theory, MemberData(nameof(Shapes))]
    public void Float32EqualsAutograd(int width, int units, bool tied, int vocabulary, int batch, int length)
    {
        RequireKernels(Precision.Fp32);
        using var scope = NewDisposeScope();
        using LstmModel fused = Model(width, units, tied, vocabulary), plain = Model(width, units, tied, vocabulary);
        (Tensor ids, Tensor targets) = Batch(vocabulary, batch, length);
        using IModelPath path = FusedPath.Create(fused, recompute: false);
        using AutogradPath expected = new(plain);
        Assert.IsType<LstmPath<Float32>>(path);
        Assert.InRange(Golden.Difference(path.Hidden(ids), expected.Hidden(ids)), 0, 1e-4f);
        Assert.Equal(expected.Loss(expected.Hidden(ids), targets).Sum, path.Loss(path.Hidden(ids), targets).Sum, 1e-3);
        Assert.Equal(expected.Backward(ids, targets, 1), path.Backward(ids, targets, 1), 1e-4);
        foreach (var (name, parameter) in plain.named_parameters())
            Assert.True(Golden.Difference(fused.get_parameter(name)!.grad!, parameter.grad!) < 1e-4f * Math.Max(1, parameter.grad!.abs().max().item<float>()), name);
    }

    /// <summary>Both paths round to 8 bits at every product, but in different places. Gradients differ by less than 3 % of their norm.</summary>
    [Theory, MemberData(nameof(Shapes))]
    public void BFloat16StaysNearFloat32(int width, int units, bool tied, int vocabulary, int batch, int length)
    {
        RequireKernels(Precision.Bf16);
        using var scope = NewDisposeScope();
        using LstmModel fused = Model(width, units, tied, vocabulary, precision: Precision.Bf16), plain = Model(width, units, tied, vocabulary);
        (Tensor ids, Tensor targets) = Batch(vocabulary, batch, length);
        using IModelPath path = FusedPath.Create(fused, recompute: false);
        using AutogradPath expected = new(plain);
        Assert.Equal(expected.Backward(ids, targets, 1), path.Backward(ids, targets, 1), 0.01);
        foreach (var (name, parameter) in plain.named_parameters())
        {
            if (length == 1 && name.EndsWith("weight_hh_l0", StringComparison.Ordinal))
                continue; // the state before the only token is 0, and so is this gradient
            double difference = ((fused.get_parameter(name)!.grad! - parameter.grad!).norm() / parameter.grad!.norm()).ToDouble();
            Assert.True(difference < 0.03, $"{name}: {difference:F4}");
        }
    }

    /// <summary>Compares the gradients of a loss with dropout with the change of that loss. The masks follow from the seed, so the loss is a function.</summary>
    [Fact]
    public void GradientsWithDropoutAreThoseOfTheLossWithDropout()
    {
        RequireKernels(Precision.Fp32);
        using var scope = NewDisposeScope();
        using LstmModel model = Model(32, 64, true, 50, dropout: 0.3);
        using IModelPath path = FusedPath.Create(model, recompute: false);
        (Tensor ids, Tensor targets) = Batch(50, 3, 8);
        double start = path.Backward(ids, targets, 7);
        Assert.NotEqual(start, path.Backward(ids, targets, 8));
        foreach (string name in (string[])["wte.weight", "lstm.weight_ih_l0", "lstm.weight_hh_l0", "lstm.bias_hh_l0", "proj.weight"])
        {
            foreach (var (_, parameter) in model.named_parameters())
                parameter.grad = null;
            _ = path.Backward(ids, targets, 7);
            using Tensor direction = model.get_parameter(name)!.grad!.clone();
            double square = direction.square().sum().ToDouble(), step = 0.02 / Math.Sqrt(square);
            double change = Moved(name, direction * step) - Moved(name, direction * -step);
            Assert.Equal(2 * step * square, change, 0.03 * 2 * step * square);
        }

        double Moved(string name, Tensor by)
        {
            using var noGradient = no_grad();
            model.get_parameter(name)!.add_(by);
            double loss = path.Backward(ids, targets, 7);
            model.get_parameter(name)!.sub_(by);
            return loss;
        }
    }

    [Fact]
    public void EveryStepIsTheSameBitForBitAndGradientsAddUp()
    {
        RequireKernels(Precision.Fp32);
        using var scope = NewDisposeScope();
        using LstmModel model = Model(64, 128, true, 300, dropout: 0.1);
        using IModelPath path = FusedPath.Create(model, recompute: false);
        (Tensor ids, Tensor targets) = Batch(300, 4, 30);
        double loss = path.Backward(ids, targets, 5);
        Dictionary<string, Tensor> first = model.named_parameters().ToDictionary(p => p.name, p => p.parameter.grad!.clone());
        Assert.Equal(loss, path.Backward(ids, targets, 5));
        foreach (var (name, parameter) in model.named_parameters())
            Assert.InRange(Golden.Difference(first[name] * 2, parameter.grad!), 0, 1e-5f);
        foreach (var (_, parameter) in model.named_parameters())
            parameter.grad = null;
        Assert.Equal(loss, path.Backward(ids, targets, 5));
        foreach (var (name, parameter) in model.named_parameters())
            Assert.Equal(0, Golden.Difference(first[name], parameter.grad!));
    }

    [Fact]
    public void FrozenWeightsGetNoGradient()
    {
        RequireKernels(Precision.Fp32);
        using var scope = NewDisposeScope();
        using LstmModel model = Model(32, 64, true, 50);
        using IModelPath path = FusedPath.Create(model, recompute: false);
        (Tensor ids, Tensor targets) = Batch(50, 2, 8);
        foreach (var (name, parameter) in model.named_parameters())
            parameter.requires_grad = name == "proj.weight";
        _ = path.Backward(ids, targets, 1);
        Assert.Equal(["proj.weight"], model.named_parameters().Where(p => p.parameter.grad is not null).Select(p => p.name));
    }

    [Fact]
    public void ReasonsNotToUseTheKernelsAreNamed()
    {
        using LstmModel odd = Model(32, 48, true, 50), narrow = Model(24, 64, true, 50), biased = new(new LstmConfig { NEmbd = 32, NHidden = 32, VocabSize = 50, TieWordEmbeddings = false, DecoderBias = true });
        Assert.Equal("n_hidden is 48, not a multiple of 32", FusedPath.WhyNot(odd));
        Assert.Equal("n_embd is 24, not a multiple of 16", FusedPath.WhyNot(narrow));
        Assert.Equal("the output layer has a bias", FusedPath.WhyNot(biased));
    }

    private static LstmModel Model(int width, int units, bool tied, int vocabulary, double dropout = 0, Precision precision = Precision.Fp32) => new(
        new LstmConfig { NEmbd = width, NHidden = units, TieWordEmbeddings = tied, VocabSize = vocabulary, ContextLength = 64, EmbdDropout = dropout, HiddenDropout = dropout, InitializerRange = 0.2 }, seed: 3, precision);

    private static (Tensor Ids, Tensor Targets) Batch(int vocabulary, int batch, int length)
    {
        using Generator generator = new(11);
        Tensor ids = randint(0, vocabulary, [batch, length + 1], int64, generator: generator);
        return (ids[.., ..^1].contiguous(), ids[.., 1..].contiguous());
    }

    private static void RequireKernels(Precision precision) => Assert.SkipUnless(MicroKernel.Has(precision), $"there is no micro-kernel for {precision} here");
}
