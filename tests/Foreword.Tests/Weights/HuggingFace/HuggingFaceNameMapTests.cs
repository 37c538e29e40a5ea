using Foreword.Models;
using Foreword.Weights;
using Foreword.Weights.HuggingFace;

namespace Foreword.Tests.Weights.HuggingFace;

public sealed class HuggingFaceNameMapTests : IDisposable
{
    private static readonly GptConfig Small = new() { NLayer = 2, NHead = 2, NEmbd = 4, ContextLength = 3, VocabSize = 5 };

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("gpt2-tiny", "model")]
    [InlineData("gpt1-tiny", "model")]
    [InlineData("gpt2-tiny", "alt/model.noprefix-with-buffers")]
    [InlineData("gpt1-tiny", "alt/model.prefixed")]
    public void EveryPublishedNamingOfTheGoldenModelsIsUnderstood(string model, string file)
    {
        GptConfig config = (GptConfig)HuggingFaceConfig.Read(Fixtures.Path($"golden/{model}"));
        using SafetensorsFile original = SafetensorsFile.Open(Fixtures.Path($"golden/{model}/model.safetensors"));
        using SafetensorsFile variant = SafetensorsFile.Open(Fixtures.Path($"golden/{model}/{file}.safetensors"));
        IReadOnlyList<StoredTensor> found = HuggingFaceNameMap.Match(variant.Path, [.. variant.Stored()], config).Tensors;
        Assert.Equal(GptParameter.Of(config).Select(p => p.Name).Order(), found.Select(tensor => tensor.Name).Order());
        foreach (StoredTensor tensor in found)
            Assert.True(original.Bytes(HuggingFaceNameMap.FileName(tensor.Name, config.Architecture)).SequenceEqual(variant.Bytes(tensor.FileName)), tensor.Name);
    }

    [Theory]
    [InlineData("gpt2-tiny")]
    [InlineData("gpt1-tiny")]
    [InlineData("gpt2-untied")]
    [InlineData("gpt1-untied")]
    public void TheWrittenNamesAndShapesAreThoseOfTheGoldenModels(string model)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Fixtures.Path($"golden/{model}/model.safetensors"));
        GptConfig config = (GptConfig)HuggingFaceConfig.Read(Fixtures.Path($"golden/{model}"));
        IReadOnlyList<GptParameter> parameters = GptParameter.Of(config);
        Assert.Equal(file.Tensors.Keys.Select(Unprefixed).Order(), parameters.Select(p => Unprefixed(HuggingFaceNameMap.FileName(p.Name, config.Architecture))).Order());
        Assert.All(parameters, p => Assert.Equal(file.Tensors.Values.Single(tensor => Unprefixed(tensor.Name) == Unprefixed(HuggingFaceNameMap.FileName(p.Name, config.Architecture))).Shape, p.Shape));
        Assert.Equal(config.ParameterCount, parameters.Sum(p => p.Shape.Aggregate(1L, (product, size) => product * size)));

        static string Unprefixed(string key) => key.Replace("transformer.", "", StringComparison.Ordinal); // GPT-1's keys occur with and without the prefix
    }

    [Fact]
    public void AllMissingExtraAndMisshapenTensorsAreListedAtOnce()
    {
        string message = Refusal(tensors =>
        {
            tensors.Remove("transformer.ln_f.bias");
            tensors["transformer.h.7.attn.c_attn.bias"] = [12];
            tensors["transformer.wpe.weight"] = [4, 4];
        });
        Assert.EndsWith(
            "the tensors do not match the model's configuration: 1 missing (transformer.ln_f.bias); "
            + "1 extra (transformer.h.7.attn.c_attn.bias); 1 misshapen (transformer.wpe.weight is [4, 4], not [3, 4])", message);
    }

    [Fact]
    public void ALongListIsCutAndCounted()
    {
        string message = Refusal(tensors =>
        {
            foreach (string name in tensors.Keys.Where(name => name.StartsWith("transformer.h.1.", StringComparison.Ordinal)).ToArray())
                tensors.Remove(name);
        });
        Assert.Contains("12 missing (transformer.h.1.ln_1.weight, ", message);
        Assert.EndsWith("transformer.h.1.mlp.c_fc.bias and 2 more)", message);
    }

    [Fact]
    public void TwoTensorsOfOneParameterAreBothNamed() =>
        Assert.EndsWith("the tensors 'transformer.ln_f.bias' and 'module.ln_f.bias' are both ln_f.bias", Refusal(tensors => tensors["module.ln_f.bias"] = [4]));

    /// <summary>The prefixes of torch.compile, DistributedDataParallel, Lightning and FSDP, nested, and around the whole model or a part.</summary>
    [Theory]
    [InlineData("gpt2-tiny", "_orig_mod.transformer.", "_orig_mod.")]
    [InlineData("gpt2-tiny", "module.transformer.", "module.")]
    [InlineData("gpt2-tiny", "_orig_mod.module.model.transformer.", "_orig_mod.module.model.")]
    [InlineData("gpt2-tiny", "module._orig_mod.", "module._orig_mod.")]
    [InlineData("gpt2-tiny", "backbone.", "")]
    [InlineData("gpt2-tiny", "transformer._fsdp_wrapped_module.", "")]
    [InlineData("gpt1-tiny", "module._orig_mod.transformer.", "")]
    public void ThePrefixesOfWrappersAreRemoved(string model, string prefix, string headPrefix)
    {
        GptConfig config = (GptConfig)HuggingFaceConfig.Read(Fixtures.Path($"golden/{model}"));
        using SafetensorsFile original = SafetensorsFile.Open(Fixtures.Path($"golden/{model}/model.safetensors"));
        StoredTensor[] tensors = [.. original.Stored()];
        StoredTensor[] wrapped = [.. tensors.Select(tensor => Renamed(tensor, prefix + tensor.FileName.Replace("transformer.", "", StringComparison.Ordinal)))];
        if (config.Architecture == ModelArchitecture.Gpt2)
            wrapped = [.. wrapped, Renamed(tensors.Single(tensor => tensor.FileName == "transformer.wte.weight"), headPrefix + "lm_head.weight")];
        (ModelConfig found, IReadOnlyList<StoredTensor> matched) = HuggingFaceNameMap.Match("file", wrapped, config);
        Assert.Equal(config, found);
        Assert.Equal(GptParameter.Of(config).Select(p => p.Name).Order(), matched.Select(tensor => tensor.Name).Order());
    }

    [Fact]
    public void TheWrapperOfAPartOfTheModelIsRemoved()
    {
        Assert.Equal("h.0.attn.c_attn.weight", WrapperNames.Remove("transformer.h.0._orig_mod.attn._checkpoint_wrapped_module.c_attn.weight"));
        Assert.Equal("h.0.my_orig_mod.weight", WrapperNames.Remove("h.0.my_orig_mod.weight"));
    }

    /// <summary>Uses nn.Linear's layout, as in nanoGPT. The square matrix is also transposed.</summary>
    [Fact]
    public void MatricesOfLinearLayersAreTransposed()
    {
        GptConfig config = (GptConfig)HuggingFaceConfig.Read(Fixtures.Path("golden/gpt2-tiny"));
        using SafetensorsFile original = SafetensorsFile.Open(Fixtures.Path("golden/gpt2-tiny/model.safetensors"));
        SafetensorsWriter writer = new();
        foreach (StoredTensor tensor in original.Stored())
        {
            StoredTensor linear = tensor.FileName.Split('.') is [.., "c_attn" or "c_proj" or "c_fc", "weight"] ? tensor.Transposed() : tensor;
            writer.Add(tensor.FileName, TensorDType.F32, linear.Shape, stream => TensorBytes.Write(linear, TensorDType.F32, stream));
        }

        string path = _directory.File("linear.safetensors");
        writer.Save(path);
        using SafetensorsFile written = SafetensorsFile.Open(path);
        Assert.Equal([96, 32], written.Tensor("transformer.h.0.attn.c_attn.weight").Shape);
        Dictionary<string, StoredTensor> expected = HuggingFaceNameMap.Match("file", [.. original.Stored()], config).Tensors.ToDictionary(tensor => tensor.Name);
        foreach (StoredTensor tensor in HuggingFaceNameMap.Match(path, [.. written.Stored()], config).Tensors)
            Assert.Equal(Floats(expected[tensor.Name]), Floats(tensor));
    }

    private static float[] Floats(StoredTensor tensor)
    {
        float[] values = new float[tensor.ElementCount];
        tensor.Read(0, values);
        return values;
    }

    private static StoredTensor Renamed(StoredTensor tensor, string name) => new(name, tensor.DType, tensor.Shape, tensor.Parts);

    [Fact]
    public void OnlyMaskBuffersOfLayersThatExistArePassedOver()
    {
        Assert.Contains("2 extra (h.0.attn.bias, h.2.attn.bias)", Refusal(tensors =>
        {
            tensors["h.0.attn.bias"] = [12]; // not a mask, but an unrelated bias
            tensors["h.1.attn.bias"] = [1, 1, 3, 3];
            tensors["h.1.attn.masked_bias"] = [];
            tensors["h.2.attn.bias"] = [1, 1, 3, 3];
        }));
    }

    /// <summary>Older versions of transformers stored the positions of GPT-1 with its weights. GPT-2 had no such tensor.</summary>
    [Theory]
    [InlineData("gpt1-tiny", true, 1, 32)]
    [InlineData("gpt1-tiny", true, 32)]
    [InlineData("gpt1-tiny", false, 1, 1, 32)]
    [InlineData("gpt2-tiny", false, 1, 32)]
    public void OnlyGpt1HasPositionsThatArePassedOver(string model, bool isBuffer, params int[] shape)
    {
        GptConfig config = (GptConfig)HuggingFaceConfig.Read(Fixtures.Path($"golden/{model}"));
        using SafetensorsFile file = SafetensorsFile.Open(Fixtures.Path($"golden/{model}/model.safetensors"));
        StoredTensor[] tensors = [.. file.Stored()];
        StoredTensor any = tensors.First(tensor => tensor.ElementCount == 32), positions = new("position_ids", any.DType, [.. shape.Select(size => (long)size)], any.Parts);
        if (isBuffer)
            Assert.Equal(tensors.Length, HuggingFaceNameMap.Match(file.Path, [.. tensors, positions], config).Tensors.Count);
        else
            Assert.Contains("1 extra (position_ids)", Assert.Throws<InvalidDataException>(() => HuggingFaceNameMap.Match(file.Path, [.. tensors, positions], config)).Message);
    }

    [Fact]
    public void AParameterOfIntegersIsRefused()
    {
        string path = Write(_ => { }, name => name.EndsWith("wpe.weight", StringComparison.Ordinal) ? TensorDType.I32 : TensorDType.F32);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.Contains("transformer.wpe.weight is I32, not F32, F16, BF16 or F64", Assert.Throws<InvalidDataException>(() => Match(file, Small)).Message);
    }

    [Fact]
    public void AHeadEqualToTheEmbeddingIsTiedUnlessTheConfigurationSaysOtherwise()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Write(tensors => tensors["lm_head.weight"] = [5, 4]));
        (ModelConfig config, IReadOnlyList<StoredTensor> tensors) = HuggingFaceNameMap.Match(file.Path, [.. file.Stored()], Small);
        Assert.Equal(Small, config);
        Assert.Equal("transformer.wte.weight", tensors.Single(tensor => tensor.Name == "wte.weight").FileName);
        Assert.DoesNotContain(tensors, tensor => tensor.Name == "lm_head.weight");

        GptConfig separate = Small with { TieWordEmbeddings = false };
        (config, tensors) = HuggingFaceNameMap.Match(file.Path, [.. file.Stored()], separate);
        Assert.Equal(separate, config);
        Assert.Contains(tensors, tensor => tensor.Name == "lm_head.weight");
    }

    [Fact]
    public void OfTwoNamesForOneTensorEitherWillDo()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Write(tensors =>
        {
            tensors.Remove("transformer.wte.weight");
            tensors["lm_head.weight"] = [5, 4];
        }));
        (ModelConfig config, IReadOnlyList<StoredTensor> found) = HuggingFaceNameMap.Match(file.Path, [.. file.Stored()], Small);
        Assert.Equal(Small, config);
        Assert.Equal("lm_head.weight", found.Single(tensor => tensor.Name == "wte.weight").FileName);
        Assert.DoesNotContain(found, tensor => tensor.Name == "lm_head.weight");
        Assert.EndsWith("1 missing (transformer.wte.weight)", Assert.Throws<InvalidDataException>(() => Match(file, Small with { TieWordEmbeddings = false })).Message);
    }

    [Fact]
    public void AHeadThatDiffersIsSeparateWhateverTheConfigurationSays()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Write(tensors => tensors["lm_head.weight"] = [5, 4], headFill: 1));
        (ModelConfig config, IReadOnlyList<StoredTensor> tensors) = HuggingFaceNameMap.Match(file.Path, [.. file.Stored()], Small);
        Assert.Equal(Small with { TieWordEmbeddings = false }, config);
        Assert.Contains(tensors, tensor => tensor.Name == "lm_head.weight");
        Assert.EndsWith("1 misshapen (lm_head.weight is [4, 5], not [5, 4])", Refusal(tensors => tensors["lm_head.weight"] = [4, 5]));
    }

    [Fact]
    public void ASeparateHeadThatTheFileLacksIsMissing()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Write(_ => { }));
        Assert.EndsWith("1 missing (lm_head.weight)", Assert.Throws<InvalidDataException>(() => Match(file, Small with { TieWordEmbeddings = false })).Message);
    }

    [Fact]
    public void AnAbsurdNumberOfLayersIsRefusedWithoutListingThem()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Write(_ => { }));
        Assert.Contains("too few for the configuration's 2000000000 layers", Assert.Throws<InvalidDataException>(() =>
            Match(file, Small with { NLayer = 2_000_000_000 })).Message);
    }

    private static IReadOnlyList<StoredTensor> Match(SafetensorsFile file, GptConfig config) => HuggingFaceNameMap.Match(file.Path, [.. file.Stored()], config).Tensors;

    private string Refusal(Action<Dictionary<string, long[]>> change)
    {
        string path = Write(change);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        string message = Assert.Throws<InvalidDataException>(() => Match(file, Small)).Message;
        Assert.StartsWith($"{path}: ", message, StringComparison.Ordinal);
        return message;
    }

    /// <summary>Writes a file of the small model's tensors, all zero, with a change.</summary>
    private string Write(Action<Dictionary<string, long[]>> change, Func<string, TensorDType>? dtype = null, byte headFill = 0)
    {
        Dictionary<string, long[]> tensors = GptParameter.Of(Small).ToDictionary(p => HuggingFaceNameMap.FileName(p.Name, Small.Architecture), p => p.Shape);
        change(tensors);
        SafetensorsWriter writer = new();
        foreach ((string name, long[] shape) in tensors)
        {
            byte[] bytes = new byte[4 * shape.Aggregate(1L, (product, size) => product * size)];
            if (name == "lm_head.weight")
                bytes[^1] = headFill;
            writer.Add(name, dtype?.Invoke(name) ?? TensorDType.F32, shape, bytes);
        }

        string path = _directory.File("model.safetensors");
        writer.Save(path);
        return path;
    }
}
