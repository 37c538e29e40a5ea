using Foreword.Data.Recipes;
using Foreword.Data.Recipes.Supervised;
using Foreword.Models;
using Foreword.Progress;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Files;
using Foreword.Torch.Runs;
using Foreword.Torch.Supervised;

namespace Foreword.Torch.Tests.Supervised;

public sealed class QuestionRunTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();
    private readonly Tokenizer _tokenizer = new BpeTrainer { VocabSize = 300 }.Train(["Context: Question: Answer: the cat sat. yes. no. why not? big small"]);
    private readonly string _base, _mix;

    public QuestionRunTests()
    {
        foreach (string part in (string[])["train", "val"])
        {
            _directory.Write($"size/{part}.jsonl", string.Concat(Enumerable.Range(0, 20).Select(i => $$"""{"context": "{{(i % 2 == 0 ? "big" : "small")}} cat", "question": "Is it big?", "answer": "{{(i % 2 == 0 ? "yes" : "no")}}"}""" + "\n")));
            _directory.Write($"name/{part}.jsonl", string.Concat(Enumerable.Range(0, 10).Select(i => $$"""{"context": "cat", "question": "What sat?", "answer": "the cat"}""" + "\n")));
        }

        _mix = _directory.Write("mix.yaml", $"directory: {_directory.Path}\nfiles: {{size: size, name: name}}\nmixing: proportional\ntemperature: 2\nfirst: size\nfor: 2\nwordings: {_directory.Write("w.yaml", "size: [\"{question}\", \"Say it: {question}\"]")}\n");
        _base = _directory.File("base");
        Directory.CreateDirectory(_base);
        using LanguageModule model = LanguageModule.Create(new GptConfig { NLayer = 2, NHead = 2, NEmbd = 32, ContextLength = 64, VocabSize = _tokenizer.VocabSize }, 1, Precision.Fp32, null);
        ModelFiles.Save(model, _base, TextEnds.FromTokenizer(_tokenizer));
        _tokenizer.Save(_base);
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void OneModelLearnsBothTasks()
    {
        RunDirectory directory = RunDirectory.Create(_directory.File("run"));
        using SupervisedRun run = SupervisedRun.Start(Recipe(epochs: 20), directory);
        Assert.Equal(RunOutcome.Finished, run.Run(TestContext.Current.CancellationToken));
        Assert.Equal(["loss/size", "loss/name"], run.BestMetrics!.Keys.Where(name => name.StartsWith("loss/", StringComparison.Ordinal)));
        Assert.Equal((run.BestMetrics["loss/size"] + run.BestMetrics["loss/name"]) / 2, run.BestLoss!.Value, 1e-9);
        Assert.InRange(run.BestLoss.Value, 0, run.StartLoss!.Value / 10);
        Assert.False(File.Exists(Path.Combine(directory.BestPath, "chat.yaml")));
        Assert.Equal(8 * 20, run.StepsMade); // 30 questions, 4 a step
    }

    [Fact]
    public void AResumedRunEqualsAnUninterruptedOne()
    {
        QuestionRecipe recipe = Recipe(epochs: 2);
        RunDirectory whole = RunDirectory.Create(_directory.File("whole")), parts = RunDirectory.Create(_directory.File("parts"));
        using (SupervisedRun run = SupervisedRun.Start(recipe, whole))
            run.Run(TestContext.Current.CancellationToken);
        StopRequest stop = new();
        int steps = 0;
        using (SupervisedRun run = SupervisedRun.Start(recipe, parts, new SynchronousProgress<PretrainEvent>(StopAfterFive)))
            Assert.Equal(RunOutcome.Stopped, run.Run(stop, TestContext.Current.CancellationToken));
        using (SupervisedRun run = SupervisedRun.Resume(recipe, parts, parts.Newest))
            Assert.Equal(RunOutcome.Finished, run.Run(TestContext.Current.CancellationToken));
        foreach (string file in (string[])["model.safetensors", "optimizer.safetensors"])
            Assert.Equal(File.ReadAllBytes(Path.Combine(whole.Newest!.Path, file)), File.ReadAllBytes(Path.Combine(parts.Newest!.Path, file)));
        File.AppendAllText(_mix, "limit: 5\n");
        Assert.Contains("mix.yaml", Assert.Throws<InvalidDataException>(() => SupervisedRun.Resume(recipe, parts, parts.Newest)).Message, StringComparison.Ordinal);

        void StopAfterFive(PretrainEvent happened)
        {
            if (happened is PretrainEvent.Stepped && ++steps == 5)
                stop.Request();
        }
    }

    private QuestionRecipe Recipe(int epochs) => new()
    {
        Model = new() { Path = _base },
        Data = new() { Train = [_mix] },
        Train = new() { Epochs = epochs, BatchSize = 2, GradientAccumulation = 2, Lr = 5e-3, Precision = PrecisionChoice.Fp32, Threads = 1, LogEvery = 1 },
    };
}
