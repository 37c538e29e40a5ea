using Foreword.Tokenization.Files;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch.Tests;

public sealed class ModelFilesTests
{
    [Theory]
    [InlineData("gpt1-tiny", null)]
    [InlineData("gpt2-tiny", null)]
    [InlineData("gpt1-tiny", "model.prefixed.safetensors")]
    [InlineData("gpt2-tiny", "model.noprefix-with-buffers.safetensors")]
    public void AHuggingFaceDirectoryGivesTheRecordedLogits(string name, string? alternative)
    {
        using var scope = NewDisposeScope();
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        File.Copy(Fixtures.Path($"golden/{name}/config.json"), directory.File("config.json"));
        File.Copy(Fixtures.Path($"golden/{name}/{(alternative is null ? "" : "alt/")}{alternative ?? "model.safetensors"}"), directory.File("model.safetensors"));
        using LanguageModule model = ModelFiles.Load(directory.Path, Precision.Fp32, CPU);
        model.eval();
        Tensor logits = model.call(Golden.Tensors(name, "inputs.safetensors")["input_ids"]);
        Assert.InRange(Golden.Difference(logits, Golden.Tensors(name, "outputs.safetensors")["logits"]), 0, 1e-4f);
    }

    [Theory]
    [InlineData("pytorch-zip", "gpt2-tiny")]
    [InlineData("pytorch-legacy", "gpt2-tiny")]
    [InlineData("openai-gpt1", "gpt1-tiny")]
    [InlineData("openai-gpt2", "gpt2-tiny")]
    [InlineData("llm.c/gpt2_tiny.bin", "gpt2-tiny")]
    public void EveryFormatGivesTheRecordedLogits(string path, string golden)
    {
        using var scope = NewDisposeScope();
        using LanguageModule model = ModelFiles.Load(Fixtures.Path($"formats/{path}"), Precision.Fp32, CPU);
        model.eval();
        Tensor logits = model.call(Golden.Tensors(golden, "inputs.safetensors")["input_ids"]);
        Assert.InRange(Golden.Difference(logits, Golden.Tensors(golden, "outputs.safetensors")["logits"]), 0, 1e-4f);
    }

    [Theory]
    [InlineData("gpt1-tiny")]
    [InlineData("gpt2-tiny")]
    public void WhatIsWrittenIsReadBackBitForBit(string name)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        using GptModel model = Golden.Model(name);
        ModelFiles.Save(model, directory.Path, new TextEnds(299, [299]));
        using LanguageModule again = ModelFiles.Load(directory.Path, Precision.Fp32, CPU);
        Assert.Equal(model.Config, again.Config);
        foreach (var (parameterName, parameter) in model.named_parameters())
            Assert.True(parameter.equal(again.get_parameter(parameterName)!).all().ToBoolean(), parameterName);
    }
}
