using Foreword.Generation;
using Foreword.Tokenization.ByteLevel;

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
        new BpeTrainer { VocabSize = 300 }.Train([File.ReadAllText(Fixtures.Path("golden/tokenizers/bpe-train-corpus.txt"))]).Save(small);

        using TextModel model = TextModel.Load(small);
        Assert.NotEmpty(model.Generate("Returns the", new SamplingOptions { MaxTokens = 20 }).ToString());

        SamplingOptions options = new() { MaxTokens = 20, TopK = 40, Seed = Random.Shared.NextInt64() };
        string streamed = "";
        await foreach (var token in model.StreamAsync("Returns the", options, TestContext.Current.CancellationToken))
            streamed += token;
        Assert.Equal(model.Generate("Returns the", options, TestContext.Current.CancellationToken).Text, streamed);

        string readme = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "README.md"));
        Assert.Contains("using TextModel model = TextModel.Load(\"small\");", readme);
        Assert.Contains("Console.WriteLine(model.Generate(\"Returns the\"));", readme);
        Assert.Contains("await foreach (var token in model.StreamAsync(\"Gets the\"))", readme);

        string service = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "generation.md"));
        Assert.Contains("using TextModel model = TextModel.Load(\"small\");", service);
        Assert.Contains("SamplingOptions options = new() { MaxTokens = 200, TopK = 40, Seed = Random.Shared.NextInt64() };", service);
        Assert.Contains("model.StreamAsync(prompt, options, aborted)", service);
    }
}
