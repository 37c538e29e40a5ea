using Foreword.Models;
using Foreword.Tokenization.Files;
using Foreword.Torch.Kernels;
using Foreword.Torch.Paths;
using Foreword.Weights.HuggingFace;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch.Tests;

/// <summary>Tests a GPT-2 without the LayerNorm after its last block.</summary>
public sealed class FinalNormTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly List<GptModel> _models = [];
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose()
    {
        _models.ForEach(model => model.Dispose());
        _scope.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void OnlyTheNormIsMissing()
    {
        (GptModel without, GptModel with) = Models();
        Tensor ids = Ids();
        Assert.Equal(with.Config.ParameterCount - 2 * with.Config.NEmbd, without.Config.ParameterCount);
        Assert.DoesNotContain(without.named_parameters(), parameter => parameter.name.StartsWith("ln_f", StringComparison.Ordinal));
        Assert.Equal(without.Config.ParameterCount, without.parameters().Sum(parameter => parameter.NumberOfElements));
        Tensor hidden = without.Hidden(ids);
        Assert.InRange(Golden.Difference(with.Hidden(ids), with.Final(hidden)), 0, 1e-6f);
        Assert.True(Golden.Difference(with.Hidden(ids), hidden) > 0.1f);
        Assert.InRange(Golden.Difference(without.call(ids), hidden.matmul(without.OutputLayer.T)), 0, 1e-5f);
    }

    [Fact]
    public void TheFusedKernelsEqualAutograd()
    {
        Assert.SkipUnless(MicroKernel.Has(Precision.Fp32), "this processor or libtorch has no micro-kernels");
        (GptModel fused, _) = Models();
        (GptModel plain, _) = Models();
        Tensor ids = Ids(), inputs = ids[.., ..^1].contiguous(), targets = ids[.., 1..].contiguous();
        using IModelPath path = ModelPath.Create(fused);
        Assert.True(path.IsFused);
        using AutogradPath expected = new(plain);
        Assert.Equal(expected.Backward(inputs, targets, 1), path.Backward(inputs, targets, 1), 1e-4);
        foreach (var (name, parameter) in plain.named_parameters())
            Assert.True(Golden.Difference(fused.get_parameter(name)!.grad!, parameter.grad!) < 1e-4f * Math.Max(1, parameter.grad!.abs().max().item<float>()), name);
    }

    [Fact]
    public void AWrittenModelKeepsItUnderANameThatOthersRefuse()
    {
        (GptModel without, _) = Models();
        ModelFiles.Save(without, _directory.Path, TextEnds.None);
        Assert.Contains("\"model_type\": \"foreword-gpt2-without-final-norm\"", File.ReadAllText(_directory.File(HuggingFaceConfig.FileName)), StringComparison.Ordinal);
        using LanguageModule again = ModelFiles.Load(_directory.Path, Precision.Fp32, CPU);
        Assert.Equal(without.Config, again.Config);
        again.eval();
        Assert.Equal(0, Golden.Difference(without.call(Ids()), again.call(Ids())));
    }

    /// <summary>Returns a model without the norm and one with it, with the same weights otherwise.</summary>
    private (GptModel Without, GptModel With) Models()
    {
        GptConfig config = new() { NLayer = 2, NHead = 2, NEmbd = 32, ContextLength = 24, VocabSize = 65, InitializerRange = 0.1, EmbdDropout = 0, AttnDropout = 0, ResidDropout = 0 };
        GptModel with = new(config, seed: 3), without = new(config with { WithoutFinalNorm = true }, seed: 3);
        using (no_grad())
        {
            foreach (var (name, parameter) in without.named_parameters())
                parameter.copy_(with.get_parameter(name)!);
        }

        _models.AddRange([with, without]);
        with.eval();
        without.eval();
        return (without, with);
    }

    private static Tensor Ids() => arange(1, 49, int64).reshape(2, 24).remainder(65);
}
