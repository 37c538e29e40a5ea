using System.Text.Json;

namespace Foreword.Cli.Tests.Commands.FineTune;

/// <summary>Tests finetune with published data sets.</summary>
public sealed class DatasetCommandTests(TinyModel tiny) : IClassFixture<TinyModel>, IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void ADataSetTrainsIsMeasuredAndIsSubmitted()
    {
        string run = _directory.File("run"), submission = _directory.File("RTE.tsv");
        Cli trained = Finetune("rte", run, "--submission", submission, "--json");
        Assert.True(trained.ExitCode == 0, trained.Err);
        JsonElement json = JsonDocument.Parse(trained.Out).RootElement;
        Assert.InRange(json.GetProperty("metrics").GetProperty("accuracy").GetDouble(), 0, 1);
        JsonElement paper = json.GetProperty("paper")[0];
        Assert.Equal(("GPT-1", "accuracy", 0.56, "test", "GPT-1, table 2"), (paper.GetProperty("model").GetString(), paper.GetProperty("metric").GetString(), paper.GetProperty("value").GetDouble(), paper.GetProperty("part").GetString(), paper.GetProperty("source").GetString()));
        string[] lines = File.ReadAllLines(submission);
        Assert.Equal("index\tprediction", lines[0]);
        Assert.Equal(["0", "1", "2"], lines[1..].Select(line => line.Split('\t')[0]));
        Assert.All(lines[1..], line => Assert.Contains(line.Split('\t')[1], new[] { "entailment", "not_entailment" }));
        Assert.Contains("rte: train has 4 examples; the published files have 2,490", trained.Err, StringComparison.Ordinal);
        Assert.Contains("dataset: rte", File.ReadAllText(Path.Combine(run, "recipe.yaml")), StringComparison.Ordinal);

        // The run is complete, so it only says so again.
        Cli again = Finetune("rte", run, "--resume", "auto");
        Assert.True(again.ExitCode == 0, again.Err);
        Assert.Contains("paper accuracy 0.5600 on test (GPT-1, table 2)\n", again.Out, StringComparison.Ordinal);
        Assert.StartsWith("label,probability,", Cli.RunWithInput("{\"premise\": \"a\", \"hypothesis\": \"b\"}\n", "predict", run, "-", "--format", "jsonl").Out, StringComparison.Ordinal);
    }

    [Fact]
    public void TheMetricOfThePaperChoosesTheBestEpoch()
    {
        Cli trained = Finetune("cola", _directory.File("run"));
        Assert.True(trained.ExitCode == 0, trained.Err);
        Assert.Contains("by matthews: validation ", trained.Out, StringComparison.Ordinal);
        Assert.Contains("paper matthews 0.4540 on test (GPT-1, table 4)\n", trained.Out, StringComparison.Ordinal);
    }

    /// <summary>SuperGLUE reports the mean F1 over the classes of CommitmentBank beside the accuracy.</summary>
    [Fact]
    public void CommitmentBankHasMacroF1BesideAccuracy()
    {
        Cli trained = Finetune("cb", _directory.File("run"), "--json");
        Assert.True(trained.ExitCode == 0, trained.Err);
        JsonElement metrics = JsonDocument.Parse(trained.Out).RootElement.GetProperty("metrics");
        Assert.Equal(["accuracy", "f1"], metrics.EnumerateObject().Select(metric => metric.Name));
    }

    [Fact]
    public void EveryPartIsMeasuredAndSubmittedByItself()
    {
        string run = _directory.File("run");
        Cli trained = Finetune("mnli", run, "--submission", _directory.File("MNLI.tsv"), "--json");
        Assert.True(trained.ExitCode == 0, trained.Err);
        JsonElement metrics = JsonDocument.Parse(trained.Out).RootElement.GetProperty("test_metrics");
        Assert.InRange(metrics.GetProperty("validation_mismatched/accuracy").GetDouble(), 0, 1);
        Assert.Equal([3, 2], new[] { "MNLI-m.tsv", "MNLI-mm.tsv" }.Select(name => File.ReadAllLines(_directory.File(name)).Length));
        Assert.False(File.Exists(_directory.File("MNLI.tsv")));
        Assert.True(File.Exists(Path.Combine(run, "report.html")));
    }

    [Fact]
    public void RepeatsSumUpEveryPart()
    {
        string run = _directory.File("runs");
        Cli trained = Finetune("race", run, "--repeats", "2", "--examples", "2");
        Assert.True(trained.ExitCode == 0, trained.Err);
        Assert.All(["  accuracy   mean ", "  test_middle accuracy mean ", "  test_high accuracy mean "], line => Assert.Contains(line, trained.Out, StringComparison.Ordinal));
        Assert.All(["", "evaluation-test_middle", "evaluation-test_high"], part => Assert.True(File.Exists(Path.Combine(run, "seed-1337", part, "report.html")), part));
        Assert.Contains("paper accuracy 0.6290 on test_middle (GPT-1, table 3)\n", trained.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void AFewExamplesAreDrawn()
    {
        Cli shown = Finetune("rte", _directory.File("run"), "--examples", "2", "--dry-run", "--json");
        Assert.True(shown.ExitCode == 0, shown.Err);
        JsonElement json = JsonDocument.Parse(shown.Out).RootElement;
        Assert.Equal((2, 2, 3), (json.GetProperty("sets").GetProperty("train").GetInt32(), json.GetProperty("sets").GetProperty("validation").GetInt32(), json.GetProperty("sets").GetProperty("test").GetInt32()));
        Assert.Equal(3, JsonDocument.Parse(Finetune("rte", _directory.File("run"), "--limit", "3", "--dry-run", "--json").Out).RootElement.GetProperty("sets").GetProperty("train").GetInt32());
    }

    [Fact]
    public void TheListNamesEveryDataSet()
    {
        Cli text = Cli.Run("finetune", "--list"), json = Cli.Run("finetune", "--list", "--json");
        Assert.Equal((0, 0), (text.ExitCode, json.ExitCode));
        Assert.All(text.Out.Split('\n'), line => Assert.InRange(line.Length, 0, 80));
        JsonElement[] sets = [.. JsonDocument.Parse(json.Out).RootElement.GetProperty("datasets").EnumerateArray()];
        Assert.Contains(sets, set => set.GetProperty("name").GetString() == "rte" && set.GetProperty("submission").GetBoolean() && set.GetProperty("paper")[0].GetProperty("value").GetDouble() == 0.56);
        Assert.All(sets, set => Assert.Contains($"{set.GetProperty("name").GetString()} ", text.Out, StringComparison.Ordinal));
        string page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "pages", "data-sets.md"));
        Assert.All(sets, set => Assert.Contains($"`{set.GetProperty("name").GetString()}`", page, StringComparison.Ordinal));
    }

    [Fact]
    public void WrongUsageIsOneSentence()
    {
        AssertRefused(2, "--dataset is 'rtee'; expected ", "finetune", tiny.Path, "--dataset", "rtee", "--data", ".");
        AssertRefused(2, "--dataset rte needs the directory of its files: --data DIR", "finetune", tiny.Path, "--dataset", "rte");
        AssertRefused(2, "a recipe or a model is missing", "finetune");
        AssertRefused(2, "--submission is for data sets with a test server", "finetune", tiny.Path, "--task", "classification", "--train", tiny.Train, "--columns", "text,label", "--submission", "x.tsv");
        AssertRefused(2, "--submission: the data set scitail has no test server; these have one: mnli, qnli, rte, ", "finetune", tiny.Path, "--dataset", "scitail", "--data", ".", "--submission", "x.tsv");
        AssertRefused(2, "--submission is for one run; --repeats is 2", "finetune", tiny.Path, "--dataset", "rte", "--data", ".", "--submission", "x.tsv", "--repeats", "2");
        AssertRefused(2, "--submission needs every test example; --max-examples is 5", "finetune", tiny.Path, "--dataset", "rte", "--data", ".", "--submission", "x.tsv", "--max-examples", "5");
        AssertRefused(1, "cannot be written: there is no directory ", "finetune", tiny.Path, "--dataset", "rte", "--data", Fixtures.Path("datasets"), "--out", _directory.File("run"), "--submission", _directory.File("nowhere/RTE.tsv"));
        AssertRefused(1, "data.columns is for tables; the data set rte finds and reads its own files", "finetune", tiny.Path, "--dataset", "rte", "--data", ".", "--columns", "a,b,c");
        AssertRefused(1, "task.kind is classification; the data set rte is for entailment", "finetune", tiny.Path, "--dataset", "rte", "--data", ".", "--task", "classification");
        AssertRefused(1, $"rte: {_directory.Path} holds none of train.tsv; the data set has ", "finetune", tiny.Path, "--dataset", "rte", "--data", _directory.Path, "--out", _directory.File("run"));
        Assert.False(Directory.Exists(_directory.File("run")));
    }

    [Fact]
    public void AnEarlierSubmissionStaysIfThereIsNoTestFile()
    {
        _directory.Write("rte/train.tsv", File.ReadAllText(Fixtures.Path("datasets/rte/train.tsv")));
        string submission = _directory.Write("RTE.tsv", "before");
        AssertRefused(1, $"--submission: {_directory.Path} has no test file of rte", "finetune", tiny.Path, "--dataset", "rte", "--data", _directory.Path, "--out", _directory.File("run"), "--submission", submission);
        Assert.Equal("before", File.ReadAllText(submission));
    }

    private Cli Finetune(string dataset, string run, params string[] more) => Cli.Run(
        ["finetune", tiny.Path, "--dataset", dataset, "--data", Fixtures.Path("datasets"), "--out", run, "--epochs", "1", "--batch-size", "2", "--set", "train.threads=1", .. more]);

    private static void AssertRefused(int code, string message, params string[] args)
    {
        Cli refused = Cli.Run(args);
        Assert.Equal(code, refused.ExitCode);
        Assert.Contains(message, refused.Err, StringComparison.Ordinal);
    }
}
