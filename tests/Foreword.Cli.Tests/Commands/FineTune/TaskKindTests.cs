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
    public void ATokenLabelModelMarksTheNamesOfAText()
    {
        string run = _directory.File("run"), test = _directory.Write("test.conll", Names(60, 12));
        JsonElement json = Train(run, "token-labels", _directory.Write("train.conll", Names(0, 60)), test);
        Assert.Equal(["entity_f1", "entity_precision", "entity_recall", "token_accuracy"], json.GetProperty("test_metrics").EnumerateObject().Select(metric => metric.Name).Order());
        Assert.Equal(1, json.GetProperty("test_metrics").GetProperty("entity_f1").GetDouble());
        Assert.Equal(["B-LOC", "B-PER", "I-PER", "O"], TaskOf(run).GetProperty("labels").EnumerateArray().Select(label => label.GetString()));

        string[] lines = Lines(Cli.Run("predict", run, test));
        Assert.Equal(["anna\tB-PER", "weber\tI-PER", "visits\tO", "ghent\tB-LOC", "60\tO", "", "paul\tB-PER"], lines[..7]);
        AssertSameFromTorch(run, test);
        JsonElement first = JsonDocument.Parse(Cli.RunWithInput("paul weber visits oslo 99\n", "predict", run, "-", "--json").Out).RootElement.GetProperty("predictions")[0];
        Assert.Equal(["paul", "weber", "visits", "oslo", "99"], first.GetProperty("words").EnumerateArray().Select(word => word.GetString()));
        Assert.Equal(["PER:paul weber:0:2", "LOC:oslo:3:4"], first.GetProperty("entities").EnumerateArray().Select(entity => $"{entity.GetProperty("type")}:{entity.GetProperty("text")}:{entity.GetProperty("start")}:{entity.GetProperty("end")}"));
        string list = _directory.Write("list.jsonl", """{"text": ["anna", "weber", "visits", "oslo"], "label": ["B-PER", "I-PER", "O", "B-LOC"]}""" + "\n");
        Cli measured = Cli.Run("evaluate-task", run, list, "--resamples", "5");
        Assert.True(measured.ExitCode == 0, measured.Err);
        Assert.Contains("entity_f1         1.0000", measured.Out, StringComparison.Ordinal);
        Assert.Contains("Entity F1", File.ReadAllText(Path.Combine(run, "report.html")), StringComparison.Ordinal);
        Cli refused = Cli.Run("predict", run, test, "--with-input");
        Assert.Equal(2, refused.ExitCode);
        Assert.StartsWith("error: --with-input has no place in lines of words and labels, which token-labels writes; use --json\n", refused.Err, StringComparison.Ordinal);
    }

    [Fact]
    public void ASpanModelFindsTheAnswerInItsText()
    {
        string run = _directory.File("run"), test = _directory.Write("test.csv", Questions(60, 12));
        JsonElement json = Train(run, "span", _directory.Write("train.csv", Questions(0, 60)), test);
        Assert.Equal(["answer_f1", "exact_match", "has_answer_exact_match", "has_answer_f1", "no_answer_accuracy"], json.GetProperty("test_metrics").EnumerateObject().Select(metric => metric.Name).Order());
        Assert.Equal(1, json.GetProperty("test_metrics").GetProperty("exact_match").GetDouble());
        Assert.Equal(0, TaskOf(run).GetProperty("threshold").GetDouble());

        string[] lines = Lines(Cli.Run("predict", run, test));
        Assert.Equal("answer,probability,start,end", lines[0]);
        Assert.Matches(@"^good,0\.\d+,15,19$", lines[1]);
        Assert.Matches(@"^bad,0\.\d+,15,18$", lines[2]);
        Assert.Equal(",,,", lines[3]);
        AssertSameFromTorch(run, test);
        JsonElement first = JsonDocument.Parse(Cli.RunWithInput("how?\tthe weather is good today 99\n", "predict", run, "-", "--json").Out).RootElement.GetProperty("predictions")[0];
        Assert.Equal(("good", 15, 19), (first.GetProperty("answer").GetString(), first.GetProperty("start").GetInt32(), first.GetProperty("end").GetInt32()));
        Cli measured = Cli.Run("evaluate-task", run, test, "--resamples", "5");
        Assert.True(measured.ExitCode == 0, measured.Err);
        Assert.Contains("no_answer_accuracy", measured.Out, StringComparison.Ordinal);
        Assert.Contains("Answer F1", File.ReadAllText(Path.Combine(run, "report.html")), StringComparison.Ordinal);
    }

    [Fact]
    public void AnswersToADataSetOfSquadAreSubmitted()
    {
        string run = _directory.File("run"), submission = _directory.File("answers.json");
        Cli trained = Cli.Run("finetune", tiny.Path, "--dataset", "xquad-en", "--data", Fixtures.Path("datasets"), "--out", run, "--epochs", "1", "--batch-size", "4", "--set", "train.threads=2", "--submission", submission);
        Assert.True(trained.ExitCode == 0, trained.Err);
        Assert.Contains("test answer_f1 ", trained.Out, StringComparison.Ordinal);
        JsonElement answers = JsonDocument.Parse(File.ReadAllText(submission)).RootElement;
        Assert.Contains(answers.GetProperty("x7").GetString()!, "The bridge number 7 is 17 metres long.", StringComparison.Ordinal);
        Assert.False(TaskOf(run).TryGetProperty("threshold", out _)); // every question of XQuAD has an answer
        Cli asked = Cli.Run("predict", run, Fixtures.Path("datasets/xquad/xquad.en.json"), "--id", "id");
        Assert.Contains("SQuAD's JSON, 8 rows, 5 columns", Cli.Run("inspect", Fixtures.Path("datasets/xquad/xquad.en.json")).Out.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.DoesNotContain("SQuAD", Cli.Run("inspect", Path.Combine(run, "best")).Out, StringComparison.Ordinal);
        Assert.Equal(["id", "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7"], Lines(asked).Select(line => line.Split(',')[0]));
    }

    [Fact]
    public void LongTextsAreReadInWindows()
    {
        // The word that decides comes after the first 32 tokens, which are the context, so that only windows show it.
        string run = _directory.File("run"), cut = _directory.File("cut");
        string train = _directory.Write("train.csv", "text,label\n" + string.Concat(Enumerable.Range(0, 40).Select(Long))), test = _directory.Write("test.csv", "text,label\n" + string.Concat(Enumerable.Range(40, 8).Select(Long)));
        JsonElement json = Train(run, "classification", train, test, "--set", "task.stride=15", "--set", "train.epochs=30");
        Assert.Equal(1, json.GetProperty("test_metrics").GetProperty("accuracy").GetDouble());
        Assert.Equal(15, TaskOf(run).GetProperty("stride").GetInt32());
        AssertSameFromTorch(run, test);
        Cli shown = Cli.Run("predict", run, test, "--dry-run");
        Assert.DoesNotContain("cut to the context", shown.Out, StringComparison.Ordinal);
        Cli refused = Cli.Run("finetune", tiny.Path, "--task", "classification", "--train", train, "--columns", "text,label", "--out", cut);
        Assert.Equal($"error: {train}: all 36 examples are the same tokens to the model (the context holds 32 tokens; 36 of 36 texts are cut); there is nothing to learn", refused.Err.Trim());

        static string Long(int i)
        {
            string word = i % 2 == 0 ? "good" : "bad";
            return $"so it goes on and on and on and so it is {string.Concat(Enumerable.Repeat("so ", i % 3))}{word} {word} {word},{(i % 2 == 0 ? "pleasant" : "nasty")}\n";
        }
    }

    [Theory]
    [InlineData("classification", "task.stride=0", "task.stride is 0; it must be at least 1")]
    [InlineData("entailment", "task.stride=8", "task.stride is 8; entailment does not read windows, but these do: classification, regression, multi-label, token-labels, span")]
    [InlineData("classification", "task.stride=31", "task.stride is 31; a window holds 30 tokens of a text, so the tokens between two windows would be left out")]
    [InlineData("classification", "task.threshold=0.5", "task.threshold is 0.5; the answers of classification have no threshold")]
    [InlineData("multi-label", "task.threshold=1", "task.threshold is 1; it must be at least 0 and below 1")]
    [InlineData("multi-label", "train.best_metric=accuracy", "train.best_metric is 'accuracy'; multi-label has micro_f1 | macro_f1 | f1:LABEL | exact_match | hamming_loss | mean_average_precision | loss")]
    public void SettingsThatDoNotFitAreRefused(string kind, string setting, string problem)
    {
        string train = kind == "classification" ? tiny.Train : _directory.Write("train.csv", Weather(0, 12));
        Cli refused = Cli.Run("finetune", tiny.Path, "--task", kind, "--train", train, "--out", _directory.File("run"), "--set", setting);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains(problem, refused.Err.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_directory.File("run")));
    }

    private JsonElement Train(string run, string kind, string train, string test, params string[] more)
    {
        Cli trained = Cli.Run(["finetune", tiny.Path, "--task", kind, "--train", train, "--test", test, "--out", run, "--set", "train.epochs=16", "--lr", "1e-2", "--batch-size", "8",
            "--set", "train.threads=2", "--set", "model.dropout=0", "--json", .. more]);
        Assert.True(trained.ExitCode == 0, trained.Err);
        Assert.True(File.Exists(Path.Combine(run, "report.html")));
        return JsonDocument.Parse(trained.Out).RootElement;
    }

    /// <summary>Checks that plain C# and libtorch give the same answers, with probabilities that differ by rounding only.</summary>
    private static void AssertSameFromTorch(string run, string input)
    {
        string[] cpu = Lines(Cli.Run("predict", run, input)), torch = Lines(Cli.Run("predict", run, input, "--engine", "torch", "--precision", "fp32"));
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

    private static string Names(int first, int count) => string.Concat(Enumerable.Range(first, count).Select(i =>
        $"{(i % 2 == 0 ? "anna B-PER\nweber I-PER" : "paul B-PER")}\nvisits O\n{(i % 3 == 0 ? "ghent" : "oslo")} B-LOC\n{i} O\n\n"));

    private static string Questions(int first, int count) => "question,context,label\n" + string.Concat(Enumerable.Range(first, count).Select(i => (i % 3) switch
    {
        0 => $"how?,the weather is good today {i},good\n",
        1 => $"how?,the weather is bad today {i},bad\n",
        _ => $"how?,they go to the city {i},\n",
    }));

    /// <summary>Makes texts with the classes good and warm, one of them, or none.</summary>
    private static string Weather(int first, int count) => "text,label\n" + string.Concat(Enumerable.Range(first, count).Select(i =>
    {
        bool good = i % 4 < 2, warm = i % 2 == 0;
        return $"the weather is {(good ? "good" : "bad")} and {(warm ? "warm" : "cold")} today {i},{string.Join('|', new[] { good ? "good" : null, warm ? "warm" : null }.OfType<string>())}\n";
    }));
}
