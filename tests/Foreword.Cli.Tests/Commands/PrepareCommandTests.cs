using System.Text.Json;

namespace Foreword.Cli.Tests.Commands;

public sealed class PrepareCommandTests : IDisposable
{
    private static readonly string Gpt2 = Fixtures.Path("gpt2-vocab");

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    private string Out => _directory.File("shards");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void CountsArePrintedForPeople()
    {
        string corpus = _directory.Write("corpus.jsonl", string.Concat(Enumerable.Range(0, 200).Select(i => $"{{\"text\":\"Hello world {i}\"}}\n")));
        Cli run = Cli.Run("prepare", corpus, "--tokenizer", Gpt2, "--out", Out);
        Assert.Equal((0, ""), (run.ExitCode, run.Err));
        Assert.Matches(@"^train +198 documents, \d+ tokens, [\d,]+ bytes, \d\.\d\d a token, 1 shard\nvalidation +2 documents", run.Out);
        Assert.Matches(@"2\.9 kB of text in \d+\.\d s, \d+\.\d MB/s, seed 1337: ", run.Out);
    }

    [Fact]
    public void JsonIsOneObject()
    {
        string corpus = _directory.Write("corpus.jsonl", "{\"body\":\"Hello world\"}\n{\"body\":\"Hello world\"}\n{\"body\":\"Hello\"}\n");
        Cli run = Cli.Run("prepare", corpus, "--tokenizer", Gpt2, "--out", Out, "--text-field", "body", "--validation", "0", "--seed", "7", "--shard-tokens", "3", "--json");
        Assert.Equal((0, ""), (run.ExitCode, run.Err));
        JsonElement report = JsonDocument.Parse(run.Out).RootElement;
        JsonElement train = report.GetProperty("splits").GetProperty("train");
        Assert.Equal(3, train.GetProperty("documents").GetInt64());
        Assert.Equal(8, train.GetProperty("tokens").GetInt64());
        Assert.Equal(27, train.GetProperty("text_bytes").GetInt64());
        Assert.Equal(3, train.GetProperty("shards").GetInt32());
        Assert.Equal(7, report.GetProperty("validation").GetProperty("seed").GetInt64());
        Assert.True(report.GetProperty("megabytes_per_second").GetDouble() >= 0);
        Assert.False(report.GetProperty("splits").TryGetProperty("validation", out _));
    }

    [Fact]
    public void SpecialTokensAreTakenOnlyWhenAllowed()
    {
        string corpus = _directory.Write("corpus.jsonl", "{\"text\":\"Hello<|endoftext|> world\"}\n");
        string[] command = ["prepare", corpus, "--tokenizer", Gpt2, "--out", Out, "--validation", "0", "--json"];
        Assert.Contains("\"tokens\":10,", Cli.Run(command).Out); // Hello, seven tokens of <|endoftext|> as text, world, end of text
        Assert.Contains("\"tokens\":4,", Cli.Run([.. command, "--allow-special"]).Out);
        Assert.Contains("\"allow_special\": true", File.ReadAllText(Path.Combine(Out, "manifest.json")));
    }

    [Fact]
    public void ASingleDocumentAndFilesLeftOutAreMentioned()
    {
        _directory.Write("corpus/a.txt", "One line.\nAnother line.\n");
        _directory.Write("corpus/b.png", "x");
        Cli run = Cli.Run("prepare", _directory.File("corpus"), "--tokenizer", Gpt2, "--out", Out);
        Assert.Equal(0, run.ExitCode);
        Assert.Equal("left out 1 of other kinds (.png)\nThere is only one document: the end of its text is held out for validation.\n", run.Err);
        Assert.Equal("", Cli.Run("prepare", _directory.File("corpus"), "--tokenizer", Gpt2, "--out", Out, "--quiet").Err);
    }

