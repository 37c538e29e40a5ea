using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Tasks;
using Foreword.Tokenization.Files;
using Foreword.Torch.FineTuning;
using Foreword.Torch.Kernels;
using Foreword.Torch.Optimizers;
using Foreword.Torch.Paths;
using Foreword.Torch.Paths.Fused;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch.Tests;

/// <summary>Compares models whose output layer is not the token embedding with transformers and PyTorch (fixtures/golden/untied.py).</summary>
public sealed class SeparateHeadTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string> Models => ["gpt2-untied", "gpt1-untied"];

    public void Dispose() => _scope.Dispose();

    [Theory, MemberData(nameof(Models))]
    public void LogitsAreTheRecordedOnes(string name)
    {
        using LanguageModule model = ModelFiles.Load(Fixtures.Path($"golden/{name}"), Precision.Fp32, CPU);
        model.eval();
        var expected = Golden.Tensors(name, "logits.safetensors");
        Assert.InRange(Golden.Difference(model.call(expected["input_ids"]), expected["logits"]), 0, 1e-4f);
        Assert.Equal(model.Config.ParameterCount, model.parameters().Sum(p => p.NumberOfElements));
        Assert.Same(model.OutputLayer, model.get_parameter("lm_head.weight"));
    }

    [Fact]
    public void WhatPyTorchSavesGivesTheRecordedLogits()
    {
        using LanguageModule model = ModelFiles.Load(Fixtures.Path("formats/pytorch-untied"), Precision.Fp32, CPU);
        model.eval();
        var expected = Golden.Tensors("gpt2-untied", "logits.safetensors");
        Assert.InRange(Golden.Difference(model.call(expected["input_ids"]), expected["logits"]), 0, 1e-4f);
    }

    [Theory]
    [InlineData("gpt2-untied", "plain")]
    [InlineData("gpt1-untied", "plain")]
    [InlineData("gpt2-untied", "pieces")]
    [InlineData("gpt1-untied", "pieces")]
    [InlineData("gpt2-untied", "fused")]
    [InlineData("gpt1-untied", "fused")]
    [InlineData("gpt2-untied", "recompute")]
    public void EveryGradientEqualsTheReference(string name, string way)
    {
        using GptModel model = Golden.Model(name);
        Tensor ids = Golden.Tensors(name, "logits.safetensors")["input_ids"], inputs = ids[.., ..^1].contiguous(), targets = ids[.., 1..].contiguous();
        float expectedLoss = Golden.Tensors(name, "outputs.safetensors")["loss"].item<float>();
        if (way == "plain")
        {
            Tensor loss = Golden.Loss(model, inputs, targets);
            Assert.Equal(expectedLoss, loss.item<float>(), 1e-4);
            loss.backward();
        }
        else
        {
            using IModelPath path = Path(model, way);
            Assert.Equal(expectedLoss, path.Backward(inputs, targets, 1), 1e-4);
            (double sum, long count) = path.Loss(path.Hidden(inputs), targets);
            Assert.Equal(expectedLoss, sum / count, 1e-4);
        }

        var expected = Golden.Tensors(name, "grads.safetensors");
        Assert.Equal(expected.Count, model.named_parameters().Count());
        foreach (var (parameterName, gradient) in expected)
            Assert.True(Golden.Difference(model.get_parameter(parameterName)!.grad!, gradient) < 1e-4f, parameterName);
    }

    [Fact]
    public void InBFloat16TheFusedHeadStaysNearFloat32()
    {
        Assert.SkipUnless(MicroKernel.Has(Precision.Bf16), "this processor or libtorch has no micro-kernels");
        using GptModel model = Golden.Model("gpt2-untied");
        model.Precision = Precision.Bf16;
        using IModelPath path = FusedPath.Create(model, recompute: false);
        Tensor ids = Golden.Tensors("gpt2-untied", "logits.safetensors")["input_ids"];
        _ = path.Backward(ids[.., ..^1].contiguous(), ids[.., 1..].contiguous(), 1);
        var expected = Golden.Tensors("gpt2-untied", "grads.safetensors");
        foreach (string name in (string[])["lm_head.weight", "wte.weight"])
            Assert.InRange(((model.get_parameter(name)!.grad! - expected[name]).norm() / expected[name].norm()).ToDouble(), 0, 0.02);
    }

    [Theory]
    [InlineData("gpt2-untied", "pieces")]
    [InlineData("gpt2-untied", "fused")]
    [InlineData("gpt1-untied", "fused")]
    public void FiveAdamWStepsFollowTheRecordedLosses(string name, string way)
    {
        using GptModel model = Golden.Model(name);
        using IModelPath path = Path(model, way);
        using AdamW optimizer = new(model.named_parameters(), new AdamWOptions());
        Tensor ids = Golden.Tensors(name, "logits.safetensors")["input_ids"], losses = Golden.Tensors(name, "outputs.safetensors")["adamw_losses"];
        for (int step = 0; step < 5; step++)
        {
            Assert.Equal(losses[step].item<float>(), path.Backward(ids[.., ..^1].contiguous(), ids[.., 1..].contiguous(), 1), 1e-4);
            _ = optimizer.Step(1e-3, clipNorm: 1);
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void WhatIsWrittenIsReadBackBitForBit(string name)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        using GptModel model = Golden.Model(name);
        ModelFiles.Save(model, directory.Path, TextEnds.None);
        using LanguageModule again = ModelFiles.Load(directory.Path, Precision.Fp32, CPU);
        Assert.Equal(model.Config, again.Config);
        foreach (var (parameterName, parameter) in model.named_parameters())
            Assert.True(parameter.equal(again.get_parameter(parameterName)!).all().ToBoolean(), parameterName);
        using GptModel tied = new(model.Config with { TieWordEmbeddings = true });
        Assert.Contains("holds a separate output layer", Assert.Throws<InvalidDataException>(() => ModelFiles.CopyInto(tied, directory.File("model.safetensors"))).Message);
    }

    [Fact]
    public void ATransferTakesTheHeadWithTheLastBlock()
    {
        GptConfig config = Golden.Config("gpt2-untied");
        using GptModel stored = Golden.Model("gpt2-untied"), whole = new(config with { VocabSize = 100 }, seed: 2), part = new(config with { VocabSize = 100 }, seed: 2), fresh = new(config with { VocabSize = 100 }, seed: 2);
        ModelFiles.Transfer(Fixtures.Path("golden/gpt2-untied"), whole, 2);
        ModelFiles.Transfer(Fixtures.Path("golden/gpt2-untied"), part, 1);
        Assert.True(whole.OutputLayer[..97].equal(stored.OutputLayer).all().ToBoolean());
        Assert.True(whole.OutputLayer[97..].equal(fresh.OutputLayer[97..]).all().ToBoolean());
        Assert.True(part.OutputLayer.equal(fresh.OutputLayer).all().ToBoolean());
        Assert.True(part.TokenEmbedding[..97].equal(stored.TokenEmbedding).all().ToBoolean());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WithFrozenWeightsTheHeadLearnsAboveThemAndBesideAdaptersOnlyItsTaskTokens(bool adapters)
    {
        TaskTokens tokens = TaskTokens.After(97);
        TaskDescription task = new() { Kind = "classification", Target = TargetKind.Classes, Labels = ["a", "b"], Tokens = tokens, ContextLength = 32 };
        GptConfig config = Golden.Config("gpt2-untied") with { VocabSize = 100 };
        using FineTunedModel model = FineTunedModel.Create(new GptModel(config, seed: 3), new TaskHead(task, config.NEmbd, 0, 4), task);
        if (adapters)
            model.Model.AddAdapters(2, 4, ["c_attn"], 5);
        Dictionary<string, Tensor> before = model.Model.named_parameters().ToDictionary(p => p.name, p => p.parameter.detach().clone());
        EncodedExample[] examples = [.. Enumerable.Range(0, 8).Select(i => new EncodedExample(new TaskSequences([[tokens.Start, i % 2, 5, tokens.Extract]], false), i % 2 == 0 ? [1, 0] : [0, 1], 1))];
        using FineTuner tuner = new(model, new BaseModelSection { Freeze = adapters ? 0 : 1, LoraRank = adapters ? 2 : 0 }, examples, new FineTuneConfig { BatchSize = 4, Lr = 1e-2 });
        tuner.Step(); // the first step has rate 0
        tuner.Step();
        foreach (string name in (string[])["wte.weight", "lm_head.weight"])
        {
            Tensor now = model.Model.get_parameter(name)!;
            Assert.Equal(adapters || name == "wte.weight", now[..97].equal(before[name][..97]).all().ToBoolean());
            Assert.False(now[97..].equal(before[name][97..]).all().ToBoolean());
            Assert.Null(now.grad);
        }
    }

    private static IModelPath Path(GptModel model, string way)
    {
        if (way == "pieces")
            return new AutogradPath(model);
        Assert.SkipUnless(MicroKernel.Has(Precision.Fp32), "this processor or libtorch has no micro-kernels");
        return FusedPath.Create(model, way == "recompute");
    }
}
