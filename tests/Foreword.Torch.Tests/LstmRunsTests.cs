using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Progress;
using Foreword.Torch.FineTuning;
using Foreword.Torch.Runs;
using static TorchSharp.torch;

namespace Foreword.Torch.Tests;

/// <summary>Trains, resumes, continues and fine-tunes LSTMs through the same runs as GPTs.</summary>
public sealed class LstmRunsTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();
    private readonly string _text;

    public LstmRunsTests() => _text = _directory.Write("corpus.txt", string.Concat(Enumerable.Range(0, 800).Select(i => $"Line {i} says that {i * i % 97} is a number and that {i % 7} is another.\n")));

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(FusedChoice.Auto)]
    [InlineData(FusedChoice.Off)]
    public void ARunLearnsAndItsModelScoresAndWrites(FusedChoice fused)
    {
        RunDirectory run = Directory("run");
        PretrainRecipe recipe = Small(steps: 30);
        Train(recipe with { Train = recipe.Train with { Fused = fused, SampleEvery = 30, SamplePrompts = ["Line 5"], SampleTokens = 8 } }, run);
        RunMetrics metrics = RunMetrics.Read(run.MetricsPath);
        Assert.True(metrics.Steps[^1].Loss < metrics.Steps[0].Loss - 1, $"{metrics.Steps[0].Loss} -> {metrics.Steps[^1].Loss}");
        Assert.Contains("Line 5", File.ReadAllText(run.SamplesPath), StringComparison.Ordinal);

        using TextModel loaded = TextModel.Load(run.Path, new TorchEngine());
        Assert.IsType<LstmConfig>(loaded.Model.Config);
        int[] likely = loaded.Tokenizer.Encode("Line 7 says that 49 is a number"), unlikely = loaded.Tokenizer.Encode("number a is 49 that says 7 Line");
        float[][] scores = loaded.Model.LogProbs([likely, unlikely]);
        Assert.True(scores[0].Average() > scores[1].Average() + 0.5, $"{scores[0].Average()}, {scores[1].Average()}");
    }

    [Theory]
    [InlineData(OptimizerKind.AdamW, PrecisionChoice.Fp32, FusedChoice.Auto, true)]
    [InlineData(OptimizerKind.AdamW, PrecisionChoice.Fp32, FusedChoice.Off, false)]
    [InlineData(OptimizerKind.Muon, PrecisionChoice.Auto, FusedChoice.Auto, false)]
    public void ARunThatIsStoppedAndResumedHasTheLossesOfTheUninterruptedOne(OptimizerKind optimizer, PrecisionChoice precision, FusedChoice fused, bool tied)
    {
        PretrainRecipe recipe = Small(steps: 9);
        recipe = recipe with
        {
            Model = recipe.Model with { Dropout = 0.1, TieWordEmbeddings = tied },
            Train = recipe.Train with { GradientAccumulation = 2, Optimizer = optimizer, Precision = precision, Fused = fused, CheckpointEvery = 4, EvalEvery = 3, Keep = 0 },
        };
        RunDirectory whole = Directory("whole"), parts = Directory("parts");
        Train(recipe, whole);
        StopRequest stop = new();
        Train(recipe, parts, new SynchronousProgress<PretrainEvent>(happened =>
        {
            if (happened is PretrainEvent.Stepped { Metrics.Step: 6 })
                stop.Request();
        }), stop);
        Assert.Equal([4, 6], parts.Checkpoints.Select(checkpoint => checkpoint.Step));
        manual_seed(12345);
        using (PretrainRun resumed = PretrainRun.Resume(recipe, parts, parts.Checkpoints[0], cancellationToken: TestContext.Current.CancellationToken))
            Assert.Equal(RunOutcome.Finished, resumed.Run(TestContext.Current.CancellationToken));
        Assert.Equal(RunMetrics.Read(whole.MetricsPath).Steps.Select(step => step.Loss), RunMetrics.Read(parts.MetricsPath).Steps.Select(step => step.Loss));
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole.Newest!.Path, "model.safetensors")), File.ReadAllBytes(Path.Combine(parts.Newest!.Path, "model.safetensors")));
    }

    [Fact]
    public void AnExistingLstmIsTrainedFurther()
    {
        RunDirectory first = Directory("first"), second = Directory("second");
        Train(Small(steps: 20), first);
        PretrainRecipe further = Small(steps: 4) with
        {
            Model = new ModelSection { Path = first.Path, Freeze = 1 },
            Data = new DataSection { Text = [_text], Validation = 0.1 },
        };
        Train(further, second);
        Assert.True(RunMetrics.Read(second.MetricsPath).Steps[0].Loss < RunMetrics.Read(first.MetricsPath).Steps[0].Loss - 1);
        using LanguageModule before = Load(first.Newest!.Path), after = Load(second.Newest!.Path);
        Assert.Equal(["proj.weight"], before.named_parameters().Where(p => !p.parameter.equal(after.get_parameter(p.name)!).all().item<bool>()).Select(p => p.name));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    public void AnLstmIsFineTunedWithTheAuxiliaryLossAndPredicts(int transferred)
    {
        RunDirectory pretrained = Directory("base"), tuned = Directory("tuned");
        Train(Small(steps: 150), pretrained);
        string train = _directory.Write("train.csv", "text,label\n" + string.Concat(Enumerable.Range(0, 48).Select(i => $"that number {i} is {(i % 2 == 0 ? "bad" : "good")},{(i % 2 == 0 ? "unpleasant" : "pleasant")}\n")));
        FineTuneRecipe recipe = new()
        {
            Model = new BaseModelSection { Path = pretrained.Path, NTransfer = transferred, Dropout = 0 },
            Task = new TaskSection { Kind = "classification" },
            Data = new LabeledSection { Train = [train] },
            Train = new FineTuneConfig { Epochs = 12, BatchSize = 8, Lr = 1e-2, Threads = 1 },
        };
        using (FineTuneRun run = FineTuneRun.Start(recipe, tuned, cancellationToken: TestContext.Current.CancellationToken))
        {
            Assert.Equal(RunOutcome.Finished, run.Run(TestContext.Current.CancellationToken));
            Assert.Equal(1, run.BestMetrics!["accuracy"]);
        }

        Assert.All(RunMetrics.Read(tuned.MetricsPath).Steps, step => Assert.InRange(step.LmLoss!.Value, 0.1, 10));
        using FineTunedModel model = FineTunedModel.Load(tuned.Path, cancellationToken: TestContext.Current.CancellationToken);
        Assert.IsType<LstmConfig>(model.Model.Config);
        Assert.Equal("pleasant", model.Predict("that number 3 is good").Label);
    }

    [Fact]
    public void WhatAnLstmCannotDoIsRefusedBeforeTraining()
    {
        RunDirectory pretrained = Directory("base");
        Train(Small(steps: 1), pretrained);
        string train = _directory.Write("train.csv", "text,label\na,b\nc,d\n");
        FineTuneRecipe recipe = new()
        {
            Model = new BaseModelSection { Path = pretrained.Path },
            Task = new TaskSection { Kind = "classification" },
            Data = new LabeledSection { Train = [train] },
        };
        Assert.Contains("model.n_transfer is 2; the model is an LSTM with a single layer", Refusal(recipe with { Model = recipe.Model with { NTransfer = 2 } }), StringComparison.Ordinal);
        Assert.Contains("model.lora_rank is 4; the model is an LSTM", Refusal(recipe with { Model = recipe.Model with { LoraRank = 4 } }), StringComparison.Ordinal);

        string Refusal(FineTuneRecipe refused) => Assert.Throws<ArgumentException>(() => FineTuneRun.Start(refused, Directory("refused"))).Message;
    }

    private PretrainRecipe Small(int steps) => new()
    {
        Model = new ModelSection { Architecture = ModelArchitecture.Lstm, NHidden = 64, NEmbd = 32, ContextLength = 32, Dropout = 0 },
        Data = new DataSection { Text = [_text], VocabSize = 300, Validation = 0.1 },
        Train = new TrainingConfig { Steps = steps, BatchSize = 8, Lr = 1e-2, MinLr = 1e-3, WarmupSteps = 2, LogEvery = 1, EvalEvery = 0, EvalBatches = 4, CheckpointEvery = 0, Threads = 1 },
    };

    private static void Train(PretrainRecipe recipe, RunDirectory directory, IProgress<PretrainEvent>? progress = null, StopRequest? stop = null)
    {
        using PretrainRun run = PretrainRun.Start(recipe, directory, progress, cancellationToken: TestContext.Current.CancellationToken);
        run.Run(stop ?? new StopRequest(), TestContext.Current.CancellationToken);
    }

    private static LanguageModule Load(string path) => ModelFiles.Load(path, Precision.Fp32, CPU);

    private RunDirectory Directory(string name) => RunDirectory.Create(Path.Combine(_directory.Path, name));
}
