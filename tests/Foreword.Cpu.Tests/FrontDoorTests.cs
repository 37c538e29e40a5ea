using Foreword.Cpu.Quantized;
using Foreword.Generation;
using Foreword.Models;
using Foreword.Progress;
using Foreword.Tasks;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Files;
using Foreword.Weights;
using Foreword.Weights.Catalog;

namespace Foreword.Cpu.Tests;

/// <summary>Checks that one call loads every kind of model that a path can name.</summary>
public sealed class FrontDoorTests : IDisposable
{
    private static readonly SamplingOptions Greedy = new() { Temperature = 0, MaxTokens = 8 };

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();
    private readonly string _model;

    public FrontDoorTests()
    {
        _model = NewDirectory("model");
        foreach (string file in (string[])["config.json", "model.safetensors"])
            File.Copy(Fixtures.Path($"golden/gpt2-tiny/{file}"), Path.Combine(_model, file));
        new BpeTrainer { VocabSize = 300 }.Train([File.ReadAllText(Fixtures.Path("golden/tokenizers/bpe-train-corpus.txt"))]).Save(_model);
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void AModelDirectoryARunAndAGgufFileWriteTheSameText()
    {
        string run = NewDirectory("run"), gguf = _directory.File("model.gguf");
        Directory.CreateSymbolicLink(Path.Combine(run, "best"), _model);
        using (ModelWeights weights = WeightsCatalog.Open(_model))
            WeightsCatalog.All.Single(format => format.Name == "gguf").Write(weights, ModelDirectory.LoadTokenizer(weights.Path), "f32", gguf);
        string[] texts = [.. new[] { _model, run, gguf }.Select(path =>
        {
            using TextModel model = TextModel.Load(path);
            return model.Generate("The cat", Greedy).Text;
        })];
        Assert.NotEmpty(texts[0]);
        Assert.Equal([texts[0], texts[0]], texts[1..]);
    }

    [Fact]
    public void AQuantizedModelIsLoadedLikeAnyOther()
    {
        string quantized = Quantized("int8");
        using StoredModel stored = StoredModel.Open(quantized);
        Assert.Equal((true, "quantized", 300), (stored.IsQuantized, stored.Format.Name, stored.Tokenizer.VocabSize));
        Assert.Contains("its original weights cannot be recovered", Assert.Throws<InvalidDataException>(stored.TakeWeights).Message);
        using TextModel model = TextModel.Load(quantized);
        Assert.Equal(8, model.Generate("The cat", Greedy).Ids.Count);
        Assert.Contains("is quantized to Int8", Assert.Throws<ArgumentException>(() => TextModel.Load(quantized, WeightType.Int4)).Message);
    }

    [Fact]
    public void CallsWithoutOptionsTakeTheDefaults()
    {
        using TextModel model = TextModel.Load(_model, defaults: Greedy);
        Completion completion = model.Generate("The cat");
        Assert.Equal((8, model.Generate("The cat", Greedy).Text), (completion.Ids.Count, completion.ToString()));
        using TextModel named = TextModel.Load(_model, new CpuEngine(), Greedy, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(completion.Text, named.Generate("The cat").Text);
        Assert.Equal("max-tokens is 0; it must be at least 1", Assert.Throws<ArgumentException>(() => TextModel.Load(_model, defaults: Greedy with { MaxTokens = 0 })).Message);
    }

    [Fact]
    public async Task TheStreamsTextsMakeUpTheCompletion()
    {
        using TextModel model = TextModel.Load(_model, defaults: Greedy);
        List<GeneratedToken> tokens = [];
        await foreach (GeneratedToken token in model.StreamAsync("The cat", cancellationToken: TestContext.Current.CancellationToken))
            tokens.Add(token);
        Completion completion = model.Generate("The cat", Greedy with { LogProbs = 0 });
        Assert.Equal(completion.Text, string.Concat(tokens));
        Assert.Equal(completion.LogProbs!.Select(token => (token.Id, token.LogProb)), tokens[..^1].Select(token => (token.Id!.Value, token.LogProb!.Value)));
        Assert.Equal(FinishReason.Length, tokens[^1].FinishReason);
    }

    [Fact]
    public void AnEngineOfSomebodyElseLoadsWhatWasOpened()
    {
        Recorder engine = new();
        using TextModel model = TextModel.Load(_model, engine);
        Assert.Equal((_model, 300), (engine.Opened, model.Tokenizer.VocabSize));
        Assert.Equal("a language model only", Assert.Throws<NotSupportedException>(() => TaskModel.Load(_model, engine)).Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void LoadingReportsItsProgressOnTheCallersThreadAndCanBeCanceled(bool isQuantized)
    {
        string path = isQuantized ? Quantized("reported") : _model;
        List<(LoadingProgress Progress, int Thread)> reports = [];
        SynchronousProgress<LoadingProgress> progress = new(report => reports.Add((report, Environment.CurrentManagedThreadId)));
        TextModel.Load(path, progress: progress).Dispose();
        Assert.True(reports.Count > 1);
        Assert.All(reports, report => Assert.Equal((reports[0].Progress.Total, Environment.CurrentManagedThreadId), (report.Progress.Total, report.Thread)));
        Assert.Equal(reports.Select(report => report.Progress.Bytes).Order(), reports.Select(report => report.Progress.Bytes));
        Assert.Equal(reports[0].Progress.Total, reports[^1].Progress.Bytes);

        using CancellationTokenSource source = new();
        SynchronousProgress<LoadingProgress> canceling = new(_ => source.Cancel());
        Assert.ThrowsAny<OperationCanceledException>(() => TextModel.Load(path, progress: canceling, cancellationToken: source.Token));
        Assert.ThrowsAny<OperationCanceledException>(() => TextModel.Load(path, cancellationToken: source.Token));
    }

    [Fact]
    public void ALanguageModelHasNoTask()
    {
        Assert.Contains("is not a fine-tuned model", Assert.Throws<InvalidDataException>(() => TaskModel.Load(_model)).Message);
        using StoredModel stored = StoredModel.Open(_model);
        Assert.Null(stored.FineTunedFor);
    }

    private string Quantized(string name)
    {
        string directory = NewDirectory(name);
        Tokenizer tokenizer = Tokenizer.Load(_model);
        using ModelWeights weights = WeightsCatalog.Open(_model);
        QuantizedModel.Write(weights, WeightType.Int8, directory, TextEnds.FromTokenizer(tokenizer));
        tokenizer.Save(directory);
        return directory;
    }

    private string NewDirectory(string name) => Directory.CreateDirectory(_directory.File(name)).FullName;

    /// <summary>An engine of another assembly: it computes with this one, and remembers what it was given.</summary>
    private sealed class Recorder : IEngine
    {
        public string Name => "recorder";

        public string? Opened { get; private set; }

        public ILanguageModel Load(StoredModel model, IProgress<LoadingProgress>? progress, CancellationToken cancellationToken)
        {
            Opened = model.Path;
            return new CpuEngine { Threads = 1 }.Load(model, progress, cancellationToken);
        }

        public ITaskModel LoadTask(StoredModel model, IProgress<LoadingProgress>? progress, CancellationToken cancellationToken) => throw new NotSupportedException("a language model only");
    }
}
