using System.Text.Json;

namespace Foreword.Cli.Tests.Commands;

public sealed class OverlapCommandTests : IDisposable
{
    private const string Train = "It was the best of times, it was the worst of times.\nIt was the age of wisdom.\n";
    private const string Seen = "It was the BEST of times - it was the worst of days indeed.";

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void SharesArePrintedBySetAndDocument()
    {
        string train = _directory.Write("train.txt", Train), test = _directory.Write("test.jsonl", $"{{\"text\":\"Nothing of this stands in the other file at all.\"}}\n{{\"text\":\"{Seen}\"}}\n");
        Cli run = Cli.Run("overlap", train, test);
        Assert.Equal((0, ""), (run.ExitCode, run.Err));
        Assert.Matches(@"^training   1 documents, 11 8-grams, 11 different: .*train\.txt\nfilter     0\.0 MB, false-positive rate \d\.\de-\d+ \(bound 1\.0e-8\)\n", run.Out);
        Assert.Matches(@"test\.jsonl +2 +1 \(50\.00 %\) +9 +4 +44\.44 %\n", run.Out);
        Assert.Contains($"  66.67 %        4 of       6  document 2: {Seen}", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void AFilterIsSavedAndUsedAgain()
    {
        string train = _directory.Write("train.txt", Train), test = _directory.Write("test.txt", Seen), filter = _directory.File("train.filter"), documents = _directory.File("documents.jsonl");
        Assert.Equal(0, Cli.Run("overlap", train, "--out", filter, "--quiet").ExitCode);
        JsonElement fresh = Json(Cli.Run("overlap", train, test, "--json")), saved = Json(Cli.Run("overlap", filter, test, "--json", "--documents", documents));
        Assert.Equal(fresh.GetRawText(), saved.GetRawText());
        Assert.Equal(4, saved.GetProperty("sets")[0].GetProperty("found").GetInt32());
        JsonElement document = JsonDocument.Parse(Assert.Single(File.ReadAllLines(documents))).RootElement;
        Assert.Equal((1, 6, 4), (document.GetProperty("document").GetInt32(), document.GetProperty("grams").GetInt32(), document.GetProperty("found").GetInt32()));
    }

    [Theory]
    [InlineData("--out")]
    [InlineData("--documents")]
    public void AnInputIsNeverTheOutput(string option)
    {
        string train = _directory.Write("train.txt", Train), test = _directory.Write("test.txt", Seen);
        Cli run = Cli.Run("overlap", train, test, option, test);
        Assert.Equal((1, $"error: {test} is the input; name another file\n", Seen), (run.ExitCode, run.Err, File.ReadAllText(test)));
    }

    [Fact]
    public void OfShardsTheTrainingSplitIsComparedWithTheValidationSplit()
    {
        // Every document occurs twice. The twin of a held-out document is therefore in the training split, or is held out as well.
        string corpus = _directory.Write("corpus.jsonl", string.Concat(Enumerable.Range(0, 200).Select(i => $"{{\"text\":\"Document {i / 2} has words enough for a run of eight\"}}\n")));
        string shards = _directory.File("shards");
        Assert.Equal(0, Cli.Run("prepare", corpus, "--tokenizer", Fixtures.Path("gpt2-vocab"), "--out", shards, "--validation", "0.05").ExitCode);
        JsonElement run = Json(Cli.Run("overlap", shards, shards, "--json"));
        Assert.Equal(190, run.GetProperty("training").GetProperty("documents").GetInt32());
        JsonElement set = run.GetProperty("sets")[0];
        Assert.Equal((10, 30), (set.GetProperty("documents").GetInt32(), set.GetProperty("grams").GetInt32())); // ten words contain three sequences of eight
        Assert.Equal(set.GetProperty("grams").GetInt32(), set.GetProperty("found").GetInt32());
    }

    [Theory]
    [InlineData(1, "error: nowhere.txt does not exist\n", "nowhere.txt", "TRAIN")]
    [InlineData(1, "error: nowhere.txt does not exist\n", "TRAIN", "nowhere.txt")]
    [InlineData(2, "error: there is nothing to do: give test sets, or --out to save the filter\n", "TRAIN")]
    [InlineData(2, "error: --false-positives is 0; it must be between 0 and 1\n", "TRAIN", "TRAIN", "--false-positives", "0")]
    [InlineData(2, "did you mean '--json'?", "TRAIN", "TRAIN", "--jsno")]
    public void WrongInputIsOneSentence(int code, string message, params string[] args)
    {
        string train = _directory.Write("train.txt", Train);
        Cli run = Cli.Run(["overlap", .. args.Select(arg => arg == "TRAIN" ? train : arg)]);
        Assert.Equal(code, run.ExitCode);
        Assert.Contains(message, run.Err, StringComparison.Ordinal);
        Assert.Empty(run.Out);
    }

    private static JsonElement Json(Cli run)
    {
        Assert.True(run.ExitCode == 0, run.Err);
        return JsonDocument.Parse(run.Out).RootElement;
    }
}
