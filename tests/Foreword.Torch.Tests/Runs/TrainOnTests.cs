using System.Text.Json.Nodes;
using Foreword.Data.Preparing;
using Foreword.Data.Reading;
using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Progress;
using Foreword.Settings;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Files;
using Foreword.Torch.Runs;
using Foreword.Weights;
using Foreword.Weights.Catalog;
using Foreword.Weights.HuggingFace;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch.Tests.Runs;

/// <summary>Tests pre-training that starts from the weights of an existing model.</summary>
public sealed class TrainOnTests(TrainOnTests.TrainedModel trained) : IClassFixture<TrainOnTests.TrainedModel>, IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();
    private readonly string _text = trained.Text;
    private readonly RunDirectory _base = trained.Run;

    private double BaseLoss => trained.Loss;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void TheValidationBeforeTheFirstStepIsThatOfTheModel()
    {
        RunDirectory run = Directory("run");
        List<PretrainEvent> events = [];
        using PretrainRun training = PretrainRun.Start(On(3), run, new SynchronousProgress<PretrainEvent>(events.Add), cancellationToken: TestContext.Current.CancellationToken);
        training.Run(TestContext.Current.CancellationToken);
        Assert.Equal(BaseLoss, training.StartValidationLoss!.Value, 1e-6);
        Assert.Equal([0, 3], RunMetrics.Read(run.MetricsPath).Validations.Select(e => e.Step));
        PretrainEvent.StartingModelRead start = Assert.Single(events.OfType<PretrainEvent.StartingModelRead>());
        Assert.Equal((0, null), (start.NewTokens, start.TrainedParameters));
        Assert.True(training.LastValidationLoss < BaseLoss);
        Assert.Equal(ModelDirectory.LoadTokenizer(_base.Path).Fingerprint, training.Data.Tokenizer.Fingerprint);
    }

    [Fact]
    public void ARecipeThatTrainsOnReadsBackAndSpellsTheArchitectureOut()
    {
        RunDirectory run = Directory("run");
        Train(On(1), run);
        ModelSection saved = Recipe.Read<PretrainRecipe>(run.RecipePath).Model;
        Assert.Equal((_base.Path, 2, 32, 300, null), (saved.Path, saved.NLayer, saved.ContextLength, saved.VocabSize, saved.Init));
    }

    [Fact]
    public void ATokenizerWithFurtherTokensGrowsTheEmbeddingByTheMean()
    {
        string model = WithAddedTokens("<|pad|>", "<speaker1>");
        using PretrainRun training = PretrainRun.Start(On(1, model), Directory("run"), cancellationToken: TestContext.Current.CancellationToken);
        using Tensor before = Embedding(model), mean = before.mean([0L]);
        Assert.Equal(302, training.Model.Config.VocabSize);
        foreach (long row in new long[] { 300, 301 })
            Assert.True(training.Model.TokenEmbedding[row].allclose(mean, 1e-5, 1e-6), $"row {row}");
        Assert.True(training.Model.TokenEmbedding.narrow(0, 0, 300).equal(before).all().ToBoolean());
        Assert.Equal([301], training.Data.Tokenizer.Encode("<speaker1>", allowSpecial: true));
    }

    [Fact]
    public void AVocabularyMayGrowBeyondTheTokenizer()
    {
        PretrainRecipe recipe = On(1) with { Model = On(1).Model with { VocabSize = 320 } };
        using PretrainRun training = PretrainRun.Start(recipe, Directory("run"), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(320, training.Model.TokenEmbedding.shape[0]);
        Assert.Equal(RunOutcome.Finished, training.Run(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void AShorterContextLeavesTheFurtherPositionsOut()
    {
        RunDirectory run = Directory("run");
        PretrainRecipe recipe = On(1) with { Model = On(1).Model with { ContextLength = 16 } };
        using (PretrainRun training = PretrainRun.Start(recipe, run, cancellationToken: TestContext.Current.CancellationToken))
        using (ModelWeights weights = WeightsCatalog.Open(_base.Path))
        {
            float[] positions = new float[16 * 32];
            weights.Tensor("wpe.weight").Read(0, positions);
            Assert.Equal(positions, training.Model.get_parameter("wpe.weight")!.data<float>().ToArray());
            training.Run(TestContext.Current.CancellationToken);
        }

        Assert.Equal(16, HuggingFaceConfig.Read(run.BestPath).ContextLength);
    }

    [Theory]
    [InlineData("context", "model.context_length is 64; ", "has positions for 32 tokens")]
    [InlineData("layers", "model.n_layer is 3; ", "has 2")]
    [InlineData("vocabulary", "model.vocab_size is 299; ", "has 300 ids")]
    [InlineData("freeze", "model.freeze is 3; ", "has 2 blocks")]
    [InlineData("length", "train.sequence_length is 33; ", "context_length is 32")]
    public void WhatTheModelHasNotIsRefusedBeforeAnythingIsMade(string wrong, string begins, string ends)
    {
        PretrainRecipe recipe = On(1);
        recipe = wrong switch
        {
            "context" => recipe with { Model = recipe.Model with { ContextLength = 64 } },
            "layers" => recipe with { Model = recipe.Model with { NLayer = 3 } },
            "vocabulary" => recipe with { Model = recipe.Model with { VocabSize = 299 } },
            "freeze" => recipe with { Model = recipe.Model with { Freeze = 3 } },
            _ => recipe with { Train = recipe.Train with { SequenceLength = 33 } },
        };
        RunDirectory run = Directory("run");
        string problem = ArgumentSentence.Of(Assert.Throws<ArgumentException>(() => PretrainRun.Start(recipe, run)));
        Assert.StartsWith(begins, problem, StringComparison.Ordinal);
        Assert.EndsWith(ends, problem, StringComparison.Ordinal);
        Assert.Empty(System.IO.Directory.EnumerateFileSystemEntries(run.Path));
    }

    [Fact]
    public void ACorpusOfAnotherTokenizerIsRefused()
    {
        Tokenizer other = new BpeTrainer { VocabSize = 280 }.Train([File.ReadAllText(_text)]);
        string shards = Prepare(other, "shards");
        PretrainRecipe recipe = On(1) with { Data = new DataSection { Shards = shards } };
        InvalidDataException problem = Assert.Throws<InvalidDataException>(() => PretrainRun.Start(recipe, Directory("run")));
        Assert.Contains("is not the tokenizer that made", problem.Message, StringComparison.Ordinal);

        System.IO.Directory.CreateDirectory(_directory.File("other"));
        other.Save(_directory.File("other"));
        InvalidDataException named = Assert.Throws<InvalidDataException>(() => PretrainRun.Start(recipe with { Data = recipe.Data with { Tokenizer = _directory.File("other") } }, Directory("run2")));
        Assert.Contains("is not the tokenizer of", named.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ATokenizerGivenBesideMayHaveFurtherAddedTokens()
    {
        string extended = WithAddedTokens("<speaker1>");
        PretrainRecipe recipe = On(1) with { Data = On(1).Data with { Tokenizer = extended } };
        using PretrainRun training = PretrainRun.Start(recipe, Directory("run"), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(301, training.Model.Config.VocabSize);
    }

    [Theory]
    [InlineData(FusedChoice.Auto, false)]
    [InlineData(FusedChoice.Off, false)]
    [InlineData(FusedChoice.Off, true)]
    public void FrozenBlocksStayAndNewTokensLearn(FusedChoice fused, bool recompute)
    {
        string model = WithAddedTokens("<speaker1>");
        PretrainRecipe recipe = On(2, model);
        recipe = recipe with { Model = recipe.Model with { Freeze = 1, Dropout = 0.1 }, Train = recipe.Train with { Fused = fused, Recompute = recompute } };
        using PretrainRun training = PretrainRun.Start(recipe, Directory("run"), cancellationToken: TestContext.Current.CancellationToken);
        Dictionary<string, Tensor> before = training.Model.named_parameters().ToDictionary(p => p.name, p => p.parameter.detach().clone());
        training.Run(TestContext.Current.CancellationToken);
        Assert.Equal(["h.0", "wpe"], Unchanged(training.Model, before));
        Tensor wte = training.Model.TokenEmbedding;
        Assert.True(wte.narrow(0, 0, 300).equal(before["wte.weight"].narrow(0, 0, 300)).all().ToBoolean());
        Assert.False(wte[300].equal(before["wte.weight"][300]).all().ToBoolean());
    }

    [Fact]
    public void FrozenEverythingOfAModelWithoutAFinalNormIsRefused()
    {
        string gpt1 = _directory.File("gpt1");
        System.IO.Directory.CreateDirectory(gpt1);
        GptConfig config = (GptConfig)HuggingFaceConfig.Read(_base.BestPath) with { Architecture = ModelArchitecture.Gpt1 };
        using (GptModel model = new(config))
            ModelFiles.Save(model, gpt1, TextEnds.None);
        ModelDirectory.LoadTokenizer(_base.Path).Save(gpt1);
        PretrainRecipe recipe = On(1, gpt1) with { Model = new ModelSection { Path = gpt1, Freeze = 2 } };
        ArgumentException problem = Assert.Throws<ArgumentException>(() => PretrainRun.Start(recipe, Directory("run")));
        Assert.Equal("model.freeze is 2; no part of the model would be trained (Parameter 'part')", problem.Message);
    }

    [Fact]
    public void AdaptersTrainAndEveryCheckpointIsAModelThatHasThemMerged()
    {
        RunDirectory run = Directory("run");
        PretrainRecipe recipe = On(4) with { Model = On(4).Model with { LoraRank = 2, LoraTargets = ["c_attn"] } };
        double loss;
        using (PretrainRun training = PretrainRun.Start(recipe, run, cancellationToken: TestContext.Current.CancellationToken))
        {
            training.Run(TestContext.Current.CancellationToken);
            loss = training.LastValidationLoss!.Value;
        }

        Assert.True(loss < BaseLoss);
        PretrainRecipe again = On(1, run.Newest!.Path);
        using PretrainRun merged = PretrainRun.Start(again, Directory("again"), cancellationToken: TestContext.Current.CancellationToken);
        merged.Run(TestContext.Current.CancellationToken);
        Assert.Equal(loss, merged.StartValidationLoss!.Value, 1e-5);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(0, 2)]
    public void ARunThatIsStoppedAndResumedHasTheLossesOfTheUninterruptedOne(int freeze, int rank)
    {
        string model = WithAddedTokens("<speaker1>");
        PretrainRecipe recipe = On(8, model);
        recipe = recipe with
        {
            Model = recipe.Model with { Freeze = freeze, LoraRank = rank, Dropout = 0.1 },
            Train = recipe.Train with { GradientAccumulation = 2, CheckpointEvery = 4, EvalEvery = 4, Keep = 0 },
        };
        RunDirectory whole = Directory("whole"), parts = Directory("parts");
        Train(recipe, whole);
        StopRequest stop = new();
        using (PretrainRun first = PretrainRun.Start(recipe, parts, new SynchronousProgress<PretrainEvent>(happened => StopAt(6, happened, stop))))
            Assert.Equal(RunOutcome.Stopped, first.Run(stop));
        if (rank == 0)
            System.IO.Directory.Move(model, _directory.File("gone")); // a checkpoint contains everything that it needs
        manual_seed(12345);
        using (PretrainRun resumed = PretrainRun.Resume(recipe, parts, parts.Checkpoints[0]))
        {
            resumed.Run(TestContext.Current.CancellationToken);
            Assert.NotNull(resumed.StartValidationLoss);
        }

        Assert.Equal(RunMetrics.Read(whole.MetricsPath).Steps.Select(s => (s.Step, s.Loss, s.GradNorm)), RunMetrics.Read(parts.MetricsPath).Steps.Select(s => (s.Step, s.Loss, s.GradNorm)));
        Assert.Equal(RunMetrics.Read(whole.MetricsPath).Validations, RunMetrics.Read(parts.MetricsPath).Validations);
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole.Newest!.Path, "model.safetensors")), File.ReadAllBytes(Path.Combine(parts.Newest!.Path, "model.safetensors")));
    }

    [Fact]
    public void AnotherModelIsNotTakenForTheOneThatTheRunBeganWith()
    {
        RunDirectory run = Directory("run");
        Train(On(1), run);
        string other = WithAddedTokens("<speaker1>");
        InvalidDataException problem = Assert.Throws<InvalidDataException>(() => PretrainRun.Resume(On(2, other), run, run.Newest));
        Assert.Equal($"model.path is {other}; the run was started with {_base.Path} ({run.RecipePath})", problem.Message);
    }

    [Fact]
    public void AVocabularyFarBeyondTheTokenizerIsRefused()
    {
        PretrainRecipe recipe = On(1) with { Model = On(1).Model with { VocabSize = 300 + 1024 } };
        ArgumentException problem = Assert.Throws<ArgumentException>(() => PretrainRun.Start(recipe, Directory("run")));
        Assert.Equal("model.vocab_size is 1324; the tokenizer has 300 ids, and a model may have at most 1023 more (Parameter 'tokenizerVocabSize')", problem.Message);
    }

    [Fact]
    public void AdaptersOfAnotherModelAreNotResumed()
    {
        string model = WithAddedTokens("<speaker1>");
        PretrainRecipe recipe = On(1, model) with { Model = new ModelSection { Path = model, LoraRank = 2, Dropout = 0 } };
        RunDirectory run = Directory("run");
        Train(recipe, run);
        using (LanguageModule other = LanguageModule.Create(HuggingFaceConfig.Read(model), seed: 99))
            ModelFiles.Save(other, model, TextEnds.None);
        InvalidDataException problem = Assert.Throws<InvalidDataException>(() => PretrainRun.Resume(recipe with { Train = Training(2) }, run, run.Newest));
        Assert.Equal($"{model} is not the model that the run's adapters belong to: its weights have changed since the run started", problem.Message);
    }

    [Fact]
    public void WhereNothingGetsBetterTheBestModelIsTheOneItBeganWith()
    {
        RunDirectory run = Directory("run");
        PretrainRecipe recipe = On(3) with { Train = Training(3) with { Lr = 0.5, MinLr = 0.5, WarmupSteps = 0, ClipNorm = 0 } };
        using PretrainRun training = PretrainRun.Start(recipe, run, cancellationToken: TestContext.Current.CancellationToken);
        training.Run(TestContext.Current.CancellationToken);
        Assert.True(training.BestIsTheStart);
        using Tensor before = Embedding(_base.BestPath), best = Embedding(run.BestPath);
        Assert.True(best.equal(before).all().ToBoolean());
    }

    private RunDirectory Directory(string name) => RunDirectory.Create(_directory.File(name));

    private PretrainRecipe On(int steps, string? model = null) => new()
    {
        Model = new ModelSection { Path = model ?? _base.Path, Dropout = 0 },
        Data = new DataSection { Text = [_text], Validation = 0.1 },
        Train = Training(steps),
    };

    /// <summary>The starting model, trained once for all tests.</summary>
    public sealed class TrainedModel : IDisposable
    {
        private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

        public TrainedModel()
        {
            Text = _directory.Write("corpus.txt", string.Concat(Enumerable.Range(0, 400).Select(i => $"Line {i} says that {i * i % 97} is a number and that {i % 7} is another.\n")));
            Run = RunDirectory.Create(_directory.File("base"));
            PretrainRecipe recipe = new()
            {
                Model = new ModelSection { NLayer = 2, NHead = 2, NEmbd = 32, ContextLength = 32, Dropout = 0 },
                Data = new DataSection { Text = [Text], VocabSize = 300, Validation = 0.1 },
                Train = Training(12),
            };
            using PretrainRun run = PretrainRun.Start(recipe, Run, cancellationToken: TestContext.Current.CancellationToken);
            run.Run(TestContext.Current.CancellationToken);
            Loss = run.LastValidationLoss!.Value;
        }

        public string Text { get; }

        public RunDirectory Run { get; }

        public double Loss { get; }

        public void Dispose() => _directory.Dispose();
    }

    private static TrainingConfig Training(int steps) => new()
    {
        Steps = steps,
        BatchSize = 4,
        Lr = 3e-3,
        MinLr = 3e-4,
        WarmupSteps = 0,
        LogEvery = 1,
        EvalEvery = 0,
        EvalBatches = 4,
        CheckpointEvery = 0,
        Threads = 2,
        Precision = PrecisionChoice.Fp32,
    };

    private static void Train(PretrainRecipe recipe, RunDirectory directory)
    {
        using PretrainRun run = PretrainRun.Start(recipe, directory);
        run.Run(TestContext.Current.CancellationToken);
    }

    private static void StopAt(int step, PretrainEvent happened, StopRequest stop)
    {
        if (happened is PretrainEvent.Stepped stepped && stepped.Metrics.Step == step)
            stop.Request();
    }

    /// <summary>Copies the base model and adds special tokens to its tokenizer. Its embedding has no rows for them.</summary>
    private string WithAddedTokens(params string[] texts)
    {
        string copy = _directory.File("added");
        System.IO.Directory.CreateDirectory(copy);
        foreach (string file in System.IO.Directory.EnumerateFiles(_base.BestPath))
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        string path = Path.Combine(copy, "tokenizer.json");
        JsonNode json = JsonNode.Parse(File.ReadAllText(path))!;
        JsonArray added = json["added_tokens"]!.AsArray();
        for (int i = 0; i < texts.Length; i++)
        {
            JsonNode token = added[0]!.DeepClone();
            (token["id"], token["content"]) = (300 + i, texts[i]);
            added.Add(token);
        }

        File.WriteAllText(path, json.ToJsonString());
        return copy;
    }

    private string Prepare(Tokenizer tokenizer, string name)
    {
        string shards = _directory.File(name);
        DocumentReader documents = DocumentReader.Open([_text]);
        new CorpusPreparer(tokenizer, new PreparationOptions()).Prepare(documents.Read(), shards, [_text], documents.Files);
        return shards;
    }

    /// <summary>Returns the token embedding of a model directory. The caller disposes it.</summary>
    private static Tensor Embedding(string model)
    {
        using LanguageModule loaded = ModelFiles.Load(model, Precision.Fp32, CPU);
        return loaded.TokenEmbedding.detach().clone();
    }

    /// <summary>Returns the blocks, and the parameters outside of blocks, that have not changed at all.</summary>
    private static string[] Unchanged(LanguageModule model, Dictionary<string, Tensor> before) =>
    [
        .. model.named_parameters()
            .GroupBy(p => p.name.StartsWith("h.", StringComparison.Ordinal) ? p.name[..3] : p.name.Split('.')[0])
            .Where(group => group.All(p => p.parameter.equal(before[p.name]).all().ToBoolean()))
            .Select(group => group.Key).Order(StringComparer.Ordinal),
    ];
}
