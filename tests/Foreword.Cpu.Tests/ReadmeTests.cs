using Foreword.Cpu;
using Foreword.Generation;
using Foreword.Tokenization;

namespace Foreword.Tests.Cpu;

public sealed class ReadmeTests
{
    [Fact]
    public void ItsExampleRunsAsItStandsThere()
    {
        using TemporaryDirectory place = Fixtures.NewDirectory();
        string small = place.Path;
        foreach (string file in (string[])["config.json", "model.safetensors"])
            File.Copy(Fixtures.Path($"golden/gpt2-tiny/{file}"), Path.Combine(small, file));
        new BpeTrainer { VocabularySize = 300 }.Train([File.ReadAllText(Fixtures.Path("golden/tokenizers/bpe-train-corpus.txt"))]).Save(small);

        using CpuLanguageModel model = CpuLanguageModel.Load(small);
        TextGenerator generator = new(model, TokenizerFiles.Load(small));
        Assert.NotEmpty(generator.Generate("Returns the", new SamplingOptions { MaxTokens = 20 }).Text);

        string readme = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "README.md"));
        Assert.Contains("using CpuLanguageModel model = CpuLanguageModel.Load(\"small\");", readme);
        Assert.Contains("TextGenerator generator = new(model, TokenizerFiles.Load(\"small\"));", readme);
        Assert.Contains("Console.WriteLine(generator.Generate(\"Returns the\", new SamplingOptions { MaxTokens = 20 }).Text);", readme);
    }
}
