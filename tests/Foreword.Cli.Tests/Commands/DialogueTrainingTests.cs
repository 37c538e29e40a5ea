using System.Text.Json;

namespace Foreword.Cli.Tests.Commands;

/// <summary>Tests <c>finetune --task dialogue</c>.</summary>
public sealed class DialogueTrainingTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();
    private readonly string _model, _train;

    public DialogueTrainingTests()
    {
        _model = _directory.File("base");
        Cli pretrain = Cli.Run("pretrain", Recipes.Small(_directory), "--out", _model, "--quiet", "--set", "model.context_length=64");
        Assert.True(pretrain.ExitCode == 0, pretrain.Err);
        _train = _directory.Write("talk.txt", string.Concat(Enumerable.Range(0, 12).Select(i => $"how are you {i}\nfine\nand you\nfine, too\n\n")));
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void ARunIsTrainedResumedAndTalkedTo()
    {
        string run = _directory.File("run");
        string[] args = ["finetune", _model, "--task", "dialogue", "--train", _train, "--out", run, "--epochs", "2", "--lr", "1e-2"];
        Cli trained = Cli.Run(args);
        Assert.True(trained.ExitCode == 0, trained.Err);
        Assert.Matches(@"^before: \d\.\d{4} nats a token of the held-out answers, perplexity [\d.]+, [\d.]+ ?% of the tokens right\nbest epoch 2: \d\.\d{4} nats, perplexity [\d.]+, [\d.]+ ?% of the tokens right\n$", trained.Out);
        Assert.Contains($"next: foreword chat {run}", trained.Err, StringComparison.Ordinal);
        Cli again = Cli.Run([.. args, "--resume", "auto", "--json"]);
        Assert.True(again.ExitCode == 0, again.Err);
        JsonElement json = JsonDocument.Parse(again.Out).RootElement;
        Assert.Equal((run, "finished", 2), (json.GetProperty("run").GetString(), json.GetProperty("outcome").GetString(), json.GetProperty("best_epoch").GetInt32()));
        Assert.True(json.GetProperty("eval_loss").GetDouble() < json.GetProperty("start_eval_loss").GetDouble());
        Assert.Contains("<|im_start|>user", File.ReadAllText(Path.Combine(run, "best", "chat.yaml")), StringComparison.Ordinal);
        Assert.Equal(1, Cli.Run(args).ExitCode); // there is a run
        Cli measured = Cli.Run("evaluate-task", run, _train);
        Assert.True(measured.ExitCode == 0, measured.Err);
        Assert.Matches(@"^dialogue, 12 dialogues\n  loss +\d\.\d{4}   nats a token of the answers\n  perplexity +[\d.]+   .*\n  token_accuracy +0\.\d{4}   .*\n$", measured.Out);
        Cli refused = Cli.Run("evaluate-task", run, _train, "--columns", "a,b");
        Assert.Equal((2, $"error: --columns is not for {run}, a model of --task dialogue"), (refused.ExitCode, refused.Err.Split('\n')[0]));
        Cli different = Cli.Run([.. args, "--resume", "auto", "--template", "chatml"]);
        Assert.Contains($"recipe.yaml has no task.template, the recipe says 'task.template: chatml'; use another directory", different.Err, StringComparison.Ordinal);
        Assert.Contains("says 'task.reverse: false', the recipe says 'task.reverse: true'", Cli.Run([.. args, "--resume", "auto", "--reverse"]).Err, StringComparison.Ordinal);
    }

    [Fact]
    public void TheValidationOfARunIsWhatItsFilesAreMeasuredAt()
    {
        string run = _directory.File("run"), held = _directory.Write("held.txt", "how are you 3\nfine\n\nand you\nfine, too\n");
        Cli trained = Cli.Run("finetune", _model, "--task", "dialogue", "--train", _train, "--validation", held, "--out", run, "--epochs", "1", "--lr", "1e-2", "--json");
        Assert.True(trained.ExitCode == 0, trained.Err);
        JsonElement result = JsonDocument.Parse(trained.Out).RootElement, measured = JsonDocument.Parse(Cli.Run("evaluate-task", run, held, "--json").Out).RootElement;
        Assert.Equal(("dialogue", 2), (measured.GetProperty("task").GetString(), measured.GetProperty("examples").GetInt32()));
        Assert.Equal(result.GetProperty("eval_loss").GetDouble(), measured.GetProperty("loss").GetDouble(), 1e-6);
        Assert.Equal(result.GetProperty("token_accuracy").GetDouble(), measured.GetProperty("token_accuracy").GetDouble());
    }

    [Fact]
    public void AnotherEncodingIsNamed()
    {
        System.Text.Encoding.RegisterProvider(System.Text.CodePagesEncodingProvider.Instance);
        string file = _directory.File("gb.txt");
        File.WriteAllBytes(file, System.Text.Encoding.GetEncoding("gb18030").GetBytes("你好\n好\n\n再见\n再见\n"));
        string[] args = ["finetune", _model, "--task", "dialogue", "--train", file, "--dry-run"];
        Cli refused = Cli.Run(args);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains($"{file} is not UTF-8 text (at line 1 or soon after it); name another encoding with --encoding, such as gb18030", refused.Err, StringComparison.Ordinal);
        Assert.StartsWith("1 dialogue to learn from, 1 held out\n", Cli.Run([.. args, "--encoding", "gb18030"]).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void AModelKnowsInWhichDirectionItWasTrained()
    {
        string forward = _directory.File("forward"), backward = _directory.File("backward");
        string[] args = ["--task", "dialogue", "--train", _train, "--epochs", "1", "--lr", "1e-3"];
        Assert.Equal(0, Cli.Run(["finetune", _model, .. args, "--out", forward]).ExitCode);
        Assert.Equal(0, Cli.Run(["finetune", forward, .. args, "--reverse", "--out", backward]).ExitCode);
        Assert.EndsWith("\nreverse: false\n", File.ReadAllText(Path.Combine(forward, "best", "chat.yaml")), StringComparison.Ordinal);
        Assert.EndsWith("\nreverse: true\n", File.ReadAllText(Path.Combine(backward, "best", "chat.yaml")), StringComparison.Ordinal);
        Cli refused = Cli.Run("chat", backward);
        Assert.Equal((1, true), (refused.ExitCode, refused.Err.StartsWith($"error: {backward} was trained with --reverse", StringComparison.Ordinal)));
        refused = Cli.Run("finetune", backward, "--task", "preference", "--rejected", "shuffled", "--train", _train, "--out", _directory.File("preference"));
        Assert.Equal((1, true), (refused.ExitCode, refused.Err.StartsWith($"error: {backward} was trained on dialogues from their end, so it writes no answers", StringComparison.Ordinal)));
    }

    [Fact]
    public void ADryRunShowsWhatCounts()
    {
        Cli shown = Cli.Run("finetune", _model, "--task", "dialogue", "--train", _train, "--template", "plain", "--layout", "chitchat", "--loss-on", "assistant", "--device", "cpu", "--dry-run");
        Assert.True(shown.ExitCode == 0, shown.Err);
        Assert.StartsWith("11 dialogues to learn from, 1 held out\n", shown.Out, StringComparison.Ordinal);
        Assert.Matches(@"\na 3-gram on the held-out answers: \d\.\d{4} nats a token, perplexity \d+\.\d\d\n", shown.Out);
        Assert.Contains("\n  read  User: how are you ", shown.Out, StringComparison.Ordinal);
        Assert.Contains("\n  learn fine⏎\n", shown.Out, StringComparison.Ordinal);
        Assert.All(shown.Out.Split('\n'), line => Assert.InRange(line.Length, 0, 80));
    }

    [Fact]
    public void ARecipeIsReadByItsKind()
    {
        string recipe = _directory.Write("talk.yaml", $$"""
            model: {path: {{_model}}}
            task:
              kind: dialogue
              loss_on: all
            data: {train: [{{_train}}], layout: chitchat}
            train: {epochs: 1, lr: 1e-3}
            """);
        Cli trained = Cli.Run("finetune", recipe, "--out", _directory.File("run"), "--epochs", "1");
        Assert.True(trained.ExitCode == 0, trained.Err);
        Cli wrong = Cli.Run("finetune", recipe, "--out", _directory.File("other"), "--set", "task.los_on=all");
        Assert.Equal(1, wrong.ExitCode);
        Assert.Contains("loss_on", wrong.Err, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "--columns is not for --task dialogue", "--columns", "a,b")]
    [InlineData(2, "--metric is not for --task dialogue", "--metric", "accuracy")]
    [InlineData(1, "there is no chat template nowhere.yaml", "--template", "nowhere.yaml")]
    [InlineData(1, "there is no chat template plan; expected chitchat, chatml, plain, or a file", "--template", "plan")]
    [InlineData(1, "train.sequence_length is 65; the model's context length is 64", "--set", "train.sequence_length=65")]
    [InlineData(1, "there is no file", "--validation", "none.txt")]
    [InlineData(1, "the line is broken JSON", "--layout", "messages")]
    public void WrongInputIsOneSentence(int code, string message, params string[] args)
    {
        Cli refused = Cli.Run(["finetune", _model, "--task", "dialogue", "--train", _train, "--out", _directory.File("run"), .. args]);
        Assert.Equal(code, refused.ExitCode);
        Assert.Contains(message, refused.Err, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", refused.Err, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_directory.File("run")));
    }

    [Fact]
    public void ARunOnPreferencesSaysWhatItPrefersBeforeAndAfter()
    {
        string run = _directory.File("run");
        string talk = _directory.Write("talk-2.txt", string.Concat(Enumerable.Range(0, 30).Select(i => $"how are you {i}\nfine {i} {i}\n\n")));
        string[] args = ["finetune", _model, "--task", "preference", "--train", talk, "--rejected", "shuffled", "--beta", "0.2", "--out", run, "--epochs", "1", "--lr", "1e-3"];
        Cli shown = Cli.Run([.. args, "--dry-run"]);
        Assert.True(shown.ExitCode == 0, shown.Err);
        Assert.StartsWith("28 pairs to learn from, 2 held out\n", shown.Out, StringComparison.Ordinal);
        Cli trained = Cli.Run(args);
        Assert.True(trained.ExitCode == 0, trained.Err);
        Assert.Matches(@"^before: loss 0\.6931; the chosen answer is the more probable one in [\d.]+ ?% of the held-out pairs \(by the mean of its tokens: [\d.]+ ?%\); margin of the rewards 0\.000\nbest epoch \d: loss \d\.\d{4}; ", trained.Out);
        Cli again = Cli.Run([.. args, "--resume", "auto", "--json"]);
        Assert.True(again.ExitCode == 0, again.Err);
        JsonElement json = JsonDocument.Parse(again.Out).RootElement;
        Assert.Equal((0, Math.Log(2)), (json.GetProperty("start_rewards/margins").GetDouble(), json.GetProperty("start_eval_loss").GetDouble()));
        Assert.InRange(json.GetProperty("accuracy").GetDouble(), 0, 1);
        Assert.Contains("beta: 0.2", File.ReadAllText(Path.Combine(run, "recipe.yaml")), StringComparison.Ordinal);
        Cli measured = Cli.Run("evaluate-task", run, talk);
        Assert.True(measured.ExitCode == 0, measured.Err);
        Assert.Matches(@"^preference, 30 pairs\n  accuracy +[01]\.\d{4}   .*\n  accuracy_per_token +[01]\.\d{4}   .*\n$", measured.Out);
        Cli refused = Cli.Run("finetune", _model, "--task", "preference", "--train", talk, "--out", _directory.File("other"));
        Assert.Equal((1, true), (refused.ExitCode, refused.Err.Contains("talk-2.txt:1: the line is broken JSON", StringComparison.Ordinal)));
    }

    [Fact]
    public void OptionsOfDialoguesAreForDialogues()
    {
        Cli refused = Cli.Run("finetune", _model, "--task", "classification", "--train", _train, "--loss-on", "all");
        Assert.Equal((2, "error: --loss-on is for --task dialogue"), (refused.ExitCode, refused.Err.Split('\n')[0]));
        refused = Cli.Run("finetune", _model, "--task", "dialogue", "--train", _train, "--beta", "1");
        Assert.Equal((2, "error: --beta is for --task preference"), (refused.ExitCode, refused.Err.Split('\n')[0]));
        Assert.Equal(2, Cli.Run("finetune", _model, "--task", "dialogue").ExitCode);
    }
}
