using Foreword.Data.Preparing;
using Foreword.Data.Reading;
using Foreword.Data.Recipes;
using Foreword.Data.Shards;
using Foreword.Progress;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Torch.Runs;

namespace Foreword.Torch.Tests.Runs;

/// <summary>A run continues with the data that it began with, even if the data has moved.</summary>
public sealed class ResumedDataTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void OtherTextIsRefused()
    {
        RunDirectory run = Trained(TextRecipe(Text("a.txt", 1)));
        string other = Text("b.txt", 2);
        InvalidDataException problem = Assert.Throws<InvalidDataException>(() => PretrainRun.Resume(TextRecipe(other, steps: 2), run, run.Newest));
        Assert.StartsWith($"{other} is not part of the text that the run's tokens were made from", problem.Message, StringComparison.Ordinal);
        Assert.Contains("a.txt", File.ReadAllText(run.RecipePath), StringComparison.Ordinal);
    }

    [Fact]
    public void TheSameFileWithOtherContentIsRefused()
    {
        string text = Text("a.txt", 1);
        RunDirectory run = Trained(TextRecipe(text));
        File.AppendAllText(text, "one line more\n");
        InvalidDataException problem = Assert.Throws<InvalidDataException>(() => PretrainRun.Resume(TextRecipe(text, steps: 2), run, run.Newest));
        Assert.StartsWith($"{text} has changed since the run's tokens were made from it", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TextThatLeavesAFileOutIsRefused()
    {
        string a = Text("a.txt", 1), b = Text("b.txt", 2);
        PretrainRecipe both = TextRecipe(a) with { Data = TextRecipe(a).Data with { Text = [a, b] } };
        RunDirectory run = Trained(both);
        InvalidDataException problem = Assert.Throws<InvalidDataException>(() => PretrainRun.Resume(TextRecipe(a, steps: 2), run, run.Newest));
        Assert.StartsWith($"data.text leaves out {b}", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TextThatMovedGoesOn()
    {
        string text = Text("a.txt", 1), moved = _directory.File("moved.txt");
        RunDirectory run = Trained(TextRecipe(text));
        File.Move(text, moved);
        using PretrainRun resumed = PretrainRun.Resume(TextRecipe(moved, steps: 2), run, run.Newest);
        Assert.Equal(RunOutcome.Finished, resumed.Run(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void TextThatIsGoneIsNotNeeded()
    {
        string text = Text("a.txt", 1);
        RunDirectory run = Trained(TextRecipe(text));
        File.Delete(text);
        using PretrainRun resumed = PretrainRun.Resume(TextRecipe(text, steps: 2), run, run.Newest);
        Assert.Equal(RunOutcome.Finished, resumed.Run(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void ATokenizerThatIsGoneIsNotNeeded()
    {
        string text = Text("a.txt", 1), directory = _directory.File("tokenizer");
        Directory.CreateDirectory(directory);
        new BpeTrainer { VocabSize = 280 }.Train([File.ReadAllText(text)]).Save(directory);
        PretrainRecipe recipe = TextRecipe(text) with { Data = new DataSection { Text = [text], Tokenizer = directory, Validation = 0.1 } };
        RunDirectory run = Trained(recipe);
        Directory.Delete(directory, recursive: true);
        using PretrainRun resumed = PretrainRun.Resume(recipe with { Train = Train(2) }, run, run.Newest);
        Assert.Equal(RunOutcome.Finished, resumed.Run(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void AStopAfterAnOlderCheckpointKeepsWhatItSaved()
    {
        PretrainRecipe recipe = TextRecipe(Text("a.txt", 1), steps: 4);
        recipe = recipe with { Train = recipe.Train with { CheckpointEvery = 1, Keep = 1 } };
        RunDirectory run = Trained(recipe with { Train = recipe.Train with { Keep = 0 } });
        StopRequest stop = new();
        using (PretrainRun resumed = PretrainRun.Resume(recipe, run, run.Checkpoints[0], new SynchronousProgress<PretrainEvent>(happened => { if (happened is PretrainEvent.Stepped) stop.Request(); })))
            Assert.Equal(RunOutcome.Stopped, resumed.Run(stop));
        Assert.Equal([2, 4], run.Checkpoints.Select(checkpoint => checkpoint.Step));
    }

    [Fact]
    public void ShardsMayMoveButNotChange()
    {
        Tokenizer tokenizer = new BpeTrainer { VocabSize = 280 }.Train([File.ReadAllText(Text("a.txt", 1))]);
        string shards = Prepare(tokenizer, "shards", 1), moved = _directory.File("moved");
        RunDirectory run = Trained(ShardRecipe(shards));
        Directory.Move(shards, moved);
        using (PretrainRun resumed = PretrainRun.Resume(ShardRecipe(moved, steps: 2), run, run.Newest))
            resumed.Run(TestContext.Current.CancellationToken);
        Prepare(tokenizer, "moved", 3);
        InvalidDataException problem = Assert.Throws<InvalidDataException>(() => PretrainRun.Resume(ShardRecipe(moved, steps: 3), run, run.Newest));
        Assert.Equal($"{moved} does not hold the tokens that {run.Newest!.Path} was trained on", problem.Message);
    }

    [Fact]
    public void FewerStepsThanWereMadeAreRefused()
    {
        PretrainRecipe recipe = TextRecipe(Text("a.txt", 1), steps: 3);
        RunDirectory run = Trained(recipe);
        ArgumentException problem = Assert.Throws<ArgumentException>(() => PretrainRun.Resume(recipe with { Train = recipe.Train with { Steps = 2 } }, run, run.Newest));
        Assert.Equal($"train.steps is 2; {run.Newest!.Path} has already made 3 steps (Parameter 'recipe')", problem.Message);
    }

    [Fact]
    public void ARunThatNamesTheDrawingOfWeightsAsBeforeGoesOn()
    {
        PretrainRecipe recipe = TextRecipe(Text("a.txt", 1));
        RunDirectory run = Trained(recipe);
        File.WriteAllText(run.RecipePath, File.ReadAllText(run.RecipePath).Replace("init: scaled_residual", "init: gpt2", StringComparison.Ordinal));
        using PretrainRun resumed = PretrainRun.Resume(recipe with { Train = recipe.Train with { Steps = 2 } }, run, run.Newest);
        Assert.Contains("init: scaled_residual", File.ReadAllText(run.RecipePath), StringComparison.Ordinal);
    }

    [Fact]
    public void DataThatCannotBeOpenedLeavesNoFilesOpen()
    {
        RunDirectory run = Trained(TextRecipe(Text("a.txt", 1)));
        string shards = PretrainRun.ShardsIn(run), other = _directory.File("other");
        System.IO.Directory.CreateDirectory(other);
        new BpeTrainer { VocabSize = 270 }.Train([File.ReadAllText(Text("b.txt", 2))]).Save(other);
        Assert.Throws<InvalidDataException>(() => PretrainingData.Open(new DataSection { Shards = shards, Tokenizer = other }, 0, shards));
        foreach (ManifestSplit split in ShardManifest.Load(shards).Splits.Values)
            File.Open(Path.Combine(shards, split.DocumentStarts), FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose();
    }

    private string Text(string name, int seed) => _directory.Write(name, string.Concat(Enumerable.Range(0, 300).Select(i => $"Line {i} says that {i * i * seed % 97} is a number.\n")));

    private string Prepare(Tokenizer tokenizer, string name, int seed)
    {
        string text = Text("prepared.txt", seed), shards = _directory.File(name);
        DocumentReader documents = DocumentReader.Open([text]);
        new CorpusPreparer(tokenizer, new PreparationOptions()).Prepare(documents.Read(), shards, [text], documents.Files);
        return shards;
    }

    private RunDirectory Trained(PretrainRecipe recipe)
    {
        RunDirectory directory = RunDirectory.Create(_directory.File("run"));
        using PretrainRun run = PretrainRun.Start(recipe, directory, cancellationToken: TestContext.Current.CancellationToken);
        run.Run(TestContext.Current.CancellationToken);
        return directory;
    }

    private static PretrainRecipe TextRecipe(string text, int steps = 1) => new()
    {
        Model = Model,
        Data = new DataSection { Text = [text], VocabSize = 280, Validation = 0.1 },
        Train = Train(steps),
    };

    private static PretrainRecipe ShardRecipe(string shards, int steps = 1) => new() { Model = Model, Data = new DataSection { Shards = shards }, Train = Train(steps) };

    private static ModelSection Model => new() { NLayer = 1, NHead = 2, NEmbd = 16, ContextLength = 16, Dropout = 0 };

    private static TrainingConfig Train(int steps) => new() { Steps = steps, BatchSize = 2, Lr = 1e-3, WarmupSteps = 0, LogEvery = 1, EvalEvery = 0, CheckpointEvery = 0, Threads = 2 };
}
