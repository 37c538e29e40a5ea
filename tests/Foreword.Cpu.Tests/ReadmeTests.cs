using Foreword.Generation;
using Foreword.Tokenization.Bpe;
using Foreword.Weights;

namespace Foreword.Cpu.Tests;

public sealed class ReadmeTests
{
    [Fact]
    public async Task ItsExamplesRunAsTheyStandThere()
    {
        using TemporaryDirectory place = Fixtures.NewDirectory();
        string small = place.Path;
        foreach (string file in (string[])["config.json", "model.safetensors"])
            File.Copy(Fixtures.Path($"golden/gpt2-tiny/{file}"), Path.Combine(small, file));
        new BpeTrainer { VocabularySize = 300 }.Train([File.ReadAllText(Fixtures.Path("golden/tokenizers/bpe-train-corpus.txt"))]).Save(small);

        using CpuLanguageModel model = CpuLanguageModel.Load(small);
        TextGenerator generator = new(model, ModelDirectory.LoadTokenizer(small));
        Assert.NotEmpty(generator.Generate("Returns the", new SamplingOptions { MaxTokens = 20 }).Text);

        SamplingOptions options = new() { MaxTokens = 20, TopK = 40, Seed = Random.Shared.NextInt64() };
        string streamed = "";
        await foreach (string piece in generator.StreamAsync("Returns the", options, TestContext.Current.CancellationToken))
            streamed += piece;
        Assert.Equal(generator.Generate("Returns the", options, cancellation: TestContext.Current.CancellationToken).Text, streamed);

        string readme = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "README.md"));
        Assert.Contains("using CpuLanguageModel model = CpuLanguageModel.Load(\"small\");", readme);
        Assert.Contains("TextGenerator generator = new(model, ModelDirectory.LoadTokenizer(\"small\"));", readme);
        Assert.Contains("Console.WriteLine(generator.Generate(\"Returns the\", new SamplingOptions { MaxTokens = 20 }).Text);", readme);

        string service = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "generation.md"));
        Assert.Contains("using CpuLanguageModel model = CpuLanguageModel.Load(\"small\");", service);
        Assert.Contains("TextGenerator generator = new(model, ModelDirectory.LoadTokenizer(\"small\"));", service);
        Assert.Contains("SamplingOptions options = new() { MaxTokens = 200, TopK = 40, Seed = Random.Shared.NextInt64() };", service);
        Assert.Contains("generator.StreamAsync(prompt, options, aborted)", service);
    }
}
