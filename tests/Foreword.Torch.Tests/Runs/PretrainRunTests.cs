using Foreword.Chat;
using Foreword.Data.Preparing;
using Foreword.Data.Recipes;
using Foreword.Data.Shards;
using Foreword.Progress;
using Foreword.Torch.Runs;
using Foreword.Torch.Training;
using Foreword.Weights.Catalog;
using TorchSharp;

namespace Foreword.Torch.Tests.Runs;

public sealed class PretrainRunTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();
    private readonly string _text;

    public PretrainRunTests() => _text = _directory.Write("corpus.txt", string.Concat(Enumerable.Range(0, 800).Select(i => $"Line {i} says that {i * i % 97} is a number and that {i % 7} is another.\n")));

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void ARunLearnsAndLeavesItsFiles()
    {
        RunDirectory run = Directory("run");
        List<PretrainEvent> events = [];
        PretrainRecipe recipe = Small(steps: 30) with { Train = Small(30).Train with { SampleEvery = 30, SamplePrompts = ["Line 5"], SampleTokens = 8, EvalEvery = 15 } };
        Assert.Equal(RunOutcome.Finished, Train(recipe, run, new SynchronousProgress<PretrainEvent>(events.Add)));

        RunMetrics metrics = RunMetrics.Read(run.MetricsPath);
        Assert.Equal(30, metrics.Steps.Count);
        Assert.True(metrics.Steps[^1].Loss < metrics.Steps[0].Loss - 1, $"{metrics.Steps[0].Loss} -> {metrics.Steps[^1].Loss}");
        Assert.Equal([15, 30], metrics.Validations.Select(e => e.Step));
        PretrainEvent.Sampled sample = Assert.Single(events.OfType<PretrainEvent.Sampled>());
        Assert.Equal(System.Text.Encoding.UTF8.GetString(RunMetrics.Line(sample)) + "\n", File.ReadAllText(run.SamplesPath));
        Assert.True(File.Exists(run.RecipePath) && File.Exists(run.MetricsPath));
        Assert.NotEmpty(System.IO.Directory.GetFiles(run.Path, "events.out.tfevents.*"));
        Assert.True(File.Exists(Path.Combine(run.BestPath, "model.safetensors")));
        Assert.All(["config.json", "model.safetensors", "optimizer.safetensors", "trainer_state.json", "tokenizer.json", "vocab.json", "merges.txt", "recipe.yaml"],
            name => Assert.True(File.Exists(Path.Combine(run.Newest!.Path, name)), name));
        Assert.Equal(30, Recipe.Read<PretrainRecipe>(run.RecipePath).Train.Steps);
    }

    [Theory]
    [InlineData(OptimizerKind.AdamW, PrecisionChoice.Fp32, true)]
    [InlineData(OptimizerKind.AdamW, PrecisionChoice.Fp32, false)]
    [InlineData(OptimizerKind.Muon, PrecisionChoice.Auto, true)]
    public void ARunThatIsStoppedAndResumedHasTheLossesOfTheUninterruptedOne(OptimizerKind optimizer, PrecisionChoice precision, bool tied)
    {
        PretrainRecipe recipe = Small(steps: 9);
        recipe = recipe with
        {
            // Dropout and gradient accumulation add all sources of randomness.
            Model = recipe.Model with { Dropout = 0.1, TieWordEmbeddings = tied },
            Train = recipe.Train with { GradientAccumulation = 2, Optimizer = optimizer, Precision = precision, CheckpointEvery = 4, EvalEvery = 3, Keep = 0 },
        };
        RunDirectory whole = Directory("whole"), parts = Directory("parts");
        Train(recipe, whole);
        StopRequest stop = new();
        Assert.Equal(RunOutcome.Stopped, Train(recipe, parts, new SynchronousProgress<PretrainEvent>(happened => StopAt(6, happened, stop)), stop));
        Assert.Equal([4, 6], parts.Checkpoints.Select(c => c.Step));

        // A run that was killed after step 6 continues from the older checkpoint.
        TorchSharp.torch.manual_seed(12345);
        using (PretrainRun resumed = PretrainRun.Resume(recipe, parts, parts.Checkpoints[0]))
            Assert.Equal(RunOutcome.Finished, resumed.Run(TestContext.Current.CancellationToken));
        AssertSame(RunMetrics.Read(whole.MetricsPath), RunMetrics.Read(parts.MetricsPath));
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole.Newest!.Path, "model.safetensors")), File.ReadAllBytes(Path.Combine(parts.Newest!.Path, "model.safetensors")));
    }

    [Fact]
    public void ARunKilledBeforeItsFirstCheckpointBeginsAgain()
    {
        PretrainRecipe recipe = Small(steps: 4);
        RunDirectory whole = Directory("whole"), killed = Directory("killed");
        Train(recipe, whole);
        using (PretrainRun begun = PretrainRun.Start(recipe, killed))
        {
            File.WriteAllText(killed.MetricsPath, "{\"step\":1,\"loss\":1,\"learning_rate\":1,\"grad_norm\":1,\"tokens_per_second\":1}\n{\"step\":2,\"lo");
        }

        using (PretrainRun resumed = PretrainRun.Resume(recipe, killed, killed.Newest))
            resumed.Run(TestContext.Current.CancellationToken);
        AssertSame(RunMetrics.Read(whole.MetricsPath), RunMetrics.Read(killed.MetricsPath));
    }

    [Fact]
    public void AnotherRecipeCannotGoOnWithTheRun()
    {
        RunDirectory run = Directory("run");
        Train(Small(steps: 2), run);
        PretrainRecipe other = Small(steps: 4) with { Train = Small(4).Train with { Lr = 0.5 } };
        InvalidDataException problem = Assert.Throws<InvalidDataException>(() => PretrainRun.Resume(other, run, run.Newest));
        Assert.Contains("'train.lr: 0.003', the recipe says 'train.lr: 0.5'", problem.Message);
    }

    [Fact]
    public void MoreStepsMayBeAddedToAFinishedRun()
    {
        RunDirectory run = Directory("run");
        Train(Small(steps: 2), run);
        using PretrainRun longer = PretrainRun.Resume(Small(steps: 5), run, run.Newest);
        Assert.Equal(RunOutcome.Finished, longer.Run(TestContext.Current.CancellationToken));
        Assert.Equal([1, 2, 3, 4, 5], RunMetrics.Read(run.MetricsPath).Steps.Select(s => s.Step));
    }

    [Fact]
    public void ALossThatIsNotANumberStopsWithStepShardsAndTheLastGoodCheckpoint()
    {
        RunDirectory run = Directory("run");
        PretrainRecipe recipe = Small(steps: 9) with { Train = Small(9).Train with { CheckpointEvery = 2 } };
        PretrainRun? broken = null;
        using PretrainRun training = broken = PretrainRun.Start(recipe, run, new SynchronousProgress<PretrainEvent>(happened => BreakAfter(3, happened, broken)), cancellationToken: TestContext.Current.CancellationToken);
        DivergenceException problem = Assert.Throws<DivergenceException>(() => training.Run());
        Assert.StartsWith("step 4: the loss is NaN; the batch held shard train-00000.bin, token ", problem.Message);
        Assert.EndsWith($"the last good checkpoint is {run.CheckpointPath(2)}", problem.Message);
        Assert.Equal([2], run.Checkpoints.Select(c => c.Step));
    }

    [Fact]
    public void PatienceEndsARunThatNoLongerImproves()
    {
        RunDirectory run = Directory("run");
        // The rate is almost 0, so no validation is better than the first one by more than rounding error.
        PretrainRecipe recipe = Small(steps: 50) with { Train = Small(50).Train with { Lr = 1e-30, MinLr = 0, EvalEvery = 1, EarlyStoppingPatience = 3 } };
        Assert.Equal(RunOutcome.StoppedEarly, Train(recipe, run));
        Assert.Equal(4, run.Newest!.Step);
        using PretrainRun resumed = PretrainRun.Resume(recipe, run, run.Newest);
        Assert.Equal(RunOutcome.StoppedEarly, resumed.Run(TestContext.Current.CancellationToken));
        Assert.Equal(4, resumed.StepsMade);
    }

    [Fact]
    public void OnlyTheNewestCheckpointsStay()
    {
        RunDirectory run = Directory("run");
        Train(Small(steps: 8) with { Train = Small(8).Train with { CheckpointEvery = 2, Keep = 2 } }, run);
        Assert.Equal([6, 8], run.Checkpoints.Select(c => c.Step));
    }

    [Fact]
    public void ACheckpointThatCannotBeWrittenSaysWhichOneIsGood()
    {
        RunDirectory run = Directory("run");
        File.WriteAllText(run.CheckpointPath(4), "a file where the checkpoint belongs");
        PretrainRecipe recipe = Small(steps: 8) with { Train = Small(8).Train with { CheckpointEvery = 2 } };
        IOException problem = Assert.ThrowsAny<IOException>(() => Train(recipe, run));
        Assert.StartsWith("the checkpoint of step 4 could not be written: ", problem.Message);
        Assert.EndsWith($"the last good checkpoint is {run.CheckpointPath(2)}", problem.Message);
        Assert.Equal("a file where the checkpoint belongs", File.ReadAllText(run.CheckpointPath(4)));
    }

    [Fact]
    public void AStepLeavesNoTensorsBehind()
    {
        RunDirectory run = Directory("run");
        using PretrainRun training = PretrainRun.Start(Small(steps: 1), run, cancellationToken: TestContext.Current.CancellationToken);
        using TokenDataset data = TokenDataset.Open(PretrainRun.ShardsIn(run), TokenDataset.Train);
        using Pretrainer trainer = new(training.Model, data, data, Small(1).Train with { EvalBatches = 2 });
        trainer.Step();
        trainer.Validate(TestContext.Current.CancellationToken);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 20; i++)
            trainer.Step();
        trainer.Validate(TestContext.Current.CancellationToken);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void ARunThatCannotBeOpenedLeavesNoMoreTensorsThanADisposedOne()
    {
        RunDirectory run = Directory("run");
        Train(Small(steps: 2), run);
        string optimizer = Path.Combine(run.Newest!.Path, "optimizer.safetensors");
        Open(); // allocates what the process keeps in any case
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Open();
        long disposed = DisposeScopeManager.Statistics.ThreadTotalLiveCount - before;
        byte[] intact = File.ReadAllBytes(optimizer);
        File.WriteAllBytes(optimizer, intact[..(intact.Length / 2)]);
        before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Assert.Throws<InvalidDataException>(Open);
        Assert.Equal(disposed, DisposeScopeManager.Statistics.ThreadTotalLiveCount - before);

        void Open() => PretrainRun.Resume(Small(steps: 2), run, run.Newest, cancellationToken: TestContext.Current.CancellationToken).Dispose();
    }

    [Fact]
    public void AccumulatedMicroBatchesMakeTheStepOfTheirWholeBatch()
    {
        PretrainRecipe whole = Small(steps: 3) with { Train = Small(3).Train with { BatchSize = 4, Precision = PrecisionChoice.Fp32 } };
        PretrainRecipe parts = whole with { Train = whole.Train with { BatchSize = 2, GradientAccumulation = 2 } };
        RunDirectory a = Directory("whole"), b = Directory("parts");
        Train(whole, a);
        Train(parts, b);
        var pairs = RunMetrics.Read(a.MetricsPath).Steps.Zip(RunMetrics.Read(b.MetricsPath).Steps);
        Assert.All(pairs, pair => Assert.Equal(pair.First.Loss, pair.Second.Loss, 1e-4));
        Assert.All(pairs, pair => Assert.Equal(pair.First.GradNorm, pair.Second.GradNorm, 1e-3 * pair.First.GradNorm));
    }

    /// <summary>The template of dialogues stays with the model, so that chat and serve use it. Training on keeps it.</summary>
    [Fact]
    public void AModelOfDialoguesHasTheirTemplate()
    {
        string dialogues = _directory.Write("train.txt", string.Concat(Enumerable.Range(0, 200).Select(i => $"How much is {i} and {i % 7}?\nIt is {i + (i % 7)}.\n\n")));
        RunDirectory run = Directory("dialogues"), further = Directory("further");
        Train(Small(2) with { Data = new DataSection { Text = [dialogues], VocabSize = 300, Validation = 0.1, Layout = CorpusLayout.Chitchat, Template = "chatml", DialogueTokens = 24 } }, run);
        Assert.Equal(ChatTemplate.ChatMl.Assistant, ChatTemplateFile.Load(run.BestPath).Assistant);
        Assert.Equal(ChatTemplate.ChatMl.Tokens, ChatTemplateFile.Load(run.Newest!.Path).Tokens);
        Assert.Equal(302, ModelDirectory.LoadTokenizer(run.BestPath).VocabSize);
        Train(Small(2) with { Model = new ModelSection { Path = run.BestPath, Dropout = 0 }, Data = new DataSection { Text = [_text], Validation = 0.1 } }, further);
        Assert.Equal(ChatTemplate.ChatMl.Assistant, ChatTemplateFile.Load(further.BestPath).Assistant);

        // A plain model gets the tokens of dialogues.
        RunDirectory plain = Directory("plain"), spoken = Directory("spoken");
        Train(Small(2), plain);
        Train(Small(2) with { Model = new ModelSection { Path = plain.BestPath, Dropout = 0 }, Data = new DataSection { Text = [dialogues], Validation = 0.1, Layout = CorpusLayout.Chitchat } }, spoken);
        Assert.Equal((300, 302), (ModelDirectory.LoadTokenizer(plain.BestPath).VocabSize, ModelDirectory.LoadTokenizer(spoken.BestPath).VocabSize));
        Assert.Equal(ChatTemplate.ChatMl.Assistant, ChatTemplateFile.Load(spoken.BestPath).Assistant);
    }

    private RunDirectory Directory(string name) => RunDirectory.Create(_directory.File(name));

    private PretrainRecipe Small(int steps) => new()
    {
        Model = new ModelSection { NLayer = 2, NHead = 2, NEmbd = 32, ContextLength = 32, Dropout = 0 },
        Data = new DataSection { Text = [_text], VocabSize = 300, Validation = 0.1 },
        Train = new TrainingConfig
        {
            Steps = steps,
            BatchSize = 4,
            Lr = 3e-3,
            MinLr = 3e-4,
            WarmupSteps = 2,
            LogEvery = 1,
            EvalEvery = 0,
            EvalBatches = 4,
            CheckpointEvery = 0,
            Threads = 2,
        },
    };

    private static RunOutcome Train(PretrainRecipe recipe, RunDirectory directory, IProgress<PretrainEvent>? progress = null, StopRequest? stop = null)
    {
        using PretrainRun run = PretrainRun.Start(recipe, directory, progress);
        return run.Run(stop ?? new StopRequest());
    }

    private static void StopAt(int step, PretrainEvent happened, StopRequest stop)
    {
        if (happened is PretrainEvent.Stepped stepped && stepped.Metrics.Step == step)
            stop.Request();
    }

    /// <summary>Writes NaN into the weights after a step, as a hardware fault would.</summary>
    private static void BreakAfter(int step, PretrainEvent happened, PretrainRun? run)
    {
        if (happened is not PretrainEvent.Stepped stepped || stepped.Metrics.Step != step)
            return;
        using var noGradient = TorchSharp.torch.no_grad();
        run!.Model.TokenEmbedding.fill_(float.NaN);
    }

    private static void AssertSame(RunMetrics expected, RunMetrics actual)
    {
        Assert.Equal(expected.Steps.Select(s => (s.Step, s.Loss, s.LearningRate, s.GradNorm)), actual.Steps.Select(s => (s.Step, s.Loss, s.LearningRate, s.GradNorm)));
        Assert.Equal(expected.Validations, actual.Validations);
    }
}
