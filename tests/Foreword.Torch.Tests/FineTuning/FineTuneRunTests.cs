using Foreword.Data.FineTuning;
using Foreword.Data.Labeled;
using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Progress;
using Foreword.Tasks;
using Foreword.Tasks.Metrics;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Files;
using Foreword.Torch.FineTuning;
using Foreword.Torch.Runs;
using Foreword.Weights.HuggingFace;
using TorchSharp;

namespace Foreword.Torch.Tests.FineTuning;

public sealed class FineTuneRunTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();
    private readonly string _base;
    private readonly string _train;
    private readonly string _test;

    public FineTuneRunTests()
    {
        _train = _directory.Write("train.csv", "text,label\n" + string.Concat(Enumerable.Range(0, 48).Select(Row)));
        _test = _directory.Write("test.csv", "text,label\n" + string.Concat(Enumerable.Range(100, 12).Select(Row)));
        Tokenizer tokenizer = new BpeTrainer { VocabSize = 300 }.Train([File.ReadAllText(_train)]);
        _base = Path.Combine(_directory.Path, "base");
        System.IO.Directory.CreateDirectory(_base);
        using GptModel model = new(new GptConfig { NLayer = 2, NHead = 2, NEmbd = 16, ContextLength = 32, VocabSize = tokenizer.VocabSize }, seed: 1);
        ModelFiles.Save(model, _base, TextEnds.FromTokenizer(tokenizer));
        tokenizer.Save(_base);
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void ARunLearnsATaskAndLeavesAModelThatAnswers()
    {
        RunDirectory directory = Directory("run");
        List<FineTuneEvent> events = [];
        FineTuneRecipe recipe = Small(epochs: 8);
        using (FineTuneRun run = FineTuneRun.Start(recipe, directory, new SynchronousProgress<FineTuneEvent>(events.Add)))
        {
            Assert.Equal(RunOutcome.Finished, run.Run(TestContext.Current.CancellationToken));
            Assert.Equal((44, 4), (run.Data.Train.Count, run.Data.Validation.Count));
            Assert.Equal(1, run.BestMetrics!["accuracy"]);
        }

        FineTuneInfo info = Assert.Single(events.OfType<FineTuneEvent.Began>()).Info;
        Assert.Equal((48, 6, 2), (info.Steps, info.StepsPerEpoch, info.Outputs));
        RunMetrics metrics = RunMetrics.Read(directory.MetricsPath);
        Assert.Equal(8, metrics.Validations.Count);
        Assert.Equal(["accuracy", "macro_f1", "matthews"], metrics.Validations[0].Task!.Keys);
        Assert.All(["recipe.yaml", "best/config.json", "best/model.safetensors", "best/head.safetensors", "best/task.json", "best/tokenizer.json", "checkpoint-48/optimizer.safetensors"],
            name => Assert.True(File.Exists(Path.Combine(directory.Path, name)), name));

        // The three lines of code in the README.
        using FineTunedModel model = FineTunedModel.Load(directory.Path);
        Prediction answer = model.Predict("the weather is good today 3");
        Assert.Equal("pleasant", answer.Label);
        Assert.Equal(1, answer.Probabilities.Sum(), 1e-9);
        Assert.Equal(answer.Probability, answer.Probabilities[1]);

        TaskExample[] test = [.. TaskColumnMap.Create(model.Task.Definition, model.Task.Columns).Read([_test], new())];
        TaskOutcomes outcomes = model.Task.Outcomes(test, model.Predict(test));
        Assert.Equal(1, TaskMetric.Accuracy.Of(outcomes));
    }

    [Fact]
    public void AModelThatCannotBeLoadedLeavesNoTensorsBehind()
    {
        RunDirectory directory = Directory("run");
        using (FineTuneRun run = FineTuneRun.Start(Small(epochs: 1), directory))
            run.Run(TestContext.Current.CancellationToken);
        Load(); // allocates what the process keeps in any case
        string head = Path.Combine(directory.Path, "best", "head.safetensors");
        File.WriteAllBytes(head, File.ReadAllBytes(head)[..^4]);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Assert.Throws<InvalidDataException>(Load);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        void Load() => FineTunedModel.Load(directory.Path, cancellationToken: TestContext.Current.CancellationToken).Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void ARunThatCannotBeStartedLeavesNoTensorsBehind(int freeze)
    {
        FineTuneRecipe recipe = Small(epochs: 1);
        recipe = recipe with { Model = recipe.Model with { Freeze = freeze } };
        FineTuneRun.Start(recipe, Directory("first")).Dispose(); // allocates what the process keeps in any case
        long disposed = Growth(() => FineTuneRun.Start(recipe, Directory("second")).Dispose()); // TorchSharp also counts tensors whose memory a parameter has taken over
        Assert.InRange(disposed, 0, 5); // the model has many more
        Assert.InRange(Growth(() => Assert.Throws<NotSupportedException>(() => FineTuneRun.Start(recipe, Directory("third"), optimizer: (_, _, _) => throw new NotSupportedException()))), 0, disposed);

        static long Growth(Action action)
        {
            long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            action();
            return DisposeScopeManager.Statistics.ThreadTotalLiveCount - before;
        }
    }

    [Fact]
    public void ACheckpointRecordsWhetherTheRunIsComplete()
    {
        RunDirectory directory = Directory("run");
        FineTuneRecipe recipe = Small(epochs: 2);
        recipe = recipe with { Train = recipe.Train with { Keep = 0 } };
        using (FineTuneRun run = FineTuneRun.Start(recipe, directory))
            run.Run(TestContext.Current.CancellationToken);
        Assert.Equal([false, true], directory.Checkpoints.Select(checkpoint => Checkpoint.ReadState(checkpoint.Path).IsComplete));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 2)]
    [InlineData(1, 0)]
    public void ARunThatIsStoppedAndResumedEqualsTheUninterruptedOne(int freeze, int rank)
    {
        FineTuneRecipe recipe = Small(epochs: 3);
        recipe = recipe with { Model = recipe.Model with { Dropout = 0.1, Freeze = freeze, LoraRank = rank }, Train = recipe.Train with { GradientAccumulation = 2, Keep = 0, LogEvery = 1 } };
        RunDirectory whole = Directory("whole"), parts = Directory("parts");
        using (FineTuneRun run = FineTuneRun.Start(recipe, whole))
            run.Run(TestContext.Current.CancellationToken);
        StopRequest stop = new();
        using (FineTuneRun run = FineTuneRun.Start(recipe, parts, new SynchronousProgress<FineTuneEvent>(happened => StopAt(5, happened, stop))))
            Assert.Equal(RunOutcome.Stopped, run.Run(stop));
        Assert.Equal([3, 5], parts.Checkpoints.Select(c => c.Step));

        torch.manual_seed(4321);
        using (FineTuneRun resumed = FineTuneRun.Resume(recipe, parts, parts.Newest))
            Assert.Equal(RunOutcome.Finished, resumed.Run(TestContext.Current.CancellationToken));
        RunMetrics a = RunMetrics.Read(whole.MetricsPath), b = RunMetrics.Read(parts.MetricsPath);
        Assert.Equal(a.Steps.Select(s => (s.Step, s.Loss, s.GradNorm)), b.Steps.Select(s => (s.Step, s.Loss, s.GradNorm)));
        Assert.Equal(a.Validations.Select(e => (e.Loss, e.Task!["accuracy"])), b.Validations.Select(e => (e.Loss, e.Task!["accuracy"])));
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole.BestPath, "model.safetensors")), File.ReadAllBytes(Path.Combine(parts.BestPath, "model.safetensors")));
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole.BestPath, "head.safetensors")), File.ReadAllBytes(Path.Combine(parts.BestPath, "head.safetensors")));
    }

    /// <summary>Stops and resumes a run of each kind whose examples have windows or places of their own.</summary>
    [Theory]
    [InlineData("multi-label")]
    [InlineData("token-labels")]
    [InlineData("span")]
    public void ARunWithWindowsThatIsStoppedAndResumedEqualsTheUninterruptedOne(string kind)
    {
        FineTuneRecipe recipe = Small(epochs: 2);
        recipe = recipe with
        {
            Model = recipe.Model with { Dropout = 0.1 },
            Task = recipe.Task with { Kind = kind, Stride = 6 },
            Data = recipe.Data with { Train = [_directory.Write($"{kind}.jsonl", string.Concat(Enumerable.Range(0, 24).Select(i => JsonRow(kind, i))))], Columns = [] },
            Train = recipe.Train with { Keep = 0, LogEvery = 1 },
        };
        RunDirectory whole = Directory("whole"), parts = Directory("parts");
        List<FineTuneEvent> events = [];
        using (FineTuneRun run = FineTuneRun.Start(recipe, whole, new SynchronousProgress<FineTuneEvent>(events.Add)))
            run.Run(TestContext.Current.CancellationToken);
        FineTuneInfo info = events.OfType<FineTuneEvent.Began>().Single().Info;
        Assert.True(info.Windows > info.TrainExamples, $"{info.Windows} windows of {info.TrainExamples} examples");
        StopRequest stop = new();
        using (FineTuneRun run = FineTuneRun.Start(recipe, parts, new SynchronousProgress<FineTuneEvent>(happened => StopAt(info.StepsPerEpoch + 1, happened, stop))))
            Assert.Equal(RunOutcome.Stopped, run.Run(stop));
        torch.manual_seed(4321);
        using (FineTuneRun resumed = FineTuneRun.Resume(recipe, parts, parts.Newest))
            Assert.Equal(RunOutcome.Finished, resumed.Run(TestContext.Current.CancellationToken));
        RunMetrics a = RunMetrics.Read(whole.MetricsPath), b = RunMetrics.Read(parts.MetricsPath);
        Assert.Equal(a.Steps.Select(s => (s.Step, s.Loss, s.GradNorm)), b.Steps.Select(s => (s.Step, s.Loss, s.GradNorm)));
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole.BestPath, "head.safetensors")), File.ReadAllBytes(Path.Combine(parts.BestPath, "head.safetensors")));
    }

    private static string JsonRow(string kind, int i)
    {
        string text = $"the weather is {(i % 2 == 0 ? "good" : "bad")} today and so it was on day {i} of the year"; // longer than the context
        return kind switch
        {
            "multi-label" => $$"""{"text": "{{text}}", "label": [{{(i % 2 == 0 ? "\"good\"" : "")}}]}""",
            "token-labels" => $$"""{"text": "{{text}}", "label": "{{string.Join(' ', text.Split(' ').Select(word => word is "good" or "bad" ? "B-SKY" : "O"))}}"}""",
            _ => $$"""{"question": "how?", "context": "{{text}}", "label": "{{(i % 3 == 0 ? "" : i % 2 == 0 ? "good" : "bad")}}"}""",
        } + "\n";
    }

    [Fact]
    public void PatienceEndsARunWhoseValidationGetsNoBetter()
    {
        FineTuneRecipe recipe = Small(epochs: 20);
        recipe = recipe with { Train = recipe.Train with { Lr = 1e-12, Patience = 2 } };
        using FineTuneRun run = FineTuneRun.Start(recipe, Directory("run"));
        Assert.Equal(RunOutcome.StoppedEarly, run.Run(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void TheCheckpointJustSavedStaysAlthoughThereAreLaterOnes()
    {
        RunDirectory directory = Directory("run");
        FineTuneRecipe recipe = Small(epochs: 2);
        using (FineTuneRun run = FineTuneRun.Start(recipe with { Train = recipe.Train with { Keep = 0 } }, directory))
            run.Run(TestContext.Current.CancellationToken);
        Assert.Equal([6, 12], directory.Checkpoints.Select(checkpoint => checkpoint.Step));
        StopRequest stop = new();
        using FineTuneRun resumed = FineTuneRun.Resume(recipe, directory, directory.Checkpoints[0], new SynchronousProgress<FineTuneEvent>(happened => StopAt(8, happened, stop)));
        Assert.Equal(RunOutcome.Stopped, resumed.Run(stop));
        Assert.Equal([8, 12], directory.Checkpoints.Select(checkpoint => checkpoint.Step));
    }

    [Fact]
    public void ScratchAndTransferDecideWhichWeightsAreTheBases()
    {
        BaseModel source = BaseModel.Open(_base);
        TaskDescription task = FineTuningData.Open(Small(1), source.Tokens, 32).Task;
        using LanguageModule original = ModelFiles.Load(_base, Precision.Fp32, torch.CPU);
        Assert.Equal([true, true, true, true, true], Same(new BaseModelSection()));
        Assert.Equal([true, true, true, false, false], Same(new BaseModelSection { NTransfer = 1 }));
        Assert.Equal([true, true, false, false, false], Same(new BaseModelSection { NTransfer = 0 }));
        Assert.Equal([false, false, false, false, false], Same(new BaseModelSection { From = StartFrom.Scratch }));

        bool[] Same(BaseModelSection section)
        {
            using FineTunedModel model = FineTunedModel.Create(section, task, source, seed: 9, Precision.Fp32, torch.CPU);
            Assert.Equal(source.Config.VocabSize + 3, model.Model.Config.VocabSize);
            Assert.Equal(0.1, ((GptConfig)model.Model.Config).AttnDropout);
            return [.. new[] { "wte.weight", "wpe.weight", "h.0.attn.c_attn.weight", "h.1.mlp.c_fc.weight" }.Select(IsSame), .. section.NTransfer is null && section.From == StartFrom.Pretrained ? [true] : new[] { false }];

            bool IsSame(string name)
            {
                using var scope = torch.NewDisposeScope();
                torch.Tensor a = original.get_parameter(name)!, b = model.Model.get_parameter(name)!.narrow(0, 0, a.shape[0]);
                return a.equal(b).all().ToBoolean();
            }
        }
    }

    [Fact]
    public void AFineTunedModelCanBeFineTunedAgainWithItsOwnTaskTokens()
    {
        RunDirectory first = Directory("first");
        using (FineTuneRun run = FineTuneRun.Start(Small(epochs: 1), first))
            run.Run(TestContext.Current.CancellationToken);
        FineTuneRecipe again = Small(epochs: 1);
        again = again with { Model = again.Model with { Path = first.Path } };
        using FineTuneRun second = FineTuneRun.Start(again, Directory("second"));
        second.Run(TestContext.Current.CancellationToken);
        Assert.Equal(BaseModel.Open(_base).Tokens, second.Data.Task.Tokens);
    }

    [Theory]
    [InlineData("")]
    [InlineData("loss")]
    [InlineData("mcc")]
    [InlineData("f1:nasty")]
    public void TheMetricOfTheRecipeChoosesTheBestEpochAndEndsTheRun(string metric)
    {
        RunDirectory directory = Directory("run");
        FineTuneRecipe recipe = Small(epochs: 12);
        recipe = recipe with { Train = recipe.Train with { Lr = 2e-3, BestMetric = metric, Patience = 3 } };
        using FineTuneRun run = FineTuneRun.Start(recipe, directory);
        RunOutcome outcome = run.Run(TestContext.Current.CancellationToken);
        ValidationMetrics[] evals = [.. RunMetrics.Read(directory.MetricsPath).Validations];
        string key = metric switch { "" => "accuracy", "mcc" => "matthews", _ => metric };
        int best = 0;
        for (int i = 1; i < evals.Length; i++)
        {
            (double value, double before) = key == "loss" ? (-evals[i].Loss, -evals[best].Loss) : (evals[i].Task![key], evals[best].Task![key]);
            if (value > before || (value == before && evals[i].Loss < evals[best].Loss))
                best = i;
        }

        Assert.Equal(best + 1, run.BestEpoch);
        Assert.Equal(outcome == RunOutcome.StoppedEarly ? best + 4 : 12, evals.Length);
        Assert.Contains($"\"best_metric\": \"{key}\"", File.ReadAllText(Path.Combine(directory.Newest!.Path, "trainer_state.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void TheLogHoldsThePartsOfTheLoss()
    {
        RunDirectory directory = Directory("run");
        FineTuneRecipe recipe = Small(epochs: 2);
        using (FineTuneRun run = FineTuneRun.Start(recipe with { Train = recipe.Train with { LogEvery = 4, LmCoefficient = 0.25 } }, directory))
            run.Run(TestContext.Current.CancellationToken);
        StepMetrics[] steps = [.. RunMetrics.Read(directory.MetricsPath).Steps];
        Assert.Equal(3, steps.Length);
        Assert.All(steps, step => Assert.Equal(step.Loss, step.TaskLoss!.Value + 0.25 * step.LmLoss!.Value, 1e-5));
    }

    [Fact]
    public void OtherContentsUnderTheSameNameAreRefusedAndMovedFilesAreNot()
    {
        RunDirectory directory = Stopped("run");
        string changed = File.ReadAllText(_train);
        File.WriteAllText(_train, changed.Replace("good today 4,", "fine today 4,", StringComparison.Ordinal));
        string problem = Refusal(Small(epochs: 2), directory);
        Assert.StartsWith($"{_train} has changed since the run {directory.Path} was started (SHA-256 ", problem, StringComparison.Ordinal);
        Assert.EndsWith("use another directory", problem, StringComparison.Ordinal);

        File.WriteAllText(_train, changed.Replace("pleasant", "agreeable", StringComparison.Ordinal));
        Assert.Equal($"column 'label' has the labels agreeable, nasty; {Path.Combine(directory.Newest!.Path, "task.json")} says nasty, pleasant. The run cannot continue with this change; use another directory", Refusal(Small(epochs: 2), directory));

        string moved = _directory.Write("moved.csv", changed);
        File.Delete(_train);
        FineTuneRecipe recipe = Small(epochs: 2);
        using (FineTuneRun run = FineTuneRun.Resume(recipe with { Data = recipe.Data with { Train = [moved] } }, directory, directory.Newest))
            Assert.Equal(RunOutcome.Finished, run.Run(TestContext.Current.CancellationToken));
        Assert.Contains("moved.csv", File.ReadAllText(directory.RecipePath), StringComparison.Ordinal);
        Assert.Contains($"data.validation names 1 file; the run {directory.Path} was started with 0 files", Refusal(recipe with { Data = recipe.Data with { Train = [moved], Validation = [_test] } }, directory), StringComparison.Ordinal);
    }

    /// <summary>A checkpoint of adapters can only continue with the weights that the adapters were trained on.</summary>
    [Fact]
    public void AdaptersDoNotGoOnWithOtherWeightsOfTheSameName()
    {
        FineTuneRecipe recipe = Small(epochs: 2);
        recipe = recipe with { Model = recipe.Model with { LoraRank = 2 } };
        RunDirectory directory = Stopped("run", recipe), whole = Stopped("whole");
        using (LanguageModule model = ModelFiles.Load(_base, Precision.Fp32, torch.CPU))
        {
            using var noGradient = torch.no_grad();
            model.TokenEmbedding.mul_(1.01);
            ModelFiles.Save(model, _base, TextEnds.None);
        }

        Assert.StartsWith($"{Path.Combine(_base, "model.safetensors")} has changed since the run {directory.Path} was started", Refusal(recipe, directory), StringComparison.Ordinal);
        using FineTuneRun run = FineTuneRun.Resume(Small(epochs: 2), whole, whole.Newest); // this checkpoint contains all weights
    }

    [Fact]
    public void AnotherLabelColumnIsRefused()
    {
        RunDirectory directory = Stopped("run");
        FineTuneRecipe recipe = Small(epochs: 2);
        Assert.Equal($"data.columns is [label, text]; {directory.RecipePath} says []; use another directory", Refusal(recipe with { Data = recipe.Data with { Columns = ["label", "text"] } }, directory));
    }

    /// <summary>Creates the run of an earlier version: no data.json, and a state without newer properties and with a former name.</summary>
    [Fact]
    public void AnOlderRunGoesOnUnlessItsLabelsChanged()
    {
        RunDirectory directory = Stopped("run");
        File.Delete(Path.Combine(directory.Path, "data.json"));
        string state = Path.Combine(directory.Newest!.Path, "trainer_state.json"), data = File.ReadAllText(_train);
        System.Text.Json.Nodes.JsonObject json = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(state))!.AsObject();
        Assert.All((string[])["seed", "threads", "training_seconds", "best_metric", "task_loss_sum", "lm_loss_sum"], name => Assert.True(json.Remove(name), name));
        json["epochs_without_best"] = json["evaluations_without_best"]!.DeepClone();
        json.Remove("evaluations_without_best");
        File.WriteAllText(state, json.ToJsonString());
        File.WriteAllText(_train, data.Replace("pleasant", "agreeable", StringComparison.Ordinal));
        Assert.Contains("says nasty, pleasant. The run cannot continue with this change", Refusal(Small(epochs: 2), directory), StringComparison.Ordinal);
        File.WriteAllText(_train, data);
        string saved = File.ReadAllText(directory.RecipePath);
        Assert.DoesNotContain("quoting", saved, StringComparison.Ordinal);
        File.WriteAllText(directory.RecipePath, saved.Replace("data:\n", "data:\n  quoting: true\n", StringComparison.Ordinal)); // as earlier versions wrote it
        using FineTuneRun run = FineTuneRun.Resume(Small(epochs: 2), directory, directory.Newest);
        Assert.Equal(RunOutcome.Finished, run.Run(TestContext.Current.CancellationToken));
        Assert.True(File.Exists(Path.Combine(directory.Path, "data.json")));
    }

    [Fact]
    public void AFileOfLabelsMayMoveButNotChange()
    {
        string[] rows = [.. Enumerable.Range(0, 48).Select(i => Row(i).TrimEnd())];
        string texts = _directory.Write("texts.csv", "text\n" + string.Concat(rows.Select(row => row.Split(',')[0] + "\n")));
        string labels = _directory.Write("labels.txt", string.Concat(rows.Select(row => row.Split(',')[1] + "\n"))), moved = _directory.File("moved.txt");
        FineTuneRecipe recipe = Small(epochs: 2) with { Data = new LabeledSection { Train = [texts], TrainLabels = [labels] } };
        RunDirectory directory = Stopped("run", recipe);
        File.Move(labels, moved);
        FineTuneRecipe elsewhere = recipe with { Data = recipe.Data with { TrainLabels = [moved] } };
        using (FineTuneRun resumed = FineTuneRun.Resume(elsewhere, directory, directory.Newest))
            Assert.Equal(RunOutcome.Finished, resumed.Run(TestContext.Current.CancellationToken));
        string[] lines = File.ReadAllLines(moved);
        (lines[0], lines[1]) = (lines[1], lines[0]); // the same labels in another order
        File.WriteAllLines(moved, lines);
        Assert.StartsWith($"{moved} has changed since the run {directory.Path} was started", Refusal(elsewhere, directory), StringComparison.Ordinal);
    }

    /// <summary>Many models have a [PAD] in added_tokens.json for which their embedding has no row.</summary>
    [Fact]
    public void TaskTokensStandAfterAddedTokensWithoutARow()
    {
        string path = Path.Combine(_base, "tokenizer.json");
        System.Text.Json.Nodes.JsonNode json = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(path))!;
        System.Text.Json.Nodes.JsonNode pad = json["added_tokens"]![0]!.DeepClone();
        int rows = HuggingFaceConfig.Read(_base).VocabSize;
        (pad["id"], pad["content"]) = (rows, "[PAD]");
        json["added_tokens"]!.AsArray().Add(pad);
        File.WriteAllText(path, json.ToJsonString());
        Assert.Equal(rows + 1, BaseModel.Open(_base).Tokens!.Start);
        using FineTuneRun run = FineTuneRun.Start(Small(epochs: 1), Directory("run"));
        Assert.Equal(RunOutcome.Finished, run.Run(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void ARunCannotBeShortened()
    {
        RunDirectory directory = Stopped("run");
        Assert.Equal($"{directory.Path} has made 8 steps of 2 epochs; train.epochs is 1: the learning-rate schedule ends with the last epoch, so a run cannot be shortened; use another directory", Refusal(Small(epochs: 1), directory));
        File.Delete(directory.RecipePath);
        Assert.Equal($"{directory.Path} has made 8 steps; train.epochs: 1 makes 6; use another directory", Refusal(Small(epochs: 1), directory));
    }

    [Fact]
    public void AModelThatSaysOneClassOnlyIsSaidAtTheEnd()
    {
        RecordingLogger<FineTuneRun> logger = new();
        FineTuneRecipe recipe = Small(epochs: 1);
        using FineTuneRun run = FineTuneRun.Start(recipe with { Train = recipe.Train with { Lr = 1e-12 } }, Directory("run"), logger: logger);
        run.Run(TestContext.Current.CancellationToken);
        Assert.Matches("^the best model \\(epoch 1\\) gives all 4 examples the label '(nasty|pleasant)'; it does not distinguish the examples: train for more epochs or with another learning rate, or set task.class_weights: balanced$",
            Assert.Single(logger.Entries, entry => entry.Event == "AnswersAreTheSame").Text);
    }

    [Fact]
    public void ACanceledRunThrowsAndKeepsItsCheckpoints()
    {
        RunDirectory directory = Directory("run");
        using CancellationTokenSource source = new();
        using (FineTuneRun run = FineTuneRun.Start(Small(epochs: 2), directory, new SynchronousProgress<FineTuneEvent>(happened =>
        {
            if (happened is FineTuneEvent.Stepped { Metrics.Step: 8 })
                source.Cancel();
        })))
            Assert.Throws<OperationCanceledException>(() => run.Run(source.Token));
        Assert.Equal(6, directory.Newest!.Step);
        using FineTuneRun resumed = FineTuneRun.Resume(Small(epochs: 2), directory, directory.Newest);
        Assert.Equal(RunOutcome.Finished, resumed.Run(TestContext.Current.CancellationToken));
    }

    /// <summary>Creates a run of two epochs that was stopped in the second epoch.</summary>
    private RunDirectory Stopped(string name, FineTuneRecipe? recipe = null)
    {
        RunDirectory directory = Directory(name);
        StopRequest stop = new();
        using FineTuneRun run = FineTuneRun.Start(recipe ?? Small(epochs: 2), directory, new SynchronousProgress<FineTuneEvent>(happened => StopAt(8, happened, stop)));
        Assert.Equal(RunOutcome.Stopped, run.Run(stop));
        return directory;
    }

    private static string Refusal(FineTuneRecipe recipe, RunDirectory directory) => Assert.Throws<InvalidDataException>(() => FineTuneRun.Resume(recipe, directory, directory.Newest)).Message;

    [Fact]
    public void AnotherRecipeCannotGoOnWithTheRun()
    {
        RunDirectory directory = Directory("run");
        using (FineTuneRun run = FineTuneRun.Start(Small(epochs: 1), directory))
            run.Run(TestContext.Current.CancellationToken);
        InvalidDataException problem = Assert.Throws<InvalidDataException>(() => FineTuneRun.Resume(Small(epochs: 2), directory, directory.Newest));
        Assert.Contains("'train.epochs: 1', the recipe says 'train.epochs: 2'", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MoreBlocksThanTheModelHasAreRefused()
    {
        FineTuneRecipe recipe = Small(1);
        ArgumentException problem = Assert.Throws<ArgumentException>(() => FineTuneRun.Start(recipe with { Model = recipe.Model with { NTransfer = 3 } }, Directory("run")));
        Assert.Equal("model.n_transfer is 3; the model has 2 blocks (Parameter 'recipe')", problem.Message);
    }

    [Fact]
    public void APredictionOfTheWrongNumberOfTextsSaysWhatTheTaskReads()
    {
        RunDirectory directory = Directory("run");
        using (FineTuneRun run = FineTuneRun.Start(Small(epochs: 1), directory))
            run.Run(TestContext.Current.CancellationToken);
        using FineTunedModel model = FineTunedModel.Load(directory.Path);
        Assert.Equal("classification reads 1 text (text); 2 were given (Parameter 'example')", Assert.Throws<ArgumentException>(() => model.Predict("a", "b")).Message);
    }

    private static string Row(int i) => i % 2 == 0 ? $"the weather is good today {i},pleasant\n" : $"the weather is bad today {i},nasty\n";

    private FineTuneRecipe Small(int epochs) => new()
    {
        Model = new BaseModelSection { Path = _base, Dropout = 0 },
        Task = new TaskSection { Kind = "classification" },
        Data = new LabeledSection { Train = [_train] },
        Train = new FineTuneConfig { Epochs = epochs, BatchSize = 8, Lr = 1e-2, Threads = 1 },
    };

    private RunDirectory Directory(string name) => RunDirectory.Create(Path.Combine(_directory.Path, name));

    private static void StopAt(int step, FineTuneEvent happened, StopRequest stop)
    {
        if (happened is FineTuneEvent.Stepped stepped && stepped.Metrics.Step == step)
            stop.Request();
    }
}
