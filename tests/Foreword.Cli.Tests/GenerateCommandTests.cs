using System.Text.Json;
using Foreword.Cli;
using Foreword.Recipes;
using Foreword.Tests.Generation;
using Foreword.Tokenization;

namespace Foreword.Tests;

public sealed class GenerateCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();
    private readonly List<(string Path, DeviceChoice Device)> _opened = [];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void TextIsThePromptAndItsContinuation()
    {
        Cli run = Generate("", "--prompt", "abc", "--max-tokens", "4", "--temperature", "0");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal("abcdefg\n", run.Out);
        Assert.Equal([("model", DeviceChoice.Auto)], _opened);
    }

    [Fact]
    public void JsonHoldsTheCompletionsOnly()
    {
        Cli run = Generate("", "--prompt", "xy", "--temperature", "0", "--json", "--device", "cpu");
        using JsonDocument json = JsonDocument.Parse(run.Out);
        Assert.Equal("xy", json.RootElement.GetProperty("prompt").GetString());
        JsonElement completion = Assert.Single(json.RootElement.GetProperty("completions").EnumerateArray());
        Assert.Equal("z", completion.GetProperty("text").GetString());
        Assert.Equal(['z'], completion.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()));
        Assert.Equal("stop", completion.GetProperty("finish_reason").GetString());
        Assert.Equal([("model", DeviceChoice.Cpu)], _opened);
    }

    [Fact]
    public void TheLengthLimitIsNamedInJson()
    {
        Cli run = Generate("", "--prompt", "a", "--temperature", "0", "--max-tokens", "2", "--json");
        Assert.Contains("\"text\":\"bc\",\"ids\":[98,99],\"finish_reason\":\"length\"", run.Out);
    }

    [Fact]
    public void TheDefaultSeedAndTheSpeedGoToStderr()
    {
        Cli run = Generate("", "--prompt", "a", "--max-tokens", "3");
        Assert.StartsWith("seed 0\n", run.Err);
        Assert.Matches(@"3 tokens in [0-9.]+ s: [0-9.]+ tokens/s", run.Err);
        Assert.DoesNotContain("seed", Generate("", "--prompt", "a", "--seed", "5").Err);
        Assert.Empty(Generate("", "--prompt", "a", "--quiet").Err);
    }

    [Fact]
    public void ThePromptComesFromStdinOrAFileAsItIs()
    {
        Assert.Equal("é\nabc\n", Generate("é\na", "--prompt", "-", "--temperature", "0", "--max-tokens", "2").Out);
        string file = _directory.Write("prompt.txt", "12a");
        Assert.Equal("12abc\n", Generate("", "--prompt", $"@{file}", "--temperature", "0", "--max-tokens", "2").Out);
    }

    [Fact]
    public void AMissingPromptFileIsSaidBeforeAModelIsOpened()
    {
        Cli run = Generate("", "--prompt", "@nowhere.txt");
        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith("error: the prompt file 'nowhere.txt' does not exist", run.Err);
        Assert.Empty(_opened);
    }

    [Fact]
    public void SeveralSamplesAreHeadedAndSampleIDoesNotDependOnTheirNumber()
    {
        string[] arguments = ["--prompt", "a", "--temperature", "40", "--top-k", "20", "--max-tokens", "10", "--json"];
        string[] two = Texts(Generate("", [.. arguments, "--n", "2", "--seed", "7"]));
        Assert.Equal(2, two.Distinct().Count());
        Assert.Equal(two, Texts(Generate("", [.. arguments, "--n", "3", "--seed", "7"]))[..2]);
        Assert.Equal(two[1..], Texts(Generate("", [.. arguments, "--seed", "8"])));

        Cli text = Generate("", "--prompt", "a", "--temperature", "0", "--max-tokens", "1", "--n", "2");
        Assert.Equal("=== sample 1, seed 0 ===\nab\n=== sample 2, seed 1 ===\nab\n", text.Out);
    }

    [Fact]
    public void StopTextsMayBeRepeated()
    {
        Assert.Equal("abcd\n", Generate("", "--prompt", "a", "--temperature", "0", "--stop", "xyz", "--stop", "ef").Out);
        Assert.Equal("abc\n", Generate("", "--prompt", "a", "--temperature", "0", "--stop", "de", "--stop", "ef").Out);
    }

    [Fact]
    public void APromptThatIsTooLongIsAnErrorUnlessTruncated()
    {
        string prompt = new('a', 33);
        Cli refused = Generate("", "--prompt", prompt);
        Assert.Equal(1, refused.ExitCode);
        Assert.StartsWith("error: the prompt has 33 tokens; the context length is 32", refused.Err.Replace("seed 0\n", "", StringComparison.Ordinal));
        Assert.Empty(refused.Out);
        Assert.Equal($"{prompt}bc\n", Generate("", "--prompt", prompt, "--truncate", "--max-tokens", "2", "--temperature", "0").Out);
    }

    [Theory]
    [InlineData("--temperature", "-1", "temperature is -1")]
    [InlineData("--top-p", "2", "top-p is 2")]
    [InlineData("--top-k", "-3", "top-k is -3")]
    [InlineData("--max-tokens", "0", "max-tokens is 0")]
    [InlineData("--max-tokens", "many", "many")]
    [InlineData("--device", "tpu", "tpu")]
    [InlineData("--n", "0", "--n is 0")]
    [InlineData("--stop", "", "a stop text is empty")]
    [InlineData("--temprature", "1", "did you mean '--temperature'?")]
    public void ImpossibleOptionsAreWrongUsage(string option, string value, string expected)
    {
        Cli run = Generate("", "--prompt", "a", option, value);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.Err);
        Assert.Empty(run.Out);
        Assert.Empty(_opened);
    }

    [Fact]
    public void APromptIsAskedFor()
    {
        Cli run = Generate("");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--prompt", run.Err);
    }

    [Fact]
    public void AModelThatIsNotThereIsOneSentence()
    {
        Cli run = Cli.Run("generate", _directory.File("nowhere"), "--prompt", "a");
        Assert.Equal(1, run.ExitCode);
        Assert.Equal($"error: model directory '{_directory.File("nowhere")}' does not exist\n", run.Err);
    }

    [Fact]
    public void AModelDirectoryGeneratesTheSameTextForTheSameSeed()
    {
        GoldenModel(vocabularySize: 300);
        string[] arguments = ["generate", _directory.Path, "--prompt", "The quick", "--max-tokens", "20", "--json"];
        Cli run = Cli.Run([.. arguments, "--seed", "3"]);
        Assert.Equal("", run.Err.Split('\n').FirstOrDefault(line => line.StartsWith("error", StringComparison.Ordinal), ""));
        Assert.Equal(0, run.ExitCode);
        Assert.NotEqual("", Assert.Single(Texts(run)));
        Assert.Equal(run.Out, Cli.Run([.. arguments, "--seed", "3"]).Out);
        Assert.NotEqual(run.Out, Cli.Run([.. arguments, "--seed", "4"]).Out);
    }

    [Fact]
    public void ATokenizerOfAnotherSizeThanTheModelIsOneSentence()
    {
        GoldenModel(vocabularySize: 320);
        Cli run = Cli.Run("generate", _directory.Path, "--prompt", "a");
        Assert.Equal(1, run.ExitCode);
        Assert.Equal($"error: {_directory.Path}: the tokenizer has 320 ids but the model's vocab_size is 300\n", run.Err);
    }

    /// <summary>The recorded GPT-2 with a tokenizer of this size, in the test's directory.</summary>
    private void GoldenModel(int vocabularySize)
    {
        foreach (string name in new[] { "config.json", "model.safetensors" })
            File.Copy(Fixtures.Path($"golden/gpt2-tiny/{name}"), _directory.File(name));
        string corpus = File.ReadAllText(Fixtures.Path("golden/tokenizers/bpe-train-corpus.txt"));
        new BpeTrainer { VocabularySize = vocabularySize }.Train([corpus]).Save(_directory.Path);
    }

    /// <summary>A model that continues the alphabet and ends after z.</summary>
    private Cli Generate(string input, params string[] args) =>
        Cli.Run(input, terminal => GenerateCommand.Create(terminal, Open), ["generate", "model", .. args]);

    private LoadedModel Open(string path, DeviceChoice device, EngineChoice engine)
    {
        _opened.Add((path, device));
        return new LoadedModel(new FakeModel(257, 32, tokens => FakeModel.Certain(257, tokens[^1] == 'z' ? 256 : tokens[^1] + 1)), new FakeTokenizer(257));
    }

    private static string[] Texts(Cli run)
    {
        using JsonDocument json = JsonDocument.Parse(run.Out);
        return [.. json.RootElement.GetProperty("completions").EnumerateArray().Select(completion => completion.GetProperty("text").GetString()!)];
    }
}
