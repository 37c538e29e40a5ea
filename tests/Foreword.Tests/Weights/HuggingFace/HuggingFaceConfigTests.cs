using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Foreword.Models;
using Foreword.Tokenization.Files;
using Foreword.Weights;
using Foreword.Weights.HuggingFace;

namespace Foreword.Tests.Weights.HuggingFace;

public sealed class HuggingFaceConfigTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("golden/gpt2-tiny", ModelArchitecture.Gpt2)]
    [InlineData("golden/gpt1-tiny", ModelArchitecture.Gpt1)]
    public void TheGoldenConfigurationIsRead(string model, ModelArchitecture architecture)
    {
        GptConfig expected = new()
        {
            Architecture = architecture,
            NLayer = 3,
            NHead = 4,
            NEmbd = 32,
            ContextLength = 64,
            VocabSize = 300,
            EmbdDropout = 0,
            AttnDropout = 0,
            ResidDropout = 0,
        };
        Assert.Equal(expected, HuggingFaceConfig.Read(Fixtures.Path(model)));
    }

    [Theory]
    [InlineData("gpt1")]
    [InlineData("gpt2-medium")]
    public void WhatIsWrittenIsReadAgain(string preset)
    {
        GptConfig config = GptConfig.Preset(preset) with { AttnDropout = 0.25, LayerNormEpsilon = 1e-6, InitializerRange = 0.01 };
        HuggingFaceConfig.Write(_directory.Path, config, new TextEnds(5, [5]));
        Assert.Equal(config, HuggingFaceConfig.Read(_directory.Path));
    }

    [Fact]
    public void WhatIsWrittenHasTheFieldsThatTransformersLooksFor()
    {
        HuggingFaceConfig.Write(_directory.Path, GptConfig.Preset("gpt2"), new TextEnds(50_256, [50_256]), dtype: TensorDType.Bf16);
        JsonNode json = JsonNode.Parse(File.ReadAllText(_directory.File("config.json")))!;
        Assert.Equal("GPT2LMHeadModel", (string?)json["architectures"]![0]);
        Assert.Equal("gpt2", (string?)json["model_type"]);
        Assert.Equal(1024, (int)json["n_positions"]!);
        Assert.Equal(1024, (int)json["n_ctx"]!);
        Assert.Equal("gelu_new", (string?)json["activation_function"]);
        Assert.Equal(50_256, (int)json["bos_token_id"]!);
        Assert.Equal(50_256, (int)json["eos_token_id"]!);
        Assert.Equal("bfloat16", (string?)json["torch_dtype"]);
        Assert.True((bool)json["tie_word_embeddings"]!);

        HuggingFaceConfig.Write(_directory.Path, GptConfig.Preset("gpt1"));
        json = JsonNode.Parse(File.ReadAllText(_directory.File("config.json")))!;
        Assert.Equal("OpenAIGPTLMHeadModel", (string?)json["architectures"]![0]);
        Assert.Equal("openai-gpt", (string?)json["model_type"]);
        Assert.Equal("gelu", (string?)json["afn"]);
        Assert.Null(json["bos_token_id"]);
    }

    [Theory]
    [InlineData(ModelArchitecture.Gpt2, 300, true)]
    [InlineData(ModelArchitecture.Gpt2, 50_256, true)]
    [InlineData(ModelArchitecture.Gpt2, 50_257, false)]
    [InlineData(ModelArchitecture.Gpt1, 300, false)]
    public void WithoutATokenizerNoEndIsWrittenThatTheVocabularyLacks(ModelArchitecture architecture, int vocabulary, bool isNull)
    {
        HuggingFaceConfig.Write(_directory.Path, new GptConfig { Architecture = architecture, VocabSize = vocabulary });
        JsonObject json = JsonNode.Parse(File.ReadAllText(_directory.File("config.json")))!.AsObject();
        Assert.Equal(isNull, json.ContainsKey("bos_token_id")); // GPT2Config uses 50,256 if the field is absent; OpenAIGPTConfig has no such default
        Assert.Equal(isNull, json.ContainsKey("eos_token_id"));
    }

    /// <summary>GPT2Config uses 50,256 if a field is absent. Where the vocabulary has no such id, null must be there.</summary>
    [Theory]
    [InlineData(null, new int[0], "null", "null")]
    [InlineData(7, new int[0], "7", "null")]
    [InlineData(null, new[] { 8 }, "8", "8")]
    [InlineData(7, new[] { 8, 9 }, "7", "[8,9]")]
    public void EachEndOfASmallVocabularyIsWrittenOnce(int? start, int[] ends, string bos, string eos)
    {
        HuggingFaceConfig.Write(_directory.Path, new GptConfig { VocabSize = 300 }, new TextEnds(start, ends));
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(_directory.File("config.json")));
        string[] Values(string name) => [.. document.RootElement.EnumerateObject().Where(field => field.Name == name).Select(field => JsonSerializer.Serialize(field.Value))];
        Assert.Equal([bos], Values("bos_token_id"));
        Assert.Equal([eos], Values("eos_token_id"));
    }

    [Fact]
    public void AnImpossibleConfigurationIsNotWrittenOverTheOldOne()
    {
        string path = _directory.Write("config.json", "old");
        Assert.Throws<ArgumentException>(() => HuggingFaceConfig.Write(_directory.Path, new GptConfig { NEmbd = 100 }));
        Assert.Equal("old", File.ReadAllText(path));
    }

    [Theory]
    [InlineData("activation_function", "\"mish\"", "activation_function is \"mish\"; only \"gelu_new\", \"gelu_pytorch_tanh\", \"gelu_python_tanh\", \"gelu_fast\", \"gelu_accurate\", \"gelu\", \"gelu_python\", \"relu\", \"silu\", \"swish\", \"quick_gelu\" are supported")]
    [InlineData("activation_function", "7", "activation_function is 7; only")]
    [InlineData("n_inner", "0", "n_inner is 0; it must be at least 1")]
    [InlineData("n_inner", "1.5", "n_inner is 1.5; it must be a 32-bit integer")]
    [InlineData("scale_attn_by_inverse_layer_idx", "1", "scale_attn_by_inverse_layer_idx is 1; it must be true or false")]
    [InlineData("reorder_and_upcast_attn", "\"no\"", "reorder_and_upcast_attn is \"no\"; it must be true or false")]
    [InlineData("scale_attn_weights", "0", "scale_attn_weights is 0; it must be true or false")]
    [InlineData("tie_word_embeddings", "0", "tie_word_embeddings is 0; it must be true or false")]
    [InlineData("add_cross_attention", "true", "add_cross_attention is true; only false is supported")]
    [InlineData("pruned_heads", "{\"0\":[1]}", "pruned_heads is {\"0\":[1]}; models with pruned heads are not supported")]
    [InlineData("quantization_config", "{}", "quantization_config is {}")]
    [InlineData("model_type", "\"llama\"", "model_type is \"llama\"; only \"gpt2\", \"openai-gpt\" and \"lstm-lm\" are supported")]
    [InlineData("model_type", "7", "model_type is 7; it must be")]
    [InlineData("n_layer", "\"12\"", "n_layer is \"12\"; it must be a 32-bit integer")]
    [InlineData("n_layer", "2.5", "n_layer is 2.5; it must be a 32-bit integer")]
    [InlineData("n_layer", "0", "n_layer is 0; it must be at least 1")]
    [InlineData("n_head", "5", "n_embd is 32, which is not a multiple of n_head 5")]
    [InlineData("attn_pdrop", "\"x\"", "attn_pdrop is \"x\"; it must be a number")]
    [InlineData("attn_pdrop", "1.5", "attn_dropout is 1.5; it must be at least 0 and below 1")]
    [InlineData("n_ctx", "128", "n_positions is 64 but n_ctx is 128")]
    [InlineData("vocab_size", "null", "the field 'vocab_size' is missing")]
    public void WhatTheModelCannotDoIsRefusedByNameAndValue(string field, string value, string expected) =>
        Assert.Contains(expected, Refusal(json => json[field] = JsonNode.Parse(value)));

    [Theory]
    [InlineData("n_embd")]
    [InlineData("n_layer")]
    [InlineData("n_head")]
    [InlineData("vocab_size")]
    [InlineData("model_type")]
    public void AMissingFieldIsNamed(string field) =>
        Assert.EndsWith($"the field '{field}' is missing", Refusal(json => json.Remove(field)));

    [Fact]
    public void EitherNameOfTheContextLengthIsEnough()
    {
        Write(json => json.Remove("n_ctx"));
        Assert.Equal(64, HuggingFaceConfig.Read(_directory.Path).ContextLength);
        Write(json => json.Remove("n_positions"));
        Assert.Equal(64, HuggingFaceConfig.Read(_directory.Path).ContextLength);
        Assert.EndsWith("the field 'n_positions' is missing", Refusal(json => _ = json.Remove("n_positions") && json.Remove("n_ctx")));
    }

    /// <summary>The aliases of GPT2Config.attribute_map in transformers.</summary>
    [Theory]
    [InlineData("n_embd", "hidden_size", 33)]
    [InlineData("n_layer", "num_hidden_layers", 4)]
    [InlineData("n_head", "num_attention_heads", 8)]
    [InlineData("n_positions", "max_position_embeddings", 65)]
    public void AnAliasIsReadUnlessItContradicts(string field, string alias, int other)
    {
        GptConfig expected = (GptConfig)HuggingFaceConfig.Read(Fixtures.Path("golden/gpt2-tiny"));
        int value = 0;
        Write(json =>
        {
            value = (int)json[field]!;
            json[alias] = value;
            json.Remove(field);
            json.Remove("n_ctx");
        });
        Assert.Equal(expected, HuggingFaceConfig.Read(_directory.Path));
        Assert.EndsWith($"{field} is {value} but {alias} is {other}", Refusal(json => json[alias] = other));
    }

    /// <summary>GPT2Config's activation_function and OpenAIGPTConfig's afn: the same name does not mean the same function in both.</summary>
    [Theory]
    [InlineData("gpt2-tiny", "activation_function", "gelu", Activation.Gelu)]
    [InlineData("gpt2-tiny", "activation_function", "gelu_fast", Activation.GeluTanh)]
    [InlineData("gpt2-tiny", "activation_function", "swish", Activation.Silu)]
    [InlineData("gpt2-tiny", "activation_function", "quick_gelu", Activation.QuickGelu)]
    [InlineData("gpt1-tiny", "afn", "gelu", Activation.GeluTanh)]
    [InlineData("gpt1-tiny", "afn", "relu", Activation.Relu)]
    [InlineData("gpt1-tiny", "afn", "swish", Activation.Silu)]
    public void TheActivationIsTheArchitecturesOfThatName(string model, string field, string name, Activation expected)
    {
        JsonObject json = JsonNode.Parse(File.ReadAllText(Fixtures.Path($"golden/{model}/config.json")))!.AsObject();
        json[field] = name;
        _directory.Write("config.json", json.ToJsonString());
        GptConfig config = (GptConfig)HuggingFaceConfig.Read(_directory.Path);
        Assert.Equal(expected, config.Activation);
        HuggingFaceConfig.Write(_directory.Path, config);
        Assert.Equal(config, HuggingFaceConfig.Read(_directory.Path));
    }

    [Fact]
    public void OtherComputationsAreWrittenAsTransformersReadsThem()
    {
        GptConfig config = (GptConfig)HuggingFaceConfig.Read(Fixtures.Path("golden/gpt2-tiny")) with { Activation = Activation.Silu, FeedForwardWidth = 40, ScaleAttention = false, ScaleAttentionByInverseLayer = true };
        HuggingFaceConfig.Write(_directory.Path, config);
        Assert.Equal(config, HuggingFaceConfig.Read(_directory.Path));
        JsonNode json = JsonNode.Parse(File.ReadAllText(_directory.File("config.json")))!;
        Assert.Equal(("silu", 40), ((string?)json["activation_function"], (int)json["n_inner"]!));
        Assert.False((bool)json["scale_attn_weights"]!);
        Assert.True((bool)json["scale_attn_by_inverse_layer_idx"]!);
        Assert.Equal(["activation is silu", "n_inner is 40, not 4 n_embd = 128", "scale_attention is false", "scale_attention_by_inverse_layer is true"], config.Deviations);
    }

    /// <summary>Attention in another order of operations and always in float32 is the same function.</summary>
    [Fact]
    public void ReorderAndUpcastChangesNothing()
    {
        Write(json => json["reorder_and_upcast_attn"] = true);
        Assert.Equal(HuggingFaceConfig.Read(Fixtures.Path("golden/gpt2-tiny")), HuggingFaceConfig.Read(_directory.Path));
    }

    [Fact]
    public void AFeedForwardWidthOfFourTimesTheModelsIsTheUsualOne()
    {
        Write(json => json["n_inner"] = 128);
        Assert.Equal(HuggingFaceConfig.Read(Fixtures.Path("golden/gpt2-tiny")), HuggingFaceConfig.Read(_directory.Path));
    }

    /// <summary>GPT2Config uses 50,256 for a missing id, but a small vocabulary does not have this id.</summary>
    [Fact]
    public void AStartWithoutAnEndSaysThatThereIsNone()
    {
        HuggingFaceConfig.Write(_directory.Path, HuggingFaceConfig.Read(Fixtures.Path("golden/gpt2-tiny")), new TextEnds(5, []));
        string text = File.ReadAllText(_directory.File("config.json"));
        Assert.Contains("\"bos_token_id\": 5", text, StringComparison.Ordinal);
        Assert.Contains("\"eos_token_id\": null", text, StringComparison.Ordinal);
    }

    /// <summary>Windows editors and PowerShell put a byte order mark at the start of a file.</summary>
    [Fact]
    public void AByteOrderMarkIsPassedOver()
    {
        GptConfig config = GptConfig.Preset("gpt2");
        HuggingFaceConfig.Write(_directory.Path, config, new TextEnds(5, [5]));
        _directory.Write("config.json", "\uFEFF" + File.ReadAllText(_directory.File("config.json")));
        Assert.Equal(config, HuggingFaceConfig.Read(_directory.Path));
        Assert.Equal([5], TextEnds.Read(_directory.Path).EndIds);
    }

    [Theory]
    [InlineData("", "not well-formed JSON")]
    [InlineData("{", "not well-formed JSON")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 665\n", "is a Git LFS pointer")]
    [InlineData("[]", "not a JSON object")]
    [InlineData("{\"n_embd\":1,\"n_embd\":2}", "not well-formed JSON")]
    [InlineData("{\"model_type\":\"\\ud800\"}", "not well-formed JSON")]
    public void AFileThatIsNoJsonObjectIsRefusedWithItsPath(string text, string expected)
    {
        string path = _directory.Write("config.json", text);
        string message = Assert.Throws<InvalidDataException>(() => HuggingFaceConfig.Read(_directory.Path)).Message;
        Assert.StartsWith(path, message, StringComparison.Ordinal);
        Assert.Contains(expected, message);
    }

    [Fact]
    public void AMutatedFileIsReadOrRefusedAndNothingElse()
    {
        byte[] original = File.ReadAllBytes(Fixtures.Path("golden/gpt2-tiny/config.json"));
        int refused = 0;
        Gen.Select(Gen.Int[0, original.Length - 1], Gen.Byte).Array[1, 3].Sample(changes =>
        {
            byte[] bytes = [.. original];
            foreach ((int at, byte value) in changes)
                bytes[at] = value;
            File.WriteAllBytes(_directory.File("config.json"), bytes);
            try
            {
                HuggingFaceConfig.Read(_directory.Path);
            }
            catch (InvalidDataException problem)
            {
                Assert.StartsWith(_directory.Path, problem.Message, StringComparison.Ordinal);
                refused++;
            }
        }, iter: 2_000, threads: 1);
        Assert.NotEqual(0, refused);
    }

    private string Refusal(Action<JsonObject> change)
    {
        string path = Write(change);
        string message = Assert.Throws<InvalidDataException>(() => HuggingFaceConfig.Read(_directory.Path)).Message;
        Assert.StartsWith($"{path}: ", message, StringComparison.Ordinal);
        return message;
    }

    /// <summary>Writes the golden GPT-2 configuration with a change.</summary>
    private string Write(Action<JsonObject> change)
    {
        JsonObject json = JsonSerializer.Deserialize<JsonObject>(File.ReadAllText(Fixtures.Path("golden/gpt2-tiny/config.json")))!;
        change(json);
        return _directory.Write("config.json", json.ToJsonString());
    }
}
