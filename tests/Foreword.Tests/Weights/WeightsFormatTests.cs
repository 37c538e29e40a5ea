using Foreword.Models;
using Foreword.Tokenization.Files;
using Foreword.Weights;
using Foreword.Weights.Catalog;
using Foreword.Weights.HuggingFace;

namespace Foreword.Tests.Weights;

public sealed class WeightsFormatTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    /// <summary>Gets the golden models as the original tools wrote them (see fixtures/formats/README.md).</summary>
    public static TheoryData<string, string, string> Stored => new()
    {
        { "golden/gpt2-tiny", "hf", "gpt2-tiny" },
        { "golden/gpt1-tiny", "hf", "gpt1-tiny" },
        { "formats/pytorch-zip", "pytorch", "gpt2-tiny" },
        { "formats/pytorch-legacy", "pytorch", "gpt2-tiny" },
        { "formats/pytorch-sharded", "pytorch", "gpt1-tiny" },
        { "formats/pytorch-untied", "pytorch", "gpt2-untied" },
        { "formats/openai-gpt2", "openai-gpt2", "gpt2-tiny" },
        { "formats/openai-gpt1", "openai-gpt1", "gpt1-tiny" },
        { "formats/llm.c/gpt2_tiny.bin", "llm.c", "gpt2-tiny" },
        { "formats/llm.c/gpt2_tiny_bf16.bin", "llm.c", "gpt2-tiny" },
    };

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(Stored))]
    public void EveryFormatGivesTheGoldenModelBitForBit(string path, string format, string golden)
    {
        using ModelWeights expected = WeightsCatalog.Open(Fixtures.Path($"golden/{golden}"));
        using ModelWeights model = WeightsCatalog.Open(Fixtures.Path(path));
        Assert.Equal(format, model.Format.Name);
        Assert.Equal((GptConfig)expected.Config with { EmbdDropout = 0.1, AttnDropout = 0.1, ResidDropout = 0.1 }, (GptConfig)model.Config with { EmbdDropout = 0.1, AttnDropout = 0.1, ResidDropout = 0.1 });
        Assert.Equal(expected.Tensors.Select(tensor => tensor.Name), model.Tensors.Select(tensor => tensor.Name));
        foreach (WeightTensor tensor in model.Tensors)
        {
            Assert.True(TensorDTypes.TryParse(tensor.Type, out TensorDType dtype));
            byte[] wanted = Bytes(expected.Tensor(tensor.Name), dtype), found = Bytes(tensor, dtype);
            Assert.True(wanted.AsSpan().SequenceEqual(found), $"{path}: {tensor.FileName}");
        }
    }

    [Theory]
    [MemberData(nameof(Stored))]
    public void APartOfATensorIsThatPartOfTheWhole(string path, string format, string golden)
    {
        _ = (format, golden);
        using ModelWeights model = WeightsCatalog.Open(Fixtures.Path(path));
        foreach (WeightTensor tensor in model.Tensors.Where(tensor => tensor.Name is "wpe.weight" or "h.1.attn.c_attn.weight" or "h.2.mlp.c_proj.weight" or "h.0.ln_1.bias"))
        {
            float[] whole = Floats(tensor);
            foreach ((int first, int count) in new[] { (0, 1), (1, 31), (31, 40), (5, whole.Length - 7), (whole.Length - 3, 3), (whole.Length, 0) })
            {
                float[] part = new float[Math.Clamp(count, 0, whole.Length - Math.Min(first, whole.Length))];
                int from = Math.Min(first, whole.Length - part.Length);
                tensor.Read(from, part);
                Assert.Equal(whole[from..(from + part.Length)], part);
            }

            Assert.Throws<ArgumentException>(() => tensor.Read(whole.Length - 1, new float[2]));
            Assert.Throws<ArgumentException>(() => tensor.Read(-1, new float[1]));
        }
    }

    /// <summary>A model without a tokenizer keeps the id that ends a text, unless the vocabulary does not have this id.</summary>
    [Theory]
    [InlineData(7, 7)]
    [InlineData(50_256, null)]
    public void WithoutATokenizerTheSourcesEndOfTextStays(int stored, int? written)
    {
        string source = Path.Combine(_directory.Path, "source"), golden = Fixtures.Path("golden/gpt2-tiny");
        Directory.CreateDirectory(source);
        File.Copy(Path.Combine(golden, "model.safetensors"), Path.Combine(source, "model.safetensors"));
        HuggingFaceConfig.Write(source, HuggingFaceConfig.Read(golden), stored is { } id ? new TextEnds(id, [id]) : null);
        using ModelWeights model = WeightsCatalog.Open(source);
        using ModelWeights again = Write(model, "hf", "f32", "target");
        Assert.Equal(written is { } end ? [end] : [], TextEnds.Read(again.Path).EndIds);
        Assert.Empty(TextEnds.Read(_directory.Path).EndIds);
    }

    /// <summary>A single file is a complete model. Other files in its folder may belong to another model.</summary>
    [Fact]
    public void TheConfigurationBesideAModelOfOneFileIsNotItsOwn()
    {
        string file = Path.Combine(_directory.Path, "gpt2_tiny.bin");
        File.Copy(Fixtures.Path("formats/llm.c/gpt2_tiny.bin"), file);
        HuggingFaceConfig.Write(_directory.Path, HuggingFaceConfig.Read(Fixtures.Path("golden/gpt2-tiny")), new TextEnds(7, [7]));
        using ModelWeights model = WeightsCatalog.Open(file);
        using ModelWeights again = Write(model, "hf", "f32", "target");
        Assert.Empty(TextEnds.Read(again.Path).EndIds);
    }

    [Theory]
    [InlineData("gpt2-tiny", "hf", "f32")]
    [InlineData("gpt2-tiny", "hf", "f16")]
    [InlineData("gpt2-tiny", "hf", "bf16")]
    [InlineData("gpt1-tiny", "hf", "f32")]
    [InlineData("gpt1-tiny", "hf", "bf16")]
    [InlineData("gpt1-tiny", "openai-gpt1", "f32")]
    [InlineData("gpt2-untied", "hf", "f32")]
    [InlineData("gpt2-untied", "hf", "f16")]
    [InlineData("gpt1-untied", "hf", "f32")]
    [InlineData("gpt1-untied", "hf", "bf16")]
    public void WhatIsWrittenIsReadBackBitForBitAndWrittenAgainTheSame(string golden, string format, string type)
    {
        using ModelWeights model = WeightsCatalog.Open(Fixtures.Path($"golden/{golden}"));
        using ModelWeights again = Write(model, format, type, "first");
        Assert.Equal(type, again.CommonType, ignoreCase: true);
        Assert.Equal(model.Config, again.Config);
        Assert.True(TensorDTypes.TryParse(type.ToUpperInvariant(), out TensorDType dtype));
        foreach (WeightTensor tensor in model.Tensors)
            Assert.True(Bytes(tensor, dtype).AsSpan().SequenceEqual(Bytes(again.Tensor(tensor.Name), dtype)), tensor.Name);

        using ModelWeights third = Write(again, format, type, "second");
        foreach (string file in Directory.GetFiles(again.Path))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(third.Path, Path.GetFileName(file))));
    }

    [Fact]
    public void OpenAiShardsAreThoseOfTheRelease()
    {
        using ModelWeights model = WeightsCatalog.Open(Fixtures.Path("golden/gpt1-tiny"));
        using ModelWeights written = Write(model, "openai-gpt1", "f32", "shards");
        foreach (string file in Directory.GetFiles(Fixtures.Path("formats/openai-gpt1"), "params_*.npy"))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(written.Path, Path.GetFileName(file))));
        Assert.Equal(
            File.ReadAllText(Fixtures.Path("formats/openai-gpt1/params_shapes.json")).Replace(" ", "", StringComparison.Ordinal).Trim(),
            File.ReadAllText(Path.Combine(written.Path, "params_shapes.json")));
    }

    [Fact]
    public void Gpt2DoesNotFitOpenAisFormOfGpt1()
    {
        using ModelWeights model = WeightsCatalog.Open(Fixtures.Path("golden/gpt2-tiny"));
        Assert.Contains("openai-gpt1 holds GPT-1's post-LN blocks only", Assert.Throws<NotSupportedException>(() => Write(model, "openai-gpt1", "f32", "no")).Message);
    }

    [Fact]
    public void ASeparateHeadDoesNotFitOpenAisFormOfGpt1()
    {
        using ModelWeights model = WeightsCatalog.Open(Fixtures.Path("golden/gpt1-untied"));
        Assert.Contains("has a separate output layer; in openai-gpt1 it is always the token embedding", Assert.Throws<NotSupportedException>(() => Write(model, "openai-gpt1", "f32", "no")).Message);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ANumberTooLargeForF16IsRefusedByTensor(bool isFirst)
    {
        using ModelWeights model = WeightsCatalog.Open(Large(70_000, isFirst));
        Assert.Contains("transformer.wpe.weight contains 70000, more than f16 can represent", Assert.Throws<NotSupportedException>(() => Write(model, "hf", "f16", "no")).Message);
        Write(model, "hf", "bf16", "yes").Dispose();
    }

    [Fact]
    public void SafetensorsMayLieInSeveralFiles()
    {
        string path = Sharded();
        using ModelWeights model = WeightsCatalog.Open(path), golden = WeightsCatalog.Open(Fixtures.Path("golden/gpt2-tiny"));
        foreach (WeightTensor tensor in golden.Tensors)
            Assert.Equal(Floats(tensor), Floats(model.Tensor(tensor.Name)));
    }

    [Theory]
    [InlineData("model-2.safetensors", "../model-2.safetensors", "it must be the name of a file in the same directory")]
    [InlineData("\"model-2.safetensors\"", "\"..\"", "it must be the name of a file in the same directory")]
    [InlineData("ln_f.bias\":\"model-2", "ln_f.bias\":\"model-1", "model-1.safetensors: does not hold 'transformer.ln_f.bias', which model.safetensors.index.json places there")]
    [InlineData("\"model-2.safetensors\"", "3", "it must be the name of a file in the same directory")]
    [InlineData("model-2.safetensors", "model-3.safetensors", "model-3.safetensors that it names is missing")]
    [InlineData("transformer.ln_f.bias", "transformer.ln_f.biased", "which model.safetensors.index.json does not list")]
    [InlineData("\"weight_map\"", "\"weights\"", "has no object 'weight_map'")]
    [InlineData("{", "[", "not well-formed JSON")]
    public void AnIndexThatDoesNotFitItsFilesIsRefused(string text, string replacement, string fault)
    {
        string index = Path.Combine(Sharded(), "model.safetensors.index.json");
        File.WriteAllText(index, File.ReadAllText(index).Replace(text, replacement, StringComparison.Ordinal));
        string message = Assert.Throws<InvalidDataException>(() => WeightsCatalog.Open(Path.GetDirectoryName(index)!)).Message;
        Assert.StartsWith(_directory.Path, message, StringComparison.Ordinal);
        Assert.Contains(fault, message, StringComparison.Ordinal);
    }

    [Fact]
    public void AConfigurationWithoutWeightsSaysWhatIsMissing()
    {
        File.Copy(Fixtures.Path("golden/gpt2-tiny/config.json"), _directory.File("config.json"));
        Assert.Equal($"{_directory.Path} holds config.json but no weights, such as model.safetensors", Assert.Throws<InvalidDataException>(() => WeightsCatalog.Open(_directory.Path)).Message);
    }

    /// <summary>Writes two files; the second holds the last layer.</summary>
    private string Sharded()
    {
        using SafetensorsFile golden = SafetensorsFile.Open(Fixtures.Path("golden/gpt2-tiny/model.safetensors"));
        SafetensorsWriter[] writers = [new(), new()];
        Dictionary<string, string> map = [];
        foreach (TensorInfo tensor in golden.Tensors.Values)
        {
            int part = tensor.Name.Contains("h.2.", StringComparison.Ordinal) || tensor.Name.Contains("ln_f", StringComparison.Ordinal) ? 1 : 0;
            writers[part].Add(tensor.Name, tensor.DType, tensor.Shape, golden.Bytes(tensor.Name).ToArray());
            map[tensor.Name] = $"model-{part + 1}.safetensors";
        }

        for (int i = 0; i < 2; i++)
            writers[i].Save(_directory.File($"model-{i + 1}.safetensors"));
        File.Copy(Fixtures.Path("golden/gpt2-tiny/config.json"), _directory.File("config.json"));
        _directory.Write("model.safetensors.index.json", System.Text.Json.JsonSerializer.Serialize(new { metadata = new { total_size = 1 }, weight_map = map }));
        return _directory.Path;
    }

    /// <summary>Writes a small model whose position embedding holds one large number, as its first or its last element.</summary>
    private string Large(float number, bool isFirst)
    {
        GptConfig small = new() { NLayer = 1, NHead = 1, NEmbd = 4, ContextLength = 3, VocabSize = 5 };
        Directory.CreateDirectory(_directory.File("large"));
        SafetensorsWriter writer = new();
        foreach (GptParameter parameter in GptParameter.Of(small))
        {
            float[] values = new float[parameter.Shape.Aggregate(1L, (product, size) => product * size)];
            values[isFirst ? 0 : values.Length - 1] = parameter.Name == "wpe.weight" ? number : 1;
            writer.Add(HuggingFaceNameMap.FileName(parameter.Name, small.Architecture), TensorDType.F32, parameter.Shape, System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values).ToArray());
        }

        HuggingFaceConfig.Write(_directory.File("large"), small);
        writer.Save(_directory.File("large/model.safetensors"));
        return _directory.File("large");
    }

    private ModelWeights Write(ModelWeights model, string format, string type, string name)
    {
        string target = _directory.File(name);
        Directory.CreateDirectory(target);
        WeightsCatalog.All.Single(candidate => candidate.Name == format).Write(model, null, type, target);
        return WeightsCatalog.Open(target);
    }

    private static float[] Floats(WeightTensor tensor)
    {
        float[] values = new float[tensor.ElementCount];
        tensor.Read(0, values);
        return values;
    }

    private static byte[] Bytes(WeightTensor tensor, TensorDType dtype)
    {
        byte[] bytes = new byte[tensor.ElementCount * dtype.Size()];
        dtype.FromFloats(Floats(tensor), bytes);
        return bytes;
    }
}
