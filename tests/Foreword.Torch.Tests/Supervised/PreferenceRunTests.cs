using Foreword.Chat;
using Foreword.Data.Recipes;
using Foreword.Data.Recipes.Supervised;
using Foreword.Data.Supervised;
using Foreword.Models;
using Foreword.Progress;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Files;
using Foreword.Torch.Runs;
using Foreword.Torch.Supervised;
using Foreword.Torch.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch.Tests.Supervised;

public sealed class PreferenceRunTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();
    private readonly Tokenizer _tokenizer = new BpeTrainer { VocabSize = 280 }.Train(["the cat sat on the mat. yes. no. why not?"]);
    private readonly string _base, _train;

    public PreferenceRunTests()
    {
        _train = _directory.Write("train.jsonl", string.Concat(Enumerable.Range(0, 40).Select(i =>
            $$"""{"prompt": "say {{i % 4}}", "chosen": "{{new string('a', 1 + i % 3)}}", "rejected": "{{new string('b', 1 + i % 5)}}"}""" + "\n")));
        _base = Model("base", new GptConfig { NLayer = 2, NHead = 2, NEmbd = 32, ContextLength = 64, VocabSize = _tokenizer.VocabSize });
    }

    public void Dispose() => _directory.Dispose();

    /// <summary>Values of -log s(m) and of its derivative, computed by hand: log 2, log(1 + e^-2), 2 + log(1 + e^-2).</summary>
    [Theory]
    [InlineData(0, 0, 0.693147181, -0.05)]
    [InlineData(2, 0, 0.126928011, -0.0119202922)]
    [InlineData(-2, 0, 2.126928011, -0.0880797078)]
    [InlineData(2, 0.1, 0.326928011, -0.0019202922)]
    [InlineData(1000, 0.25, 250, 0.025)]
    [InlineData(-1000, 0, 1000, -0.1)]
    public void TheLossIsTheLogisticLossOfTheMargin(double margin, double smoothing, double loss, double slope)
    {
        PreferenceLoss dpo = new(0.1, smoothing);
        Assert.Equal(loss, dpo.Of(margin), 1e-8);
        Assert.Equal(slope, dpo.Slope(margin), 1e-9);
        Assert.Equal(0.3, dpo.Reward(-4, -7), 1e-12);
    }

    /// <summary>Loss and gradients of packed pairs equal those that libtorch's autograd derives from the formula, with each sequence alone.</summary>
    [Theory]
    [InlineData(0, FusedChoice.Off)]
    [InlineData(0, FusedChoice.Auto)]
    [InlineData(0.2, FusedChoice.Auto)]
    public void LossAndGradientsAreThoseOfTheFormula(double smoothing, FusedChoice fused)
    {
        using DisposeScope scope = NewDisposeScope();
        PreferenceRecipe recipe = Recipe(epochs: 1) with { Task = new() { Beta = 0.3, LabelSmoothing = smoothing } };
        PreferenceData data = Data(recipe);
        SupervisedExample[] examples = [.. data.Train.Take(14)];
        using GptModel model = NewModel(), plain = NewModel();
        using PreferenceTrainer trainer = new(model, data, recipe.Task, recipe.Train with { Fused = fused, BatchSize = 7 }, TrainedWeights.All(model));
        double[] reference = [.. trainer.LogProbabilities(examples).Select((p, i) => p + Math.Sin(3 * i))]; // another model than the one that is trained

        Tensor[] logProbabilities = [.. examples.Select(example => LogProbability(plain, example))];
        Tensor loss = zeros(1, ScalarType.Float64);
        for (int pair = 0; pair < 7; pair++)
        {
            Tensor margin = 0.3 * (logProbabilities[2 * pair] - reference[2 * pair] - (logProbabilities[2 * pair + 1] - reference[2 * pair + 1]));
            loss = loss - ((1 - smoothing) * nn.functional.logsigmoid(margin) + smoothing * nn.functional.logsigmoid(-margin)) / 7;
        }

        loss.backward();
        PreferenceTrainer.Outcome[] outcomes = trainer.Backward(examples, reference, 1.0 / 7, dropoutSeed: 1);
        PreferenceLoss formula = new(0.3, smoothing);
        Assert.Equal(loss.item<double>(), outcomes.Average(outcome => formula.Of(outcome.Margin)), 1e-5);
        Assert.Equal(logProbabilities[1].item<double>(), outcomes[0].Rejected.LogProbability, 1e-4);
        foreach (var (name, parameter) in plain.named_parameters())
            Assert.True(Golden.Difference(model.get_parameter(name)!.grad!, parameter.grad!) < 1e-5f * Math.Max(1, parameter.grad!.abs().max().item<float>()), name);
    }

    [Fact]
    public void ARunLearnsToPreferAndStartsWithoutPreference()
    {
        RunDirectory directory = RunDirectory.Create(_directory.File("run"));
        using SupervisedRun run = SupervisedRun.Start(Recipe(epochs: 4), directory);
        Assert.Equal(RunOutcome.Finished, run.Run(TestContext.Current.CancellationToken));
        Assert.Equal(Math.Log(2), run.StartLoss!.Value, 1e-12);
        Assert.Equal((0, 0, 0), (run.StartMetrics!["rewards/chosen"], run.StartMetrics["rewards/margins"], run.StartMetrics["rewards/accuracies"]));
        Assert.InRange(run.StartMetrics["accuracy_per_token"], 0, 0.8);
        Assert.Equal((1, 1, 1), (run.BestMetrics!["rewards/accuracies"], run.BestMetrics["accuracy"], run.BestMetrics["accuracy_per_token"]));
        Assert.True(run.BestLoss < 0.4);
        Assert.Equal(run.BestMetrics["rewards/margins"], run.BestMetrics["rewards/chosen"] - run.BestMetrics["rewards/rejected"], 1e-9);
        RunMetrics metrics = RunMetrics.Read(directory.MetricsPath);
        Assert.Equal(5, metrics.Validations.Count); // before the first step, and after each epoch
        Assert.Equal(1, metrics.Steps[^1].Metrics!["rewards/accuracies"]);
        Assert.True(metrics.Steps[^1].Metrics!["rewards/margins"] > metrics.Steps[0].Metrics!["rewards/margins"]);
        Assert.Equal(ChatTemplate.ChatMl.Tokens, ChatTemplateFile.Load(directory.BestPath).Tokens);
    }

    [Theory]
    [InlineData(0, 0, 1)]
    [InlineData(2, 0, 1)]
    [InlineData(0, 1, 3)]
    public void AResumedRunEqualsAnUninterruptedOne(int lora, int freeze, int accumulation)
    {
        PreferenceRecipe recipe = Recipe(epochs: 2);
        recipe = recipe with { Model = recipe.Model with { LoraRank = lora, Freeze = freeze, Dropout = 0.1 }, Train = recipe.Train with { GradientAccumulation = accumulation, LogEvery = 2 } };
        RunDirectory whole = RunDirectory.Create(_directory.File("whole")), parts = RunDirectory.Create(_directory.File("parts"));
        using (SupervisedRun run = SupervisedRun.Start(recipe, whole))
            run.Run(TestContext.Current.CancellationToken);
        StopRequest stop = new();
        int steps = 0;
        using (SupervisedRun run = SupervisedRun.Start(recipe, parts, new SynchronousProgress<PretrainEvent>(happened => StopAfter(happened, 3))))
            Assert.Equal(RunOutcome.Stopped, run.Run(stop, TestContext.Current.CancellationToken));
        using (SupervisedRun run = SupervisedRun.Resume(recipe, parts, parts.Newest))
            Assert.Equal(RunOutcome.Finished, run.Run(TestContext.Current.CancellationToken));
        foreach (string file in (string[])["model.safetensors", "optimizer.safetensors"])
            Assert.Equal(File.ReadAllBytes(Path.Combine(whole.Newest!.Path, file)), File.ReadAllBytes(Path.Combine(parts.Newest!.Path, file)));
        Assert.Equal(Lines(whole), Lines(parts));

        void StopAfter(PretrainEvent happened, int count)
        {
            if (happened is PretrainEvent.Stepped && ++steps == count)
                stop.Request();
        }

        static IEnumerable<(double, double?)> Lines(RunDirectory run) =>
            [.. RunMetrics.Read(run.MetricsPath).Validations.Select(line => (line.Loss, line.Task?["rewards/margins"])), .. RunMetrics.Read(run.MetricsPath).Steps.Select(line => (line.Loss, line.Metrics?["rewards/chosen"]))];
    }

    [Fact]
    public void ARunDoesNotGoOnWithoutItsReferenceOrWithAnotherLoss()
    {
        RunDirectory directory = RunDirectory.Create(_directory.File("run"));
        using (SupervisedRun run = SupervisedRun.Start(Recipe(epochs: 1), directory))
            run.Run(TestContext.Current.CancellationToken);
        PreferenceRecipe other = Recipe(epochs: 1) with { Task = new() { Beta = 0.2 } };
        Assert.Contains("beta", Assert.Throws<InvalidDataException>(() => SupervisedRun.Resume(other, directory, directory.Newest)).Message, StringComparison.Ordinal);
        string reference = Path.Combine(directory.Path, PreferenceTrainer.ReferenceFile);
        File.WriteAllText(reference, """{"train": [-1], "validation": []}""");
        Assert.Contains("does not hold the log-probabilities of 76 training and 4", Assert.Throws<InvalidDataException>(() => SupervisedRun.Resume(Recipe(epochs: 1), directory, directory.Newest)).Message, StringComparison.Ordinal);
        File.Delete(reference);
        Assert.Contains("reference.json", Assert.Throws<InvalidDataException>(() => SupervisedRun.Resume(Recipe(epochs: 1), directory, directory.Newest)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnLstmReadsEachAnswerInARowOfItsOwn()
    {
        string lstm = Model("lstm", new LstmConfig { NEmbd = 32, NHidden = 32, ContextLength = 64, VocabSize = _tokenizer.VocabSize });
        using SupervisedRun run = SupervisedRun.Start(Recipe(epochs: 2) with { Model = new() { Path = lstm, Dropout = 0 } }, RunDirectory.Create(_directory.File("run")));
        Assert.Equal(RunOutcome.Finished, run.Run(TestContext.Current.CancellationToken));
        Assert.True(run.BestLoss < Math.Log(2));
    }

    private static Tensor LogProbability(GptModel model, SupervisedExample example)
    {
        Tensor logits = model.call(tensor(example.Ids.Select(id => (long)id).ToArray(), [1, example.Ids.Length]))[0];
        Tensor all = nn.functional.log_softmax(logits.to(ScalarType.Float64), 1), sum = zeros(1, ScalarType.Float64);
        for (int t = 1; t < example.Ids.Length; t++)
            sum = example.Counts[t] ? sum + all[t - 1, example.Ids[t]] : sum;
        return sum;
    }

    private PreferenceData Data(PreferenceRecipe recipe) => PreferenceData.Open(recipe, _tokenizer.WithSpecialTokens(ChatTemplate.ChatMl.Tokens), ChatTemplate.ChatMl, 64);

    private GptModel NewModel() => new(
        new GptConfig { NLayer = 2, NHead = 2, NEmbd = 32, ContextLength = 64, VocabSize = _tokenizer.WithSpecialTokens(ChatTemplate.ChatMl.Tokens).VocabSize, EmbdDropout = 0, AttnDropout = 0, ResidDropout = 0 }, seed: 1);

    private PreferenceRecipe Recipe(int epochs) => new()
    {
        Model = new() { Path = _base, Dropout = 0 },
        Data = new() { Train = [_train], ValidationShare = 0.05 },
        Train = new() { Epochs = epochs, BatchSize = 4, Lr = 2e-3, Precision = PrecisionChoice.Fp32, Threads = 1, LogEvery = 1 },
    };

    private string Model(string name, ModelConfig config)
    {
        string path = _directory.File(name);
        Directory.CreateDirectory(path);
        using LanguageModule model = LanguageModule.Create(config, 1, Precision.Fp32, null);
        ModelFiles.Save(model, path, TextEnds.FromTokenizer(_tokenizer));
        _tokenizer.Save(path);
        return path;
    }
}
