using Foreword.Chat;
using Foreword.Data.Recipes;
using Foreword.Data.Recipes.Supervised;
using Foreword.Data.Supervised;
using Foreword.Generation;
using Foreword.Models;
using Foreword.Progress;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Files;
using Foreword.Torch.Runs;
using Foreword.Torch.Supervised;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch.Tests.Supervised;

public sealed class DialogueRunTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();
    private readonly Tokenizer _tokenizer = new BpeTrainer { VocabSize = 280 }.Train(["the cat sat on the mat. yes. no. why not?"]);
    private readonly string _base, _train;

    public DialogueRunTests()
    {
        _train = _directory.Write("train.jsonl", string.Concat(Enumerable.Range(0, 40).Select(i =>
            $$"""{"messages": [{"role": "user", "content": "say {{i % 4}}"}, {"role": "assistant", "content": "{{string.Concat(Enumerable.Repeat("ab"[i % 2], 1 + i % 4))}}"}, {"role": "user", "content": "why?"}, {"role": "assistant", "content": "so."}]}""" + "\n")));
        _base = Model("base", new GptConfig { NLayer = 2, NHead = 2, NEmbd = 32, ContextLength = 64, VocabSize = _tokenizer.VocabSize });
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void ARunLearnsToAnswerAndItsModelKnowsTheTemplate()
    {
        RunDirectory directory = RunDirectory.Create(_directory.File("run"));
        List<PretrainEvent> events = [];
        using (SupervisedRun run = SupervisedRun.Start(Recipe(epochs: 24), directory, new SynchronousProgress<PretrainEvent>(events.Add)))
        {
            Assert.Equal(RunOutcome.Finished, run.Run(TestContext.Current.CancellationToken));
            Assert.InRange(run.BestLoss!.Value, 0, run.StartLoss!.Value / 4);
            Assert.Equal(Math.Exp(run.BestLoss!.Value), run.BestMetrics!["perplexity"], 1e-9);
            Assert.InRange(run.BestMetrics["token_accuracy"], 0.8, 1);
            Assert.Empty(run.Notes);
        }

        Assert.Equal(2, Assert.Single(events.OfType<PretrainEvent.StartingModelRead>()).NewTokens);
        RunMetrics metrics = RunMetrics.Read(directory.MetricsPath);
        Assert.Equal(25, metrics.Validations.Count); // before the first step, and after each epoch
        using TextModel model = TextModel.Load(directory.Path, new TorchEngine());
        using Conversation conversation = model.StartConversation(ChatTemplateFile.Load(directory.BestPath), "");
        Assert.Equal(ChatTemplate.ChatMl.Tokens, ChatTemplateFile.Load(directory.BestPath).Tokens);
        SamplingOptions options = new() { Temperature = 0, MaxTokens = 20 };
        ChatAnswer answer = conversation.Answer("say 1", options, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Matches("^(a+|b+)$", answer.Text);
        Assert.Equal(FinishReason.Stop, answer.FinishReason); // by the token that ends an answer
        Assert.Equal("so.", conversation.Answer("why?", options, cancellationToken: TestContext.Current.CancellationToken).Text);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(2, 1)]
    [InlineData(0, 3)]
    public void AResumedRunEqualsAnUninterruptedOne(int lora, int accumulation)
    {
        DialogueRecipe recipe = Recipe(epochs: 3, lora, accumulation);
        RunDirectory whole = RunDirectory.Create(_directory.File("whole")), parts = RunDirectory.Create(_directory.File("parts"));
        using (SupervisedRun run = SupervisedRun.Start(recipe, whole))
            run.Run(TestContext.Current.CancellationToken);
        StopRequest stop = new();
        int steps = 0;
        using (SupervisedRun run = SupervisedRun.Start(recipe, parts, new SynchronousProgress<PretrainEvent>(happened => StopAfter(happened, 5))))
            Assert.Equal(RunOutcome.Stopped, run.Run(stop, TestContext.Current.CancellationToken));
        using (SupervisedRun run = SupervisedRun.Resume(recipe, parts, parts.Newest))
            Assert.Equal(RunOutcome.Finished, run.Run(TestContext.Current.CancellationToken));
        foreach (string file in (string[])["model.safetensors", "optimizer.safetensors"])
            Assert.Equal(File.ReadAllBytes(Path.Combine(whole.Newest!.Path, file)), File.ReadAllBytes(Path.Combine(parts.Newest!.Path, file)));
        Assert.Equal(RunMetrics.Read(whole.MetricsPath).Validations.Select(line => line.Loss), RunMetrics.Read(parts.MetricsPath).Validations.Select(line => line.Loss));

        void StopAfter(PretrainEvent happened, int count)
        {
            if (happened is PretrainEvent.Stepped && ++steps == count)
                stop.Request();
        }
    }

    [Fact]
    public void AnotherRecipeOrOtherDialoguesDoNotContinueARun()
    {
        RunDirectory directory = RunDirectory.Create(_directory.File("run"));
        using (SupervisedRun run = SupervisedRun.Start(Recipe(epochs: 1), directory))
            run.Run(TestContext.Current.CancellationToken);
        DialogueRecipe other = Recipe(epochs: 1) with { Task = new() { LossOn = LossOn.All } };
        Assert.Contains("loss_on: assistant", Assert.Throws<InvalidDataException>(() => SupervisedRun.Resume(other, directory, directory.Newest)).Message, StringComparison.Ordinal);
        File.AppendAllText(_train, """{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}""");
        Assert.Contains("train.jsonl", Assert.Throws<InvalidDataException>(() => SupervisedRun.Resume(Recipe(epochs: 1), directory, directory.Newest)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnLstmReadsEachDialogueInARowOfItsOwn()
    {
        string lstm = Model("lstm", new LstmConfig { NEmbd = 32, NHidden = 32, ContextLength = 64, VocabSize = _tokenizer.VocabSize });
        using SupervisedRun run = SupervisedRun.Start(Recipe(epochs: 2) with { Model = new() { Path = lstm } }, RunDirectory.Create(_directory.File("run")));
        Assert.Equal(RunOutcome.Finished, run.Run(TestContext.Current.CancellationToken));
        Assert.True(run.BestLoss < run.StartLoss);
    }

    /// <summary>The loss of a step is the mean over the predictions that count, each with the tokens before it.</summary>
    [Fact]
    public void TheLossIsTheMeanOverTheTokensThatCount()
    {
        using DisposeScope scope = NewDisposeScope();
        DialogueRecipe recipe = Recipe(epochs: 1);
        Tokenizer tokenizer = _tokenizer.WithSpecialTokens(ChatTemplate.ChatMl.Tokens);
        DialogueData data = DialogueData.Open(recipe, tokenizer, ChatTemplate.ChatMl, 64);
        using GptModel model = new(new GptConfig { NLayer = 2, NHead = 2, NEmbd = 32, ContextLength = 64, VocabSize = tokenizer.VocabSize, EmbdDropout = 0, AttnDropout = 0, ResidDropout = 0 }, seed: 1);
        using SupervisedTrainer trainer = new(model, data.Train, data.Validation, recipe.Train with { BatchSize = 1000 }, Foreword.Torch.Training.TrainedWeights.All(model));
        double sum = 0;
        int count = 0;
        foreach (SupervisedExample example in data.Train)
        {
            Tensor logits = model.call(tensor(example.Ids.Select(id => (long)id).ToArray(), [1, example.Ids.Length]))[0];
            Tensor losses = nn.functional.cross_entropy(logits[..^1], tensor(example.Ids.Skip(1).Select(id => (long)id).ToArray()), reduction: nn.Reduction.None);
            for (int t = 0; t < example.Length; t++)
            {
                if (example.Counts[t + 1])
                    (sum, count) = (sum + losses[t].item<float>(), count + 1);
            }
        }

        Assert.Equal(sum / count, trainer.Step().Loss, 1e-5);
        Assert.Equal(count, data.Train.Sum(example => example.Targets));
    }

    private DialogueRecipe Recipe(int epochs, int lora = 0, int accumulation = 1) => new()
    {
        Model = new() { Path = _base, Dropout = 0.1, LoraRank = lora },
        Data = new() { Train = [_train], ValidationShare = 0.1 },
        Train = new() { Epochs = epochs, BatchSize = 2, GradientAccumulation = accumulation, Lr = 5e-3, Precision = PrecisionChoice.Fp32, Threads = 1, LogEvery = 1 },
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
