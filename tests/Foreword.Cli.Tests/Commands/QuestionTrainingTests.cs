using System.Text.Json;

namespace Foreword.Cli.Tests.Commands;

/// <summary>Tests <c>finetune --task questions</c> and <c>evaluate-task RUN mix.yaml</c>.</summary>
public sealed class QuestionTrainingTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();
    private readonly string _model, _mix;

    public QuestionTrainingTests()
    {
        _model = _directory.File("base");
        Cli pretrain = Cli.Run("pretrain", Recipes.Small(_directory), "--out", _model, "--quiet", "--set", "model.context_length=64");
        Assert.True(pretrain.ExitCode == 0, pretrain.Err);
        foreach (string part in (string[])["train", "val", "test"])
        {
            _directory.Write($"data/sst/{part}.jsonl", string.Concat(Enumerable.Range(0, 12).Select(i => $$"""{"context": "it was {{(i % 2 == 0 ? "good" : "bad")}}", "question": "good?", "answer": "{{(i % 2 == 0 ? "yes" : "no")}}"}""" + "\n")));
            _directory.Write($"data/iwslt/{part}.jsonl", string.Concat(Enumerable.Range(0, 4).Select(_ => """{"context": "a b", "question": "turn", "answer": "b a"}""" + "\n")));
        }

        _mix = _directory.Write("mix.yaml", "directory: nowhere\nfiles: {sst: sst, iwslt: iwslt}\nfirst: sst\nfor: 1\n");
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void AModelLearnsTheTasksOfAMixAndIsMeasuredOnThem()
    {
        string run = _directory.File("run"), data = _directory.File("data"), scores = _directory.File("scores");
        string[] args = ["finetune", _model, "--task", "questions", "--train", _mix, "--data", data, "--epochs", "12", "--lr", "1e-2"];
        Cli shown = Cli.Run([.. args, "--dry-run"]);
        Assert.True(shown.ExitCode == 0, shown.Err);
        Assert.StartsWith("16 questions to learn from, 16 held out\n", shown.Out, StringComparison.Ordinal);
        Assert.Contains("\n  read  Context: it was good⏎Question: good?⏎Answer:\n  learn yes<|endoftext|>\n", shown.Out, StringComparison.Ordinal);
        Cli trained = Cli.Run([.. args, "--out", run]);
        Assert.True(trained.ExitCode == 0, trained.Err);
        Assert.Matches(@"\n  sst: \d\.\d{4} before, \d\.\d{4} after\n  iwslt: \d\.\d{4} before, \d\.\d{4} after\n$", trained.Out);
        Assert.Contains($"next: foreword evaluate-task {run} {_mix}", trained.Err, StringComparison.Ordinal);
        Cli table = Cli.Run("evaluate-task", run, _mix, "--data", data);
        Assert.True(table.ExitCode == 0, table.Err);
        Assert.Matches(@"^  sst        nEM   +[\d.]+      12 questions\n  iwslt      BLEU  +[\d.]+       4 questions\n  decaScore  sum   +[\d.]+       2 tasks\n$", table.Out);
        Cli measured = Cli.Run("evaluate-task", run, _mix, "--data", data, "--on-test", "--json", "--out", scores);
        Assert.True(measured.ExitCode == 0, measured.Err);
        JsonElement json = JsonDocument.Parse(measured.Out).RootElement, tasks = json.GetProperty("tasks");
        Assert.Equal(("test", 12, "nEM"), (json.GetProperty("part").GetString(), tasks.GetProperty("sst").GetProperty("n").GetInt32(), tasks.GetProperty("sst").GetProperty("metric").GetString()));
        Assert.Equal(tasks.EnumerateObject().Sum(task => task.Value.GetProperty("value").GetDouble()), json.GetProperty("decascore").GetDouble(), 1e-9);
        string[] answers = File.ReadAllLines(Path.Combine(scores, "answers.jsonl"));
        Assert.Equal(16, answers.Length);
        Assert.All(answers.Take(12), line => Assert.Contains(JsonDocument.Parse(line).RootElement.GetProperty("answer").GetString(), (string[])["yes", "no", "b a"])); // an answer that it learned, and nothing after it
        Assert.True(File.Exists(Path.Combine(scores, "evaluation.json")));

        File.Delete(_directory.File("data/iwslt/test.jsonl"));
        Cli without = Cli.Run("evaluate-task", run, _mix, "--data", data, "--on-test");
        Assert.True(without.ExitCode == 0, without.Err);
        Assert.Contains("warning: not measured, because they have no test questions: iwslt\n", without.Err, StringComparison.Ordinal);
        Assert.Matches(@"^  sst        nEM   +[\d.]+      12 questions\n  decaScore  sum   +[\d.]+       1 task\n$", without.Out);
        File.Delete(_directory.File("data/sst/test.jsonl"));
        Assert.Contains("mix.yaml: no task has test questions", Cli.Run("evaluate-task", run, _mix, "--data", data, "--on-test").Err, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "--validation is not for --task questions", "finetune", "MODEL", "--task", "questions", "--train", "MIX", "--validation", "a.yaml")]
    [InlineData(2, "--template is for --task dialogue or preference", "finetune", "MODEL", "--task", "questions", "--train", "MIX", "--template", "plain")]
    [InlineData(1, "there is no file nowhere", "finetune", "MODEL", "--task", "questions", "--train", "MIX", "--out", "OUT")]
    [InlineData(1, "there is no mix of tasks", "finetune", "MODEL", "--task", "questions", "--train", "none.yaml", "--out", "OUT")]
    [InlineData(1, "TASK is a model for classification, which writes no answers", "evaluate-task", "TASK", "MIX", "--data", "DATA")]
    [InlineData(2, "--on-test is for a mix of tasks", "evaluate-task", "MODEL", "test.csv", "--on-test")]
    public void WrongInputIsOneSentence(int code, string message, params string[] args)
    {
        string classifier = _directory.File("task");
        if (args.Contains("TASK"))
        {
            string table = _directory.Write("t.csv", "text,label\n" + string.Concat(Enumerable.Range(0, 12).Select(i => i % 2 == 0 ? "good,yes\n" : "bad,no\n")));
            Assert.Equal(0, Cli.Run("finetune", _model, "--task", "classification", "--train", table, "--epochs", "1", "--out", classifier).ExitCode);
        }

        Cli refused = Cli.Run([.. args.Select(arg => arg switch { "MODEL" => _model, "MIX" => _mix, "OUT" => _directory.File("run"), "TASK" => classifier, "DATA" => _directory.File("data"), _ => arg })]);
        Assert.True(refused.ExitCode == code, refused.Err);
        Assert.Contains(message.Replace("TASK", Path.Combine(classifier, "best"), StringComparison.Ordinal), refused.Err, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", refused.Err, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_directory.File("run")));
    }
}
