using System.Text.Json;
using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Weights;
using Foreword.Weights.Catalog;
using Foreword.Weights.HuggingFace;

namespace Foreword.Cli.Tests.Commands.Conversion;

public sealed class ConvertCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("formats/pytorch-zip", "hf", "F32")]
    [InlineData("formats/openai-gpt2", "hf", "F32")]
    [InlineData("formats/llm.c/gpt2_tiny_bf16.bin", "hf", "BF16")]
    [InlineData("formats/openai-gpt1", "hf", "F32")]
    [InlineData("golden/gpt1-tiny", "openai-gpt1", "F32")]
    public void AModelOfAnyFormatIsWrittenInItsOwnElementType(string from, string format, string type)
    {
        string to = _directory.File("deep/er");
        Cli run = Cli.Run("convert", Fixtures.Path(from), to, "--format", format);
        Assert.True(run.ExitCode == 0, run.Err);
        Assert.Equal("", run.Out);
        Assert.Contains("has no tokenizer, so none is written", run.Err);
        JsonElement shown = JsonDocument.Parse(Cli.Run("inspect", to, "--json").Out).RootElement;
        Assert.Equal((format, type), (shown.GetProperty("format").GetString(), shown.GetProperty("dtype").GetString()));
        using ModelWeights source = WeightsCatalog.Open(Fixtures.Path(from)), written = WeightsCatalog.Open(to);
        foreach (WeightTensor tensor in source.Tensors)
            Assert.Equal(Floats(tensor), Floats(written.Tensor(tensor.Name)));
    }

    [Theory]
    [InlineData("golden/gpt2-untied", "gguf")]
    [InlineData("golden/gpt1-untied", "hf")]
    [InlineData("formats/pytorch-untied", "hf")]
    public void ASeparateOutputLayerGoesWithTheModelThereAndBack(string from, string format)
    {
        string there = _directory.File("there"), back = _directory.File("back"), golden = from == "formats/pytorch-untied" ? "golden/gpt2-untied" : from;
        Assert.Equal(0, Cli.Run("convert", Fixtures.Path(from), there, "--format", format).ExitCode);
        Assert.Equal(0, Cli.Run("convert", there, back, "--format", "hf").ExitCode);
        foreach (string model in (string[])[there, back])
        {
            Cli verified = Cli.Run("verify", "weights", model, "--against", Fixtures.Path($"{golden}/logits.safetensors"));
            Assert.True(verified.ExitCode == 0, verified.Err);
        }

        Cli shown = Cli.Run("inspect", back);
        Assert.Contains("97 ids, a separate output layer", shown.Out);
        Assert.Contains("lm_head.weight", shown.Out);
        using ModelWeights source = WeightsCatalog.Open(Fixtures.Path(golden)), written = WeightsCatalog.Open(back);
        foreach (WeightTensor tensor in source.Tensors)
            Assert.Equal(Floats(tensor), Floats(written.Tensor(tensor.Name)));
    }

    [Fact]
    public void TheChatTemplateGoesWithTheModel()
    {
        string model = _directory.File("model"), hf = _directory.File("hf"), gguf = _directory.File("talk.gguf"), small = _directory.File("small");
        Directory.CreateDirectory(model);
        RandomModel.Write(model);
        string text = "user:\n  prefix: \"U: \"\n  suffix: \"\\n\"\nreverse: true\n", own = _directory.Write("model/chat.yaml", text);
        Assert.Equal(0, Cli.Run("convert", model, hf).ExitCode);
        Assert.Equal(0, Cli.Run("quantize", model, "--type", "int8", "--out", small).ExitCode);
        foreach (string written in (string[])[hf, small])
            Assert.Equal(("U: ", true), (ChatTemplateFile.Load(written).User.Prefix, ChatTemplateFile.Load(written).Reverse));
        Cli file = Cli.Run("convert", model, gguf, "--format", "gguf");
        Assert.True(file.ExitCode == 0, file.Err);
        Assert.Contains($"{gguf} holds no chat template; copy {own} beside it for chat and serve", file.Err, StringComparison.Ordinal);
        Assert.False(File.Exists(_directory.File("chat.yaml")));
    }

    [Fact]
    public void TheTokenizerGoesWithTheModel()
    {
        string model = _directory.File("model");
        Directory.CreateDirectory(model);
        WriteModel(model, ModelArchitecture.Gpt1, vocabSize: 40_478);
        foreach (string file in Directory.GetFiles(Fixtures.Path("gpt1-vocab")).Where(file => !file.EndsWith(".md", StringComparison.Ordinal)))
            File.Copy(file, Path.Combine(model, Path.GetFileName(file)));
        string shards = _directory.File("shards"), back = _directory.File("back");
        Assert.Equal(0, Cli.Run("convert", model, shards, "--format", "openai-gpt1").ExitCode);
        Assert.True(File.Exists(Path.Combine(shards, "encoder_bpe_40000.json")) && File.Exists(Path.Combine(shards, "vocab_40000.bpe")));
        Assert.Equal(0, Cli.Run("convert", shards, back, "--format", "hf").ExitCode);
        string[] fingerprints = [.. new[] { model, shards, back }.Select(path => JsonDocument.Parse(Cli.Run("inspect", path, "--json").Out).RootElement.GetProperty("tokenizer_fingerprint").GetString()!)];
        Assert.Single(fingerprints.Distinct());
        Assert.True(File.Exists(Path.Combine(back, "generation_config.json")));
        Assert.Equal(0, Cli.Run("generate", back, "--prompt", "the", "--max-tokens", "2").ExitCode);
    }

    [Fact]
    public void WhatIsThereIsNotOverwrittenAndAFailureLeavesNothing()
    {
        string there = _directory.Write("there/note", "mine");
        Cli run = Cli.Run("convert", Fixtures.Path("golden/gpt2-tiny"), Path.GetDirectoryName(there)!);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("already exists; convert writes a new directory", run.Err);
        Assert.Equal("mine", File.ReadAllText(there));

        run = Cli.Run("convert", Fixtures.Path("golden/gpt2-tiny"), _directory.File("shards"), "--format", "openai-gpt1");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("is a GPT-2; openai-gpt1 holds GPT-1's post-LN blocks only", run.Err);
        Assert.Equal([Path.GetDirectoryName(there)], Directory.GetFileSystemEntries(_directory.Path));
    }

    [Theory]
    [InlineData("--format", "safetensors")]
    [InlineData("--dtype", "f64")]
    public void AnUnknownFormatOrTypeIsWrongUsage(string option, string value) =>
        Assert.Equal(2, Cli.Run("convert", Fixtures.Path("golden/gpt2-tiny"), _directory.File("to"), option, value).ExitCode);

    [Fact]
    public void ATypeThatTheFormatCannotHoldIsWrongUsage()
    {
        Cli run = Cli.Run("convert", Fixtures.Path("golden/gpt1-tiny"), _directory.File("to"), "--format", "openai-gpt1", "--dtype", "bf16");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--dtype is bf16; openai-gpt1 supports f32", run.Err);
    }

    private static void WriteModel(string directory, ModelArchitecture architecture, int vocabSize)
    {
        GptConfig config = new() { Architecture = architecture, NLayer = 1, NHead = 1, NEmbd = 4, ContextLength = 8, VocabSize = vocabSize };
        HuggingFaceConfig.Write(directory, config);
        SafetensorsWriter writer = new();
        foreach (GptParameter parameter in GptParameter.Of(config))
            writer.Add(HuggingFaceNameMap.FileName(parameter.Name, architecture), TensorDType.F32, parameter.Shape, new byte[4 * parameter.Shape.Aggregate(1L, (product, size) => product * size)]);
        writer.Save(Path.Combine(directory, "model.safetensors"));
    }

    private static float[] Floats(WeightTensor tensor)
    {
        float[] values = new float[tensor.ElementCount];
        tensor.Read(0, values);
        return values;
    }
}