    [Fact]
    public void AFileOfPoemsIsAsManyDocuments()
    {
        string corpus = _directory.File("poems.txt");
        File.WriteAllBytes(corpus, Convert.FromHexString("D7D3D4BB0D0A0D0AD2BB0AB6FE0A")); // 子曰, blank line, 一, 二 in GBK
        Cli run = Cli.Run("prepare", corpus, "--tokenizer", Gpt2, "--out", Out, "--document", "blank-line", "--encoding", "gbk", "--validation", "0", "--json");
        Assert.Equal((0, ""), (run.ExitCode, run.Err));
        JsonElement train = JsonDocument.Parse(run.Out).RootElement.GetProperty("splits").GetProperty("train");
        Assert.Equal((2, 13), (train.GetProperty("documents").GetInt32(), train.GetProperty("text_bytes").GetInt32()));
        Assert.Contains("read as    --document blank-line, encoding gbk, text field text\n", Cli.Run("inspect", Out).Out, StringComparison.Ordinal);
        Cli lines = Cli.Run("prepare", corpus, "--tokenizer", Gpt2, "--out", Out, "--document", "line", "--encoding", "gb18030", "--validation", "0");
        Assert.StartsWith("train ", lines.Out, StringComparison.Ordinal);
        Assert.Contains("3 documents", lines.Out, StringComparison.Ordinal);
        Assert.Equal((1, $"error: {corpus}: byte 0 begins a sequence that is not UTF-8; name another encoding with --encoding, such as gb18030 or utf-16 (data.encoding in a recipe)\n"), Failure());
        Assert.Equal((2, "error: --document is 'lines'; expected file | line | blank-line; did you mean 'line'?\ntry: foreword prepare --help\n"), Failure("--document", "lines"));
        (int code, string message) = Failure("--encoding", "gb1830");
        Assert.Equal(2, code);
        Assert.StartsWith("error: there is no encoding 'gb1830'; did you mean 'gb18030'?", message, StringComparison.Ordinal);

        (int, string) Failure(params string[] more)
        {
            Cli failed = Cli.Run(["prepare", corpus, "--tokenizer", Gpt2, "--out", Out, .. more]);
            return (failed.ExitCode, failed.Err);
        }
    }

    [Theory]
    [InlineData(1, "error: nowhere.txt does not exist\n", "nowhere.txt")]
    [InlineData(2, "error: the validation share is 0.7; it must be 0 or between 0.0001 and 0.5\n", "x.txt", "--validation", "0.7")]
    [InlineData(2, "error: the size of a shard is 0 tokens; it must be at least 1\n", "x.txt", "--shard-tokens", "0")]
    [InlineData(2, "did you mean '--validation'?", "x.txt", "--validatoin", "0.7")]
    public void WrongInputIsOneSentence(int code, string message, params string[] args)
    {
        Cli run = Cli.Run(["prepare", .. args, "--tokenizer", Gpt2, "--out", Out]);
        Assert.Equal(code, run.ExitCode);
        Assert.Contains(message, run.Err);
        Assert.DoesNotContain("   at ", run.Err);
        Assert.Empty(run.Out);
    }

    [Fact]
    public void ABrokenLineIsNamedAndTheEarlierShardsStay()
    {
        string good = _directory.Write("good.txt", "Hello\nworld\n");
        Assert.Equal(0, Cli.Run("prepare", good, "--tokenizer", Gpt2, "--out", Out).ExitCode);
        byte[] before = File.ReadAllBytes(Path.Combine(Out, "manifest.json"));
        string bad = _directory.Write("bad.jsonl", "{\"text\":\"fine\"}\n{\"text\":\n");
        Cli run = Cli.Run("prepare", bad, "--tokenizer", Gpt2, "--out", Out);
        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith($"error: {bad}:2: broken JSON at byte ", run.Err);
        Assert.Equal(before, File.ReadAllBytes(Path.Combine(Out, "manifest.json")));
        Assert.Equal(0, Cli.Run("inspect", Out).ExitCode);
    }

