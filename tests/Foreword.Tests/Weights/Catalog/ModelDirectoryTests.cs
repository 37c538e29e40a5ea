using System.Text;
using Foreword.Generation;
using Foreword.Models;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Catalog;
using Foreword.Weights.Catalog;

namespace Foreword.Tests.Weights.Catalog;

public sealed class ModelDirectoryTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void ADirectoryWithAConfigurationIsTheModelItself()
    {
        _directory.Write("config.json", "{}");
        _directory.Write("best/config.json", "{}");
        Assert.Equal(_directory.Path, ModelDirectory.Resolve(_directory.Path));
    }

    [Fact]
    public void ARunDirectoryMeansItsBestCheckpoint()
    {
        _directory.Write("checkpoint-9/config.json", "{}");
        _directory.Write("best/config.json", "{}");
        Assert.Equal(_directory.File("best"), ModelDirectory.Resolve(_directory.Path));
    }

    [Fact]
    public void WithoutABestCheckpointTheHighestStepCountsNotTheLastName()
    {
        _directory.Write("checkpoint-900/config.json", "{}");
        _directory.Write("checkpoint-1000/config.json", "{}");
        _directory.Write("checkpoint-2000/weights.part", ""); // holds no model
        _directory.Write("checkpoint-3000.tmp/config.json", "{}");
        _directory.Write("checkpoint-/config.json", "{}");
        Assert.Equal(_directory.File("checkpoint-1000"), ModelDirectory.Resolve(_directory.Path));
        Assert.Equal(_directory.File("checkpoint-1000"), ModelDirectory.NewestCheckpoint(_directory.Path));
    }

    /// <summary>A run writes a checkpoint under another name first. Such a directory is not used, even if there is no other one.</summary>
    [Theory]
    [InlineData("checkpoint-x")]
    [InlineData("checkpoint-3000.tmp")]
    public void ACheckpointWithoutAStepIsNotTheNewest(string name)
    {
        _directory.Write($"{name}/config.json", "{}");
        Assert.Null(ModelDirectory.NewestCheckpoint(_directory.Path));
        string message = Assert.Throws<InvalidDataException>(() => ModelDirectory.Resolve(_directory.Path)).Message;
        Assert.Equal($"{_directory.Path} holds no model itself, but {_directory.File(name)} is one", message);
    }

    [Fact]
    public void WhatIsNoModelIsSaidInOneSentence()
    {
        string missing = _directory.File("nowhere");
        Assert.Equal($"model directory '{missing}' does not exist", Assert.Throws<DirectoryNotFoundException>(() => ModelDirectory.Resolve(missing)).Message);
        string file = _directory.Write("model.safetensors", "");
        Assert.StartsWith($"{file} is a file", Assert.Throws<InvalidDataException>(() => ModelDirectory.Resolve(file)).Message);
    }

    [Theory]
    [InlineData("", "is empty, so it holds no model")]
    [InlineData("notes.txt", "holds no model: no config.json, no .gguf file, no best/ and no checkpoint-N/")]
    [InlineData("recipe.yaml metrics.jsonl", "is the directory of a run that has saved no model yet")]
    [InlineData("model.safetensors", "holds model.safetensors, but no config.json")]
    [InlineData("pytorch_model-00001-of-00002.bin tokenizer.json", "holds pytorch_model-00001-of-00002.bin, but no config.json")]
    [InlineData("train-000000.bin manifest.json", "holds no model: no config.json, no .gguf file, no best/ and no checkpoint-N/")]
    [InlineData("a.gguf b.gguf tokenizer.json", "holds 2 .gguf files; name one of them")]
    [InlineData("a.gguf", "holds a.gguf, which is not a GGUF file")]
    [InlineData("tokenizer.json", "holds a tokenizer, but no model")]
    [InlineData("small/config.json", "holds no model itself, but * is one")]
    [InlineData("run/checkpoint-3/config.json", "holds no model itself, but * is one")]
    public void ADirectoryWithoutAModelNamesTheMostLikelyReason(string files, string reason)
    {
        Directory.CreateDirectory(_directory.File("d"));
        foreach (string file in files.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            _directory.Write($"d/{file}", "{}");
        string found = Path.Combine(_directory.File("d"), files.Split('/')[0]);
        string message = Assert.Throws<InvalidDataException>(() => ModelDirectory.Resolve(_directory.File("d"))).Message;
        Assert.Equal($"{_directory.File("d")} {reason.Replace("*", found, StringComparison.Ordinal)}", message);
        Assert.True(reason.Length <= 80);
    }

    [Fact]
    public void TheTokenizerOfAModelIsFoundWhereTheModelIs()
    {
        _directory.Write("runs/best/config.json", "{}"); // as for a quantized model, whose weights are in none of the known formats
        File.Copy(Fixtures.Path("bert-chinese-vocab/vocab.txt"), _directory.File("runs/best/vocab.txt"));
        int ids = TokenizerFiles.Load(Fixtures.Path("bert-chinese-vocab")).VocabSize;
        Assert.Equal(ids, ModelDirectory.LoadTokenizer(_directory.File("runs")).VocabSize);
        Assert.Equal(ids, ModelDirectory.LoadTokenizer(Fixtures.Path("bert-chinese-vocab")).VocabSize); // without a model
        string missing = _directory.File("nowhere");
        Assert.Equal($"tokenizer directory '{missing}' does not exist", Assert.Throws<DirectoryNotFoundException>(() => ModelDirectory.LoadTokenizer(missing)).Message);
        Assert.StartsWith($"'{_directory.Path}' holds no tokenizer", Assert.Throws<FileNotFoundException>(() => ModelDirectory.LoadTokenizer(_directory.Path)).Message);
    }

    [Theory]
    [InlineData(4096, 300)]
    [InlineData(301, 300)]
    [InlineData(300, 4096)]
    public void ATokenizerOfAnotherSizeIsNotTheModels(int ids, int vocabSize)
    {
        InvalidDataException problem = Assert.Throws<InvalidDataException>(() =>
            ModelDirectory.CheckVocabulary("m", new FakeTokenizer(ids), new GptConfig { VocabSize = vocabSize }));
        Assert.Equal($"m: the tokenizer has {ids} ids but the model's vocab_size is {vocabSize}", problem.Message);
    }

    /// <summary>Many models on the hub have a padding token without a row in the embedding.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void AnAddedTokenMayLackAnEmbedding(int beams)
    {
        const int Rows = 50_257, Newline = 198;
        foreach (string file in (string[])["encoder.json", "vocab.bpe"])
            File.Copy(Fixtures.Path($"gpt2-vocab/{file}"), _directory.File(file == "encoder.json" ? "vocab.json" : "merges.txt"));
        _directory.Write("added_tokens.json", """{"[PAD]": 50257}""");
        Tokenizer tokenizer = TokenizerFiles.Load(_directory.Path);
        Assert.Equal(Rows + 1, tokenizer.VocabSize);
        ModelDirectory.CheckVocabulary("m", tokenizer, new GptConfig { VocabSize = Rows });
        Assert.Throws<InvalidDataException>(() => ModelDirectory.CheckVocabulary("m", tokenizer, new GptConfig { VocabSize = Rows - 2 })); // 50255 is not an added token

        TextGenerator generator = new(new FakeModel(Rows, 16, _ => FakeModel.Certain(Rows, Newline)), tokenizer);
        SamplingOptions options = new() { Temperature = 0, MaxTokens = 3, NumBeams = beams, LogProbs = 1 };
        Assert.Equal("\n\n\n", generator.Generate("Hello", options).Text);
        Assert.StartsWith("the prompt has token 50257 ('[PAD]'), but the model's vocab_size is 50257", Assert.Throws<ArgumentException>(() => generator.Generate("Hello[PAD]", options)).Message);
        Assert.StartsWith("an option names token 50257; the model's vocab_size is 50257",
            Assert.Throws<ArgumentException>(() => generator.Generate("Hello", options with { StopIds = [Rows] })).Message);
    }

    /// <summary>Too many added tokens without an embedding are a sign of another model's tokenizer.</summary>
    [Fact]
    public void NoMoreThan1023AddedTokensMayLackAnEmbedding()
    {
        GptConfig config = new() { VocabSize = 256 };
        ModelDirectory.CheckVocabulary("m", With(1023), config);
        Assert.Throws<InvalidDataException>(() => ModelDirectory.CheckVocabulary("m", With(1024), config));

        static ByteLevelBpe With(int count)
        {
            AddedToken[] added = [.. Enumerable.Range(256, count).Select(id => new AddedToken($"<{id}>", id))];
            return new([.. Enumerable.Range(0, 256).Select(value => new[] { (byte)value }), .. added.Select(token => Encoding.UTF8.GetBytes(token.Text))], [], added);
        }
    }

    [Theory]
    [InlineData(300, 300)]
    [InlineData(50_257, 50_304)] // padded to a multiple of 128
    public void AVocabularyMayBePadded(int ids, int vocabSize) =>
        ModelDirectory.CheckVocabulary("m", new FakeTokenizer(ids), new GptConfig { VocabSize = vocabSize });
}
