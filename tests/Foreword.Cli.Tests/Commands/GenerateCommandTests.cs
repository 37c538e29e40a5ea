using System.Text.Json;
using Foreword.Cli.Commands;
using Foreword.Cli.Loading;
using Foreword.Cpu;
using Foreword.Data.Recipes;
using Foreword.Tokenization.ByteLevel;
using Foreword.Weights.Catalog;

namespace Foreword.Cli.Tests.Commands;

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
    public void SeveralPromptsAreAnsweredInTheirOrder()
    {
        string[] arguments = ["--prompt", "x", "--prompt", "abc", "--temperature", "0", "--max-tokens", "2"];
        Assert.Equal("=== prompt 1 ===\nxyz\n=== prompt 2 ===\nabcde\n", Generate("", arguments).Out);
        Assert.StartsWith("=== prompt 1, sample 1, seed 4 ===\nxyz\n=== prompt 1, sample 2, seed 5 ===\nxyz\n", Generate("", [.. arguments, "--n", "2", "--seed", "4"]).Out);
        using JsonDocument json = JsonDocument.Parse(Generate("", [.. arguments, "--json"]).Out);
        JsonElement[] prompts = [.. json.RootElement.GetProperty("prompts").EnumerateArray()];
        Assert.Equal(["x", "abc"], prompts.Select(each => each.GetProperty("prompt").GetString()));
        Assert.Equal(["yz", "de"], prompts.Select(each => each.GetProperty("completions")[0].GetProperty("text").GetString()));
        Assert.Equal(2, Generate("a", "--prompt", "-", "--prompt", "-").ExitCode);
    }

    [Fact]
    public void JsonHoldsLogProbabilitiesWhenTheyAreAskedFor()
    {
        using JsonDocument json = JsonDocument.Parse(Generate("", "--prompt", "a", "--temperature", "0", "--max-tokens", "1", "--logprobs", "2", "--json").Out);
        JsonElement token = Assert.Single(json.RootElement.GetProperty("completions")[0].GetProperty("logprobs").EnumerateArray());
        Assert.Equal(("b", (int)'b'), (token.GetProperty("token").GetString(), token.GetProperty("id").GetInt32()));
        Assert.InRange(token.GetProperty("logprob").GetDouble(), -1e-6, 0); // its logit is 50 nats above those of 256 others
        JsonElement[] top = [.. token.GetProperty("top").EnumerateArray()];
        Assert.Equal(['b', 0], top.Select(each => each.GetProperty("id").GetInt32()));
        Assert.Equal(-50, top[1].GetProperty("logprob").GetDouble(), 1e-3);
    }

    [Fact]
    public void ABeamSearchPrintsItsBestTextsWithTheirScores()
    {
        Cli run = Generate("", "--prompt", "x", "--num-beams", "3", "--n", "2", "--json");
        using JsonDocument json = JsonDocument.Parse(run.Out);
        JsonElement[] texts = [.. json.RootElement.GetProperty("completions").EnumerateArray()];
        Assert.Equal("yz", texts[0].GetProperty("text").GetString());
        Assert.Equal("stop", texts[0].GetProperty("finish_reason").GetString());
        Assert.True(texts[0].GetProperty("score").GetDouble() > texts[1].GetProperty("score").GetDouble());
        Assert.DoesNotContain("seed", run.Err);
        Assert.StartsWith("=== text 1 ===\nxyz\n=== text 2 ===\nx", Generate("", "--prompt", "x", "--num-beams", "2", "--n", "2").Out);
    }

    [Fact]
    public void ASlidingTextIsLongerThanTheContext()
    {
        Assert.Equal(50, Tokens("--slide", "--logit-bias", "256=-100"));
        Assert.Equal(32, Tokens("--logit-bias", "256=-100")); // 32 positions, and the last token is not read

        int Tokens(params string[] options)
        {
            Cli run = Generate("", ["--prompt", "z", "--temperature", "0", "--max-tokens", "50", "--json", .. options]);
            using JsonDocument json = JsonDocument.Parse(run.Out);
            return json.RootElement.GetProperty("completions")[0].GetProperty("ids").GetArrayLength();
        }
    }

    [Fact]
    public void PenaltiesAndBiasReachTheSampler()
    {
        Assert.Equal("aa\n", Generate("", "--prompt", "a", "--temperature", "0", "--max-tokens", "1", "--logit-bias", "97=100").Out);
        Assert.Equal("ac\n", Generate("", "--prompt", "a", "--temperature", "0", "--max-tokens", "1", "--logit-bias", "98=-60", "--logit-bias", "99=1").Out);
        Cli outside = Generate("", "--prompt", "a", "--logit-bias", "900=1");
        Assert.Equal((1, ""), (outside.ExitCode, outside.Out));
        Assert.Contains("an option names token 900; the tokenizer has 257 ids", outside.Err);
    }

    [Fact]
    public void StopTextsMayBeRepeated()
    {
        Assert.Equal("abcd\n", Generate("", "--prompt", "a", "--temperature", "0", "--stop", "xyz", "--stop", "ef").Out);
        Assert.Equal("abc\n", Generate("", "--prompt", "a", "--temperature", "0", "--stop", "de", "--stop", "ef").Out);
    }

    [Fact]
    public void APrefixIsAPrompt() => Assert.Equal("abc\n", Generate("", "--prefix", "a", "--temperature", "0", "--max-tokens", "2").Out);

    [Fact]
    public void ArticlesOfTitlesAreFilesNumberedFromZero()
    {
        string titles = _directory.Write("titles.txt", "a\r\n\nmn\n"), articles = _directory.File("articles/new");
        string[] arguments = ["--titles", titles, "--articles-per-title", "17", "--out", articles, "--temperature", "0", "--max-tokens", "2"];
        Cli run = Generate("", arguments);
        Assert.True(run.ExitCode == 0, run.Err);
        Assert.Equal(34, Directory.GetFiles(articles).Length);
        Assert.Equal(("abc\n", "abc\n", "mnop\n"), (Read("0-0"), Read("0-16"), Read("1-16")));
        Assert.Contains("=== prompt 2, sample 17, seed 16 ===\nmnop\n", run.Out);
        Assert.Contains($"34 texts: {articles}\n", run.Err);
        Assert.StartsWith($"error: {Path.Combine(articles, "0-0.txt")} exists; ", Generate("", arguments).Err);
        Assert.Equal("give either --prompt TEXT or --titles FILE", Generate("", [.. arguments, "--prompt", "a"]).Err.Split('\n')[0].Replace("error: ", "", StringComparison.Ordinal));
        Assert.StartsWith("error: " + _directory.Write("empty.txt", "\n") + " has no titles", Generate("", "--titles", _directory.File("empty.txt")).Err);

        string Read(string name) => File.ReadAllText(Path.Combine(articles, name + ".txt"));
    }

    [Fact]
    public void SamplesAreSavedInGpt2ChinesesLayout()
    {
        string[] arguments = ["--prompt", "a", "--prompt", " x", "--n", "2", "--temperature", "0", "--max-tokens", "1", "--save-samples"];
        Assert.Equal(0, Generate("", [.. arguments, _directory.File("samples")]).ExitCode);
        string bar = new('=', 40), end = new('=', 90);
        Assert.Equal(
            string.Concat(((string[])["ab", "ab", "xy", "xy"]).Select((text, i) => $"{bar} SAMPLE {i + 1} {bar}\n{text}\n{end}\n\n")),
            File.ReadAllText(_directory.File("samples/samples.txt")));
        Assert.Equal(0, Generate("", [.. arguments, _directory.File("mine.txt")]).ExitCode);
        Assert.Equal(File.ReadAllText(_directory.File("samples/samples.txt")), File.ReadAllText(_directory.File("mine.txt")));
        Cli again = Generate("", [.. arguments, _directory.File("mine.txt")]);
        Assert.Equal((1, $"error: {_directory.File("mine.txt")} exists; move it away, or choose another place for the texts\n"), (again.ExitCode, again.Err));
    }

    [Fact]
    public void ThePenaltyRuleReachesTheSampler()
    {
        float[] row = [.. Enumerable.Range(0, 257).Select(id => id switch { 'a' => -3f, 'b' => -2f, 'x' => -9f, _ => -99f })];
        Assert.Equal("abx\n", First("hf")); // -30, -20, -9
        Assert.Equal("abb\n", First("gpt2-chinese")); // -0.3, -0.2, -9
        Assert.Contains("--penalty-rule is 'gpt2chinese'; expected hf | gpt2-chinese; did you mean 'gpt2-chinese'?", Generate("", "--prompt", "a", "--penalty-rule", "gpt2chinese").Err);

        string First(string rule) => Cli.Run("", terminal => GenerateCommand.Create(terminal, (path, _, _, _) =>
        {
            TextModel model = new(new FakeModel(257, 32, _ => row), new FakeTokenizer(257));
            return new OpenedModel(path, model.Model.Config, model.Tokenizer, _ => model);
        }), "generate", "model", "--prompt", "ab", "--temperature", "0", "--max-tokens", "1", "--repetition-penalty", "10", "--penalty-rule", rule).Out;
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
    [InlineData("--min-p", "1.5", "min-p is 1.5")]
    [InlineData("--typical-p", "0", "typical-p is 0")]
    [InlineData("--repetition-penalty", "0", "repetition-penalty is 0")]
    [InlineData("--repetition-penalty", "1e-320", "repetition-penalty is 1E-320; it must be between 0.01 and 100 (1 is off)")]
    [InlineData("--presence-penalty", "3", "presence-penalty is 3")]
    [InlineData("--frequency-penalty", "-3", "frequency-penalty is -3")]
    [InlineData("--logit-bias", "x=1", "--logit-bias 'x=1' is not ID=VALUE")]
    [InlineData("--logit-bias", "5", "--logit-bias '5' is not ID=VALUE")]
    [InlineData("--logit-bias", "5=101", "the logit-bias of token 5 is 101")]
    [InlineData("--num-beams", "0", "num-beams is 0")]
    [InlineData("--logprobs", "2", "--logprobs needs --json")]
    [InlineData("--top-p-rule", "other", "other")]
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
        GoldenModel(vocabSize: 300);
        string[] arguments = ["generate", _directory.Path, "--prompt", "The quick", "--max-tokens", "20", "--json"];
        Cli run = Cli.Run([.. arguments, "--seed", "3"]);
        Assert.Equal("", run.Err.Split('\n').FirstOrDefault(line => line.StartsWith("error", StringComparison.Ordinal), ""));
        Assert.Equal(0, run.ExitCode);
        Assert.NotEqual("", Assert.Single(Texts(run)));
        Assert.Equal(run.Out, Cli.Run([.. arguments, "--seed", "3"]).Out);
        Assert.NotEqual(run.Out, Cli.Run([.. arguments, "--seed", "4"]).Out);
    }

    /// <summary>Both engines stop at the ids of generation_config.json, and a quantized model keeps these ids.</summary>
    [Theory]
    [InlineData("cpu")]
    [InlineData("torch")]
    public void AnIdOfTheModelsFilesEndsTheText(string engine)
    {
        GoldenModel(vocabSize: 300);
        string[] arguments = ["generate", _directory.Path, "--prompt", "The quick", "--max-tokens", "3", "--temperature", "0", "--json", "--engine", engine];
        int first = JsonDocument.Parse(Cli.Run(arguments).Out).RootElement.GetProperty("completions")[0].GetProperty("ids")[0].GetInt32();
        _directory.Write("generation_config.json", $"{{\"eos_token_id\": [{first}, 7]}}");
        Assert.Contains("\"text\":\"\",\"ids\":[],\"finish_reason\":\"stop\"", Cli.Run(arguments).Out);
        string small = _directory.File("small");
        Cli quantized = Cli.Run("quantize", _directory.Path, "--type", "int8", "--out", small);
        Assert.True(quantized.ExitCode == 0, quantized.Err);
        Assert.Equal([299, first, 7], ModelDirectory.LoadTokenizer(small).StopIds);
    }

    [Fact]
    public void SpecialTokensInAPromptAreTakenOnlyWhenAllowed()
    {
        Assert.Contains("--allow-special", Cli.Run("generate", "--help").Out);
        GoldenModel(vocabSize: 300);
        string prompt = string.Concat(Enumerable.Repeat("<|endoftext|>", 20)); // fits the context only as special tokens
        Cli plain = Cli.Run("generate", _directory.Path, "--prompt", prompt, "--max-tokens", "1"), special = Cli.Run("generate", _directory.Path, "--prompt", prompt, "--max-tokens", "1", "--allow-special");
        Assert.Equal((1, 0), (plain.ExitCode, special.ExitCode));
    }

    [Fact]
    public void ATokenizerOfAnotherSizeThanTheModelIsOneSentence()
    {
        GoldenModel(vocabSize: 320);
        Cli run = Cli.Run("generate", _directory.Path, "--prompt", "a");
        Assert.Equal(1, run.ExitCode);
        Assert.Equal($"error: {_directory.Path}: the tokenizer has 320 ids but the model's vocab_size is 300\n", run.Err);
    }

    /// <summary>Writes the recorded GPT-2 with a tokenizer of this size into the test's directory.</summary>
    private void GoldenModel(int vocabSize)
    {
        foreach (string name in new[] { "config.json", "model.safetensors" })
            File.Copy(Fixtures.Path($"golden/gpt2-tiny/{name}"), _directory.File(name));
        string corpus = File.ReadAllText(Fixtures.Path("golden/tokenizers/bpe-train-corpus.txt"));
        new BpeTrainer { VocabSize = vocabSize }.Train([corpus]).Save(_directory.Path);
    }

    /// <summary>Runs a model that continues the alphabet and ends after z.</summary>
    private Cli Generate(string input, params string[] args) =>
        Cli.Run(input, terminal => GenerateCommand.Create(terminal, Open), ["generate", "model", .. args]);

    private OpenedModel Open(string path, DeviceChoice device, EngineChoice engine, CacheType? cache)
    {
        _opened.Add((path, device));
        TextModel model = new(new FakeModel(257, 32, tokens => FakeModel.Certain(257, tokens[^1] == 'z' ? 256 : tokens[^1] + 1)), new FakeTokenizer(257));
        return new OpenedModel(path, model.Model.Config, model.Tokenizer, _ => model);
    }

    private static string[] Texts(Cli run)
    {
        using JsonDocument json = JsonDocument.Parse(run.Out);
        return [.. json.RootElement.GetProperty("completions").EnumerateArray().Select(completion => completion.GetProperty("text").GetString()!)];
    }
}