    [Fact]
    public void DialoguesAreCountedAndWhatTheyLoseIsSaid()
    {
        string corpus = _directory.Write("train.txt", string.Concat(Enumerable.Repeat("Hello there\nHi\nHow are you\nFine\n\n", 30)));
        Cli run = Cli.Run("prepare", corpus, "--tokenizer", Gpt2, "--out", Out, "--layout", "chitchat", "--template", "plain", "--dialogue-tokens", "14", "--validation", "0");
        Assert.Equal((0, "30 dialogues are longer than 14 tokens: their 60 oldest messages are left out.\n"), (run.ExitCode, run.Err));
        Assert.Matches("^train +30 documents", run.Out);
        JsonElement report = JsonDocument.Parse(Cli.Run("prepare", corpus, "--tokenizer", Gpt2, "--out", Out, "--layout", "chitchat", "--dialogue-tokens", "20", "--json").Out).RootElement;
        Assert.True(report.GetProperty("shortened_dialogues").GetInt64() > 0);
        JsonElement layout = JsonDocument.Parse(File.ReadAllText(Path.Combine(Out, "manifest.json"))).RootElement.GetProperty("layout");
        Assert.Equal("<|im_start|>user\n", layout.GetProperty("template").GetProperty("user").GetProperty("prefix").GetString());
    }

    /// <summary>The tokenizer beside the shards must be read as the one that made them, whether [CLS] is the kind's own end or a role.</summary>
    [Theory]
    [InlineData("wordpiece")]
    [InlineData("zh-word")]
    public void ArticlesTrainAModelWithEachTokenizerThatHasTheirTokens(string kind)
    {
        string corpus = _directory.Write("train.txt", string.Concat(Enumerable.Repeat("春眠不覺曉\n處處聞啼鳥\n\n", 40))), tokenizer = _directory.File("tokenizer");
        Assert.Equal(0, Cli.Run("tokenizer", "train", corpus, "--kind", kind, "--vocab-size", "40", "--out", tokenizer).ExitCode);
        Cli prepared = Cli.Run("prepare", corpus, "--tokenizer", tokenizer, "--layout", "gpt2-chinese", "--document", "blank-line", "--out", Out);
        Assert.True(prepared.ExitCode == 0, prepared.Err);
        Cli trained = Cli.Run(
            "pretrain", _directory.Write("tiny.yaml", $"model: {"{"}n_layer: 1, n_head: 1, n_embd: 8, context_length: 16{"}"}\ndata: {"{"}shards: {Out}{"}"}\ntrain: {"{"}steps: 1, batch_size: 1, eval_every: 0{"}"}\n"),
            "--out", _directory.File("run"), "--quiet");
        Assert.True(trained.ExitCode == 0, trained.Err);
    }

    [Theory]
    [InlineData(2, "--layout is 'chichat'; expected text | gpt2-chinese | chitchat | messages; did you mean 'chitchat'?", "--layout", "chichat")]
    [InlineData(2, "--template is only for --layout chitchat and --layout messages", "--template", "plain")]
    [InlineData(2, "the layout Chitchat has messages; normalization", "--layout", "chitchat", "--normalize", "spaces")]
    [InlineData(1, "the layout gpt2-chinese needs a tokenizer with [MASK], [SEP] and [CLS]", "--layout", "gpt2-chinese")]
    [InlineData(1, "train.txt:1: the line is broken JSON", "--layout", "messages")]
    public void LayoutsThatDoNotFitAreRefused(int exitCode, string expected, params string[] options)
    {
        string corpus = _directory.Write("train.txt", "Hello\n");
        Cli run = Cli.Run(["prepare", corpus, "--tokenizer", Gpt2, "--out", Out, .. options]);
        Assert.Equal(exitCode, run.ExitCode);
        Assert.Contains(expected, run.Err, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Out));
    }
}
