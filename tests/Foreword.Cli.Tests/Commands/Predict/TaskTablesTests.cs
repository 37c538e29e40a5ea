using System.Text.Json;
using Foreword.Cli.Tests.Commands.FineTune;

namespace Foreword.Cli.Tests.Commands.Predict;

/// <summary>
/// Tests the options of finetune, predict, evaluate-task and inspect that describe how tables are read, with a model that is trained once.
/// </summary>
public sealed class TaskTablesTests(TrainedTask trained) : IClassFixture<TrainedTask>, IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void AnOutputThatWouldLoseSomethingIsRefused()
    {
        string rows = _directory.Write("rows.csv", "text\nfine\n"), empty = _directory.Write("empty-texts.csv", "text\n\"\"\n"), kept = _directory.Write("old.csv", "before");
        Refused($"{rows} is the input; name another file", rows, rows);
        Refused($"{_directory.Path} is a directory; name a file", rows, _directory.Path);
        Refused($"{rows}/x.csv cannot be written: there is no directory {rows}", rows, $"{rows}/x.csv");
        Refused($"no row has an answer; the first: {empty}:2: 'text' is empty", empty, kept);
        Assert.Equal(("text\nfine\n", "before"), (File.ReadAllText(rows), File.ReadAllText(kept)));

        if (!OperatingSystem.IsWindows()) // links need a privilege there
        {
            string link = _directory.File("link.csv"), linked = _directory.File("linked.csv");
            File.CreateSymbolicLink(link, rows);
            Refused($"{link} is the input; name another file", rows, link);
            File.CreateSymbolicLink(linked, kept);
            Assert.Equal((0, $"1 prediction in {linked}\n"), (Cli.Run("predict", trained.Run, rows, "--out", linked) is var one ? one.ExitCode : 0, one.Err));
            Assert.Equal(kept, new FileInfo(linked).LinkTarget);
            Assert.StartsWith("label,", File.ReadAllText(kept), StringComparison.Ordinal);
            Assert.Equal(0, Cli.Run("predict", trained.Run, rows, "--out", "/dev/null").ExitCode);
        }

        void Refused(string sentence, string input, string output)
        {
            Cli run = Cli.Run("predict", trained.Run, input, "--out", output);
            Assert.Equal((1, $"error: {sentence}\n"), (run.ExitCode, run.Err));
        }
    }

    [Fact]
    public void ARowWithoutATextGetsAnErrorAndTheOthersTheirAnswer()
    {
        string broken = _directory.Write("broken.csv", "text\nfine\n\"\"\nbad\n"), kept = _directory.Write("kept.csv", "before");
        Cli file = Cli.Run("predict", trained.Run, broken, "--out", kept);
        Assert.Equal((1, $"2 predictions in {kept}\nerror: 1 of 3 rows has no answer; the first: {broken}:3: 'text' is empty\n"), (file.ExitCode, file.Err));
        string[] lines = File.ReadAllLines(kept);
        Assert.Equal(("label,probability,p_nasty,p_pleasant,error", 4), (lines[0], lines.Length));
        Assert.Equal($",,,,{broken}:3: 'text' is empty", lines[2]);
        Assert.Matches("^(nasty|pleasant),0[.][0-9]+,.*,$", lines[3]);

        Cli lineByLine = Cli.RunWithInput("a\n\nb\n", "predict", trained.Run, "-");
        Assert.Equal((1, 4), (lineByLine.ExitCode, lineByLine.Out.TrimEnd('\n').Split('\n').Length));
        Assert.Equal(",,,,standard input:2: the text is empty", lineByLine.Out.Split('\n')[2]);
        JsonElement json = JsonDocument.Parse(Cli.RunWithInput("a\n\nb\n", "predict", trained.Run, "-", "--json").Out).RootElement.GetProperty("predictions");
        Assert.Equal([false, true, false], json.EnumerateArray().Select(row => row.TryGetProperty("error", out _)));

        // The error comes after the header was written: the fields are empty, and the last message reports it.
        Cli late = Cli.RunWithInput(string.Concat(Enumerable.Repeat("a\n", 2500)) + "\n", "predict", trained.Run, "-");
        Assert.Equal((1, "error: 1 of 2,501 rows has no answer; the first: standard input:2501: the text is empty\n"), (late.ExitCode, late.Err));
        Assert.EndsWith("\n,,,\n", late.Out, StringComparison.Ordinal);
        Cli all = Cli.RunWithInput("\n", "predict", trained.Run, "-");
        Assert.Equal((1, "label,probability,p_nasty,p_pleasant,error\n,,,,standard input:1: the text is empty\n"), (all.ExitCode, all.Out));
    }

    [Fact]
    public void RowsOfJsonLinesWithNullOrWithoutAFieldGetAnError()
    {
        string path = _directory.Write("new.jsonl", "{\"id\":7,\"text\":\"good\"}\n{\"id\":8,\"text\":null}\n{\"id\":9}\n{\"id\":10,\"text\":5}\n");
        Cli run = Cli.Run("predict", trained.Run, path, "--id", "id", "--quiet");
        string[][] rows = [.. run.Out.TrimEnd('\n').Split('\n').Select(line => line.Split(','))];
        Assert.Equal(["id", "7", "8", "9", "10"], rows.Select(row => row[0]));
        Assert.Equal([false, true, true, false], rows.Skip(1).Select(row => row[^1].Length > 0));
        Assert.Equal(1, run.ExitCode);
    }

    [Fact]
    public void TheInputsColumnsStandBesideTheAnswers()
    {
        string path = _directory.Write("new.csv", "qid,text,label\n7,\"good, yes\",pleasant\n8,bad,nasty\n");
        string[] lines = Cli.Run("predict", trained.Run, path, "--with-input").Out.TrimEnd('\n').Split('\n');
        Assert.Equal("qid,text,input_label,label,probability,p_nasty,p_pleasant", lines[0]);
        Assert.StartsWith("7,\"good, yes\",pleasant,", lines[1], StringComparison.Ordinal);
        string[] plain = Cli.Run("predict", trained.Run, path).Out.TrimEnd('\n').Split('\n');
        Assert.Equal(lines[2], $"8,bad,nasty,{plain[2]}");

        Assert.Equal(["text,qid,input_label,label,probability,p_nasty,p_pleasant", $"bad,8,nasty,{plain[2]}"], Cli.Run("predict", trained.Run, path, "--with-input", "--id", "text").Out.TrimEnd('\n').Split('\n').Where((_, i) => i != 1));
        JsonElement json = JsonDocument.Parse(Cli.Run("predict", trained.Run, path, "--with-input", "--id", "qid", "--json").Out).RootElement.GetProperty("predictions")[0];
        Assert.Equal(("7", "pleasant"), (json.GetProperty("id").GetString(), json.GetProperty("input").GetProperty("label").GetString()));
        Assert.StartsWith($"text,label,probability,p_nasty,p_pleasant\ngood,", Cli.RunWithInput("good\n", "predict", trained.Run, "-", "--with-input").Out, StringComparison.Ordinal);
    }

    [Fact]
    public void TablesAreReadAsTheOptionsSay()
    {
        string path = _directory.Write("new.data", "head|body\n|bad weather\n\"good|day\n"), plain = _directory.Write("new.csv", "text\nbad weather\n\"\"\"good day\"\n");
        string[] command = ["predict", trained.Run, path, "--delimiter", "|", "--quoting", "no", "--columns", "text=head+body"];
        Assert.Equal(Cli.Run("predict", trained.Run, plain).Out, Cli.Run(command).Out);
        Assert.Equal(2, Cli.Run([.. command, "--max-examples", "1"]).Out.TrimEnd('\n').Split('\n').Length);
        string headless = _directory.Write("headless.tsv", "text\tx\nbad weather\ty\n");
        Assert.Equal([3, 2, 2], new[] { "no", "yes", "auto" }.Select(word => Cli.Run("predict", trained.Run, headless, "--columns", "0", "--header", word, "--quiet").Out.TrimEnd('\n').Split('\n').Length));
        Assert.Equal(Cli.Run("predict", trained.Run, plain).Out, Cli.RunWithInput(File.ReadAllText(plain), "predict", trained.Run, "-", "--format", "csv").Out);

        Assert.Equal((2, "error: --format is 'jsonline'; expected auto | csv | tsv | jsonl | parquet | copa | conll | squad; did you mean 'jsonl'?\ntry: foreword predict --help\n"), Usage("predict", trained.Run, plain, "--format", "jsonline"));
        Assert.Equal((2, "error: --header is 'maybe'; expected yes | no | auto\ntry: foreword evaluate-task --help\n"), Usage("evaluate-task", trained.Run, plain, "--header", "maybe"));
        Assert.Equal((2, "error: delimiter is '::'; expected one character, or tab | comma | semicolon | pipe\n"), Usage("predict", trained.Run, plain, "--delimiter", "::"));
        Assert.Equal((2, $"error: --delimiter is for CSV and TSV; {_directory.File("a.jsonl")} is neither\n"), Usage("predict", trained.Run, _directory.Write("a.jsonl", "{}"), "--delimiter", ";"));
        Assert.Equal((2, "error: --id is for tables; give the format of standard input, such as --format csv\n"), Usage("predict", trained.Run, "-", "--id", "a"));
        Assert.Equal((2, "error: --max-examples is 0; it must be at least 1\n"), Usage("predict", trained.Run, plain, "--max-examples", "0"));
    }

    [Fact]
    public void ADryRunShowsExamplesWithTheirTokensAndTrainsNothing()
    {
        string run = _directory.File("run"), table = _directory.Write("train.tsv", string.Concat(Enumerable.Range(0, 20).Select(i => $"good {i}\tvery \"good\"\t{i % 2}.0\n")));
        Cli dry = Cli.Run("finetune", trained.Model, "--task", "classification", "--train", table, "--columns", "text=0+1,label=2", "--out", run, "--dry-run");
        Assert.True(dry.ExitCode == 0, dry.Err);
        Assert.StartsWith($"classification, 2 labels: 0, 1\ntrain 18 examples, validation 2 examples, test 0 examples\n\n{table}:", dry.Out, StringComparison.Ordinal);
        Assert.Contains("  text       good 0 very \"good\"\n  label      0\n  ids        ", dry.Out, StringComparison.Ordinal);
        Assert.Contains("\n  tokens     [start] ", dry.Out, StringComparison.Ordinal);
        Assert.All(dry.Out.Split('\n').Where(line => !line.Contains(table, StringComparison.Ordinal)), line => Assert.True(line.Length <= 80, line));
        Assert.False(Directory.Exists(run));

        JsonElement json = JsonDocument.Parse(Cli.Run("evaluate-task", trained.Run, trained.Test, "--dry-run", "--json").Out).RootElement;
        Assert.Equal((12, 3), (json.GetProperty("sets").GetProperty("test").GetInt32(), json.GetProperty("examples").GetArrayLength()));
        JsonElement example = json.GetProperty("examples")[0];
        Assert.Equal(("the weather is good today 48", "pleasant"), (example.GetProperty("texts").GetProperty("text").GetString(), example.GetProperty("label").GetString()));
        JsonElement sequence = example.GetProperty("sequences")[0];
        Assert.Equal(("[start]", "[extract]"), (sequence.GetProperty("tokens")[0].GetString(), sequence.GetProperty("tokens")[sequence.GetProperty("tokens").GetArrayLength() - 1].GetString()));
        Assert.Equal(sequence.GetProperty("ids").GetArrayLength(), sequence.GetProperty("tokens").GetArrayLength());
        Assert.Contains("  text       the weather is good today 48\n  ids", Cli.Run("predict", trained.Run, trained.Test, "--dry-run").Out, StringComparison.Ordinal);
    }

    [Fact]
    public void LabelsComeFromASecondFileWhoseCountMustAgree()
    {
        string texts = _directory.Write("texts.csv", "text\n" + string.Concat(Enumerable.Range(0, 8).Select(i => $"good {i}\n"))), labels = _directory.Write("labels.lst", string.Concat(Enumerable.Range(0, 8).Select(i => i % 2 == 0 ? "pleasant\n" : "nasty\n")));
        string[] command = ["finetune", trained.Model, "--task", "classification", "--train", texts, "--labels", labels, "--columns", "text", "--dry-run"];
        Cli dry = Cli.Run(command);
        Assert.Contains("  text       good 0\n  label      pleasant\n", dry.Out, StringComparison.Ordinal);
        Cli measured = Cli.Run("evaluate-task", trained.Run, texts, "--labels", labels, "--json", "--out", _directory.File("evaluation"));
        Assert.Equal(8, JsonDocument.Parse(measured.Out).RootElement.GetProperty("n").GetInt32());
        _directory.Write("labels.lst", "pleasant\nnasty\n");
        Assert.Equal((1, $"error: {texts} has 8 rows, but {labels} has 2 labels\n"), Usage(command));
    }

    [Fact]
    public void InspectShowsColumnsRowsLabelsAndExamplesOfATable()
    {
        Cli csv = Cli.Run("inspect", trained.Test);
        Assert.Equal((0, ""), (csv.ExitCode, csv.Err));
        Assert.Contains("CSV, 12 rows, 2 columns", csv.Out.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.Contains("  text            12          12  texts of 6.0 words on average\n  label           12           2  texts of 1.0 words on average\n", csv.Out, StringComparison.Ordinal);
        Assert.Contains("labels of label\n            6   50.0 %  nasty\n            6   50.0 %  pleasant\n", csv.Out, StringComparison.Ordinal);
        Assert.Contains("row 2\n  text   the weather is good today 48\n  label  pleasant\n", csv.Out, StringComparison.Ordinal);

        string path = _directory.Write("a.jsonl", "{\"text\":\"" + new string('x', 200) + " " + string.Concat(Enumerable.Repeat("漢字", 60)) + "\",\"n\":1}\n{\"text\":\"" + string.Concat(Enumerable.Repeat("漢字", 60)) + "\",\"n\":null}\nno\n");
        Cli json = Cli.Run("inspect", path);
        Assert.Contains("1 of them cannot be read; the first: ", json.Out.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.All(json.Out.Split('\n').Where(line => !line.Contains(_directory.Path, StringComparison.Ordinal)), line => Assert.True(line.Length + line.Count(c => c is '漢' or '字') <= 80, line));
        JsonElement shown = JsonDocument.Parse(Cli.Run("inspect", trained.Test, "--columns", "text+label,label", "--json").Out).RootElement;
        Assert.Equal(("table", 12), (shown.GetProperty("kind").GetString(), shown.GetProperty("rows").GetInt32()));
        Assert.Equal(6, shown.GetProperty("columns")[1].GetProperty("labels").GetProperty("nasty").GetInt32());
        Assert.Equal("the weather is good today 48 pleasant", shown.GetProperty("examples")[0].GetProperty("text+label").GetString());
    }

    private static (int, string) Usage(params string[] args)
    {
        Cli run = Cli.Run(args);
        return (run.ExitCode, run.Err);
    }
}

/// <summary>A tiny text classifier after one epoch.</summary>
public sealed class TrainedTask : IDisposable
{
    private readonly TinyModel _tiny = new();
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public TrainedTask()
    {
        Run = _directory.File("run");
        Cli trained = Cli.Run("finetune", Model, "--task", "classification", "--train", _tiny.Train, "--columns", "text,label", "--out", Run, "--epochs", "1", "--batch-size", "8", "--set", "train.threads=2");
        Assert.True(trained.ExitCode == 0, trained.Err);
    }

    public string Model => _tiny.Path;

    public string Run { get; }

    public string Test => _tiny.Test;

    public void Dispose()
    {
        _tiny.Dispose();
        _directory.Dispose();
    }
}
