using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Tokenization.Files;
using Foreword.Torch.Paths;
using Foreword.Torch.Paths.Fused;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch.Tests;

/// <summary>Compares other activations, widths and attention scales with the results of transformers and PyTorch (fixtures/golden/variants.py).</summary>
public sealed class VariantsTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public static TheoryData<string, string> Cases => [.. VariantCases.All.Select(entry => new TheoryDataRow<string, string>(entry.Model, entry.Case))];

    public void Dispose()
    {
        _scope.Dispose();
        _directory.Dispose();
    }

    [Theory, MemberData(nameof(Cases))]
    public void LogitsLossAndGradientsAreTheRecordedOnes(string model, string name)
    {
        VariantCases.Write(model, name, _directory);
        using LanguageModule loaded = ModelFiles.Load(_directory.Path, Precision.Fp32, CPU);
        Assert.Equal(loaded.Config.ParameterCount, loaded.parameters().Sum(p => p.NumberOfElements));
        loaded.eval();
        var expected = Golden.Tensors($"variants/{model}", "expected.safetensors");
        Tensor ids = expected["input_ids"], inputs = ids[.., ..^1].contiguous(), targets = ids[.., 1..].contiguous();
        Assert.InRange(Golden.Difference(loaded.call(ids), expected[$"{name}.logits"]), 0, 1e-4f);

        float loss = expected[$"{name}.loss"].item<float>();
        using IModelPath path = ModelPath.Create(loaded); // fused only if the computation is that of the published models
        if (((GptConfig)loaded.Config).Deviations.Any())
            Assert.False(path.IsFused);
        Assert.Equal(loss, path.Backward(inputs, targets, 1), 1e-4);
        foreach (string parameter in (string[])["h.1.attn.c_attn.weight", "h.1.mlp.c_fc.weight", "h.1.mlp.c_fc.bias"])
            Assert.True(Golden.Difference(loaded.get_parameter(parameter)!.grad!, expected[$"{name}.gradient.{parameter}"]) < 1e-4f, parameter);
        using IModelPath recomputing = ModelPath.Create(loaded, FusedChoice.Off, recompute: true);
        loaded.zero_grad();
        Assert.Equal(loss, recomputing.Backward(inputs, targets, 1), 1e-4);
        Assert.InRange(Golden.Difference(loaded.get_parameter("h.1.mlp.c_fc.weight")!.grad!, expected[$"{name}.gradient.h.1.mlp.c_fc.weight"]), 0, 1e-4f);
    }

    [Theory]
    [InlineData("gpt2", "quick_gelu", "activation is quick_gelu")]
    [InlineData("gpt2", "unscaled", "scale_attention is false")]
    [InlineData("gpt2", "by-layer", "scale_attention_by_inverse_layer is true")]
    [InlineData("gpt2-inner", "narrow", "n_inner is 40, not 4 n_embd = 64")]
    [InlineData("gpt1", "relu", "activation is relu")]
    public void TheFusedKernelsSayWhatTheyDoNotComputeAndAWrittenModelKeepsIt(string model, string name, string reason)
    {
        VariantCases.Write(model, name, _directory);
        using LanguageModule loaded = ModelFiles.Load(_directory.Path, Precision.Fp32, CPU);
        Assert.Equal(reason, FusedPath.WhyNot(loaded));
        loaded.AddAdapters(2, 2, ["c_fc", "mlp.c_proj"], seed: 1);
        using TemporaryDirectory target = Fixtures.NewDirectory();
        ModelFiles.Save(loaded, target.Path, TextEnds.None);
        using LanguageModule again = ModelFiles.Load(target.Path, Precision.Fp32, CPU);
        Assert.Equal(loaded.Config, again.Config);
        Tensor ids = Golden.Tensors($"variants/{model}", "expected.safetensors")["input_ids"];
        loaded.eval();
        again.eval();
        Assert.InRange(Golden.Difference(loaded.call(ids), again.call(ids)), 0, 1e-6f); // the product of an adapter is 0 at the start
    }

    [Fact]
    public void NanoGptsCheckpointGivesItsLogits()
    {
        using LanguageModule model = ModelFiles.Load(Fixtures.Path("formats/nanogpt/ckpt.pt"), Precision.Fp32, CPU);
        model.eval();
        var expected = Golden.Tensors("../formats/nanogpt", "ckpt.expected.safetensors");
        Assert.InRange(Golden.Difference(model.call(expected["input_ids"])[0], expected["logits"][0]), 0, 1e-4f);
    }
}
