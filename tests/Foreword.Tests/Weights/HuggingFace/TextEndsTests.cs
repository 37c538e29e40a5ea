using System.Text.Json.Nodes;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Catalog;
using Foreword.Tokenization.Files;
using Foreword.Weights;
using Foreword.Weights.Catalog;
using Foreword.Weights.HuggingFace;

namespace Foreword.Tests.Weights.HuggingFace;

/// <summary>A conversion between formats keeps the tokens that begin and end a text, and the added tokens.</summary>
public sealed class TextEndsTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void AHuggingFaceDirectoryKeepsTheEndsAndTheAddedTokens()
    {
        Tokenizer tokenizer = Source();
        using ModelWeights model = WeightsCatalog.Open(_directory.File("source"));
        using ModelWeights again = Write(model, "hf");
        foreach (string file in (string[])["config.json", "generation_config.json"])
        {
            JsonNode json = JsonNode.Parse(File.ReadAllText(Path.Combine(again.Path, file)))!;
            Assert.Equal("[262,10]", json["eos_token_id"]!.ToJsonString());
            Assert.Equal(261, (int)json["bos_token_id"]!);
        }

        Same(tokenizer, ModelDirectory.LoadTokenizer(again.Path));
    }

    [Fact]
    public void AGgufFileKeepsTheEndsAndTheAddedTokens()
    {
        Tokenizer tokenizer = Source();
        using ModelWeights model = WeightsCatalog.Open(_directory.File("source"));
        using ModelWeights again = Write(model, "gguf");
        Tokenizer found = ModelDirectory.LoadTokenizer(again.Path);
        Same(tokenizer, found);
        Assert.Equal("<pad>", found.TokenText(260)); // not [PAD260]
        byte[] end = [.. "tokenizer.ggml.eot_token_id"u8, 4, 0, 0, 0, 10, 0, 0, 0]; // UINT32 10, for llama.cpp, which has no list of ends
        Assert.True(File.ReadAllBytes(again.Path).AsSpan().IndexOf(end) > 0);
        Assert.Equal([(259, true), (260, true), (261, true), (262, true), (263, false)], found.AddedTokens.Select(token => (token.Id, token.IsSpecial)));
    }

    [Fact]
    public void WithoutATokenizerSeveralEndsStay()
    {
        Source();
        foreach (string file in Directory.GetFiles(_directory.File("source")).Where(file => Path.GetFileName(file) is not ("config.json" or "generation_config.json" or "model.safetensors")))
            File.Delete(file);
        using ModelWeights model = WeightsCatalog.Open(_directory.File("source"));
        using ModelWeights again = Write(model, "hf");
        Assert.Equal([262, 10], TextEnds.Read(again.Path).EndIds);
    }

    [Theory]
    [InlineData("""{"add_prefix_space": true}""", "the model's tokenizer has add_prefix_space = true, which a GGUF file cannot hold")]
    [InlineData("""{"added_tokens_decoder": {"263": {"content": "<u>", "rstrip": true}}}""", "added token '<u>' with lstrip, rstrip or single_word")]
    public void WhatGgufCannotHoldIsRefusedByName(string config, string sentence)
    {
        Source();
        File.WriteAllText(_directory.File("source/tokenizer_config.json"), config);
        File.Delete(_directory.File("source/added_tokens.json"));
        File.Delete(_directory.File("source/special_tokens_map.json"));
        if (config.Contains("263", StringComparison.Ordinal))
            File.WriteAllText(_directory.File("source/tokenizer_config.json"), config.Replace("263", "260", StringComparison.Ordinal));
        using ModelWeights model = WeightsCatalog.Open(_directory.File("source"));
        Assert.Contains(sentence, Assert.Throws<NotSupportedException>(() => Write(model, "gguf")).Message);
    }

    /// <summary>Added tokens for which the model has no row are left out of a GGUF file. Files next to the weights keep them.</summary>
    [Theory]
    [InlineData("hf", 302)]
    [InlineData("gguf", 300)]
    public void AddedTokensWithoutARowDoNotHinderAConversion(string format, int written)
    {
        Source();
        string added = string.Join(", ", Enumerable.Range(260, 42).Select(id => $"\"<{id}>\": {id}"));
        File.WriteAllText(_directory.File("source/added_tokens.json"), $"{{{added}}}");
        File.WriteAllText(_directory.File("source/special_tokens_map.json"), """{"pad_token": "<301>", "eos_token": "<300>", "bos_token": "<261>"}""");
        using ModelWeights model = WeightsCatalog.Open(_directory.File("source"));
        using ModelWeights again = Write(model, format);
        Tokenizer tokenizer = again.Format.LoadTokenizer(again.Path);
        Assert.Equal((300, written), (again.Config.VocabSize, tokenizer.VocabSize));
        ModelDirectory.CheckVocabulary(again.Path, tokenizer, again.Config);
        Assert.Equal(261, tokenizer.StartOfTextId);
    }

    /// <summary>
    /// Writes a model of 300 ids with a tokenizer of 264 ids, as older programs wrote them. The end of a document is 262, and 10 also ends a
    /// generated text.
    /// </summary>
    private Tokenizer Source()
    {
        string source = Directory.CreateDirectory(_directory.File("source")).FullName;
        File.Copy(Fixtures.Path("golden/gpt2-tiny/model.safetensors"), Path.Combine(source, "model.safetensors"));
        HuggingFaceConfig.Write(source, HuggingFaceConfig.Read(Fixtures.Path("golden/gpt2-tiny")), new TextEnds(259, [259]));
        ByteLevelBpe small = new BpeTrainer { VocabSize = 260 }.Train(["the then the then the then"], cancellationToken: TestContext.Current.CancellationToken);
        small.Save(source);
        File.Delete(Path.Combine(source, "tokenizer.json"));
        File.WriteAllText(Path.Combine(source, "tokenizer_config.json"), "{}");
        File.WriteAllText(Path.Combine(source, "added_tokens.json"), """{"<pad>": 260, "<s>": 261, "</s>": 262, "<user>": 263}""");
        File.WriteAllText(Path.Combine(source, "special_tokens_map.json"), """{"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>"}""");
        File.WriteAllText(Path.Combine(source, "generation_config.json"), """{"eos_token_id": [262, 10], "bos_token_id": 261}""");
        Tokenizer tokenizer = TokenizerFiles.Load(source);
        Assert.Equal((264, 261, 262), (tokenizer.VocabSize, tokenizer.StartOfTextId, tokenizer.EndOfTextId));
        Assert.Equal([262, 10], tokenizer.StopIds);
        return tokenizer;
    }

    private static void Same(Tokenizer wanted, Tokenizer found)
    {
        Assert.Equal(wanted.Fingerprint, found.Fingerprint);
        Assert.Equal((wanted.StartOfTextId, wanted.EndOfTextId), (found.StartOfTextId, found.EndOfTextId));
        Assert.Equal(wanted.StopIds, found.StopIds);
        Assert.Equal(wanted.Encode("<user>the<pad></s>", allowSpecial: true), found.Encode("<user>the<pad></s>", allowSpecial: true));
    }

    private ModelWeights Write(ModelWeights model, string format)
    {
        string target = _directory.File($"target.{format}");
        WeightsFormat written = WeightsCatalog.All.Single(candidate => candidate.Name == format);
        if (!written.WritesFile)
            Directory.CreateDirectory(target);
        written.Write(model, model.HasTokenizer ? ModelDirectory.LoadTokenizer(model.Path) : null, "f32", target);
        return WeightsCatalog.Open(target);
    }
}
