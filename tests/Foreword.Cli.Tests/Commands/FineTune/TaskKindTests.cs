using System.Text.Json;

namespace Foreword.Cli.Tests.Commands.FineTune;

/// <summary>Trains, evaluates and asks kinds of tasks whose answers are more than one class.</summary>
public sealed class TaskKindTests(TinyModel tiny) : IClassFixture<TinyModel>, IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void AMultiLabelModelFindsEveryClassOfAText()
    {
        string run = _directory.File("run"), test = _directory.Write("test.csv", Weather(60, 16));
        JsonElement json = Train(run, "multi-label", _directory.Write("train.csv", Weather(0, 60)), test);
        Assert.Equal(["exact_match", "hamming_loss", "macro_f1", "mean_average_precision", "micro_f1"], json.GetProperty("test_metrics").EnumerateObject().Select(metric => metric.Name).Order());
        Assert.Equal(1, json.GetProperty("test_metrics").GetProperty("micro_f1").GetDouble(), 1e-9);
        Assert.Equal((0.5, "class_set"), (TaskOf(run).GetProperty("threshold").GetDouble(), TaskOf(run).GetProperty("target").GetString()));

        string[] lines = Lines(Cli.Run("predict", run, test));
        Assert.Equal("label,probability,p_good,p_warm", lines[0]);
        Assert.Equal(["good|warm", "good", "warm", ""], lines[1..5].Select(line => line.Split(',')[0]));
        Assert.Matches(@"^good\|warm,0\.\d+\|0\.\d+,0\.\d+,0\.\d+$", lines[1]);
        AssertSameFromTorch(run, test);
        JsonElement first = JsonDocument.Parse(Cli.RunWithInput("the weather is good and warm today 99\n", "predict", run, "-", "--json").Out).RootElement.GetProperty("predictions")[0];
        Assert.Equal(["good", "warm"], first.GetProperty("labels").EnumerateArray().Select(label => label.GetString()));
        Assert.Equal(["good", "warm"], first.GetProperty("probabilities").EnumerateObject().Select(field => field.Name));

        Cli measured = Cli.Run("evaluate-task", run, test, "--resamples", "20");
        Assert.True(measured.ExitCode == 0, measured.Err);
        Assert.Contains("micro_f1", measured.Out, StringComparison.Ordinal);
        string page = File.ReadAllText(Path.Combine(run, "evaluation-test", "report.html"));
        Assert.Contains("Hamming loss", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Confusion matrix", page, StringComparison.Ordinal);
        string list = _directory.Write("list.jsonl", """{"text": "the weather is good and warm today 99", "label": ["good", "warm"]}""" + "\n" + """{"text": "the weather is bad and cold today 99", "label": []}""" + "\n");
        Assert.Equal(1, JsonDocument.Parse(Cli.Run("evaluate-task", run, list, "--resamples", "1", "--json").Out).RootElement.GetProperty("metrics").GetProperty("exact_match").GetProperty("value").GetDouble());
    }

    [Fact]
    public void LongTextsAreReadInWindows()
    {
        // The word that decides is at the end, behind the context of 32 tokens, so that only windows can see it.
        string run = _directory.File("run"), cut = _directory.File("cut");
        string train = _directory.Write("train.csv", "text,label\n" + string.Concat(Enumerable.Range(0, 40).Select(Long))), test = _directory.Write("test.csv", "text,label\n" + string.Concat(Enumerable.Range(40, 8).Select(Long)));
        JsonElement json = Train(run, "classification", train, test, "--set", "task.stride=20");
        Assert.Equal(1, json.GetProperty("test_metrics").GetProperty("accuracy").GetDouble());
        Assert.Equal(20, TaskOf(run).GetProperty("stride").GetInt32());
        AssertSameFromTorch(run, test);
        Cli shown = Cli.Run("predict", run, test, "--dry-run");
        Assert.DoesNotContain("cut to the context", shown.Out, StringComparison.Ordinal);
        Assert.Contains("cut to the context", Cli.Run("finetune", tiny.Path, "--task", "classification", "--train", train, "--columns", "text,label", "--out", cut, "--dry-run").Out, StringComparison.Ordinal);

        static string Long(int i) => $"{string.Concat(Enumerable.Repeat("so it goes on ", 7))}and the weather is {(i % 2 == 0 ? "good" : "bad")} today {i},{(i % 2 == 0 ? "pleasant" : "nasty")}\n";
    }

    [Theory]
    [InlineData("classification", "task.stride=0", "task.stride is 0; it must be at least 1")]
    [InlineData("entailment", "task.stride=8", "task.stride is 8; entailment does not read windows, but these do: classification, regression, multi-label")]
    [InlineData("classification", "task.stride=31", "task.stride is 31; a window holds 30 tokens of a text, so the tokens between two windows would be left out")]
    [InlineData("classification", "task.threshold=0.5", "task.threshold is 0.5; the answers of classification have no threshold")]
    [InlineData("multi-label", "task.threshold=1", "task.threshold is 1; it must be at least 0 and below 1")]
    [InlineData("multi-label", "train.best_metric=accuracy", "train.best_metric is 'accuracy'; multi-label has micro_f1 | macro_f1 | f1:LABEL | exact_match | hamming_loss | mean_average_precision | loss")]
    public void SettingsThatDoNotFitAreRefused(string kind, string setting, string problem)
    {
        string train = _directory.Write("train.csv", Weather(0, 12));
        Cli refused = Cli.Run("finetune", tiny.Path, "--task", kind, "--train", train, "--out", _directory.File("run"), "--set", setting);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains(problem, refused.Err.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_directory.File("run")));
    }

    private JsonElement Train(string run, string kind, string train, string test, params string[] more)
    {
        Cli trained = Cli.Run(["finetune", tiny.Path, "--task", kind, "--train", train, "--test", test, "--out", run, "--epochs", "16", "--lr", "1e-2", "--batch-size", "8",
            "--set", "train.threads=2", "--set", "model.dropout=0", "--json", .. more]);
        Assert.True(trained.ExitCode == 0, trained.Err);
        Assert.True(File.Exists(Path.Combine(run, "report.html")));
        return JsonDocument.Parse(trained.Out).RootElement;
    }

    /// <summary>Checks that plain C# and libtorch give the same answers, with probabilities that differ by rounding only.</summary>
    private static void AssertSameFromTorch(string run, string input)
    {
        string[] cpu = Lines(Cli.Run("predict", run, input)), torch = Lines(Cli.Run("predict", run, input, "--engine", "torch"));
        Assert.Equal(cpu.Length, torch.Length);
        foreach ((string a, string b) in cpu.Zip(torch))
            Assert.Equal(a.Split(',', '|', '\t', ' '), b.Split(',', '|', '\t', ' '), (x, y) => x == y || double.TryParse(x, out double p) && double.TryParse(y, out double q) && Math.Abs(p - q) < 1e-4);
    }

    private static string[] Lines(Cli cli)
    {
        Assert.True(cli.ExitCode == 0, cli.Err);
        return cli.Out.TrimEnd('\n').Split('\n');
    }

    private static JsonElement TaskOf(string run) => JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "best", "task.json"))).RootElement;

    /// <summary>Texts with the classes good and warm, one of them, or none.</summary>
    private static string Weather(int first, int count) => "text,label\n" + string.Concat(Enumerable.Range(first, count).Select(i =>
    {
        bool good = i % 4 < 2, warm = i % 2 == 0;
        return $"the weather is {(good ? "good" : "bad")} and {(warm ? "warm" : "cold")} today {i},{string.Join('|', new[] { good ? "good" : null, warm ? "warm" : null }.OfType<string>())}\n";
    }));
}
