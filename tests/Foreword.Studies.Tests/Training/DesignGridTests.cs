using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Studies.Grid;
using Foreword.Studies.Results;
using Foreword.Studies.Training;
using Foreword.Torch.Runs;

namespace Foreword.Studies.Tests.Training;

public sealed class DesignGridTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    /// <summary>A recipe without a context length has that of its architecture, which is shorter in GPT-1.</summary>
    [Fact]
    public void AllDesignsSeeTheSameTokensAndAreValidatedOnTheSameText()
    {
        PretrainRecipe[] designs = [.. DesignGrid.Cells(Recipe(), [6], 1).Cast<PretrainCell>().Select(cell => cell.Recipe)];
        Assert.Equal(6, designs.Length);
        long[] Distinct(Func<PretrainRecipe, int, long> number) =>
            [.. designs.Select(design => number(design, design.Train.SequenceLength == 0 ? design.Model.ContextLengthInUse!.Value : design.Train.SequenceLength)).Distinct()];
        Assert.Equal([1024L * 8 * 600], Distinct((design, length) => (long)length * design.Train.BatchSize * design.Train.Steps));
        Assert.Equal([1024L * 8 * 60], Distinct((design, length) => (long)length * design.Train.BatchSize * design.Train.WarmupSteps));
        Assert.Equal([1024L * 8 * 40], Distinct((design, length) => (long)length * design.Train.BatchSize * design.Train.EvalBatches));
        Assert.All(designs, design => Assert.Equal(0, design.Train.EvalEvery)); // only at the end
    }

    [Fact]
    public void ARecipeOfAnotherDesignOrWithAnOddNumberIsRefused()
    {
        PretrainRecipe recipe = Recipe();
        AssertRefused("set model.architecture to gpt2", recipe with { Model = recipe.Model with { Preset = "gpt2-medium", Architecture = ModelArchitecture.Gpt1 } });
        AssertRefused("model.init is normal; a design study begins with GPT-2's initialization, so remove it", recipe with { Model = recipe.Model with { Init = WeightInit.Normal } });
        AssertRefused("train.steps is 601; a design of this study takes the half of it, so it must be even", recipe with { Train = recipe.Train with { Steps = 601 } });
        AssertRefused("train.eval_batches is 5; ", recipe with { Train = recipe.Train with { EvalBatches = 5 } });
        AssertRefused("train.sequence_length is 33; ", recipe with { Train = recipe.Train with { SequenceLength = 33 } });
        string nowhere = _directory.File("nowhere");
        Assert.Equal($"data.shards is {nowhere}, which holds no token shards: there is no {Path.Combine(nowhere, "manifest.json")}", Assert.Throws<FileNotFoundException>(
            () => DesignGrid.Cells(recipe with { Data = recipe.Data with { Shards = nowhere } }, [6], 1)).Message);
    }

    [Fact]
    public void ADesignThatWasNotValidatedInTimeHasNoLossAtEqualTime()
    {
        IReadOnlyList<StudyRow> rows = StudySummary.Compute(DesignGrid.Plan, [Cell("GPT-2", 1, seconds: 10, (20, 4)), Cell("post-LN", 1, seconds: 30, (20, 5)), Cell("half the context", 1, seconds: double.NaN, (20, 5))]);
        Assert.Equal("GPT-2", Assert.Single(rows, row => row.Value == DesignGrid.EqualTime).Curve[0]);
    }

    /// <summary>A run that is continued keeps the norms of its first update.</summary>
    [Fact]
    public void GradientNormsAreReadBack()
    {
        RunDirectory run = RunDirectory.Create(_directory.File("run"));
        string file = _directory.Write("run/gradient-squares.txt", "0 4\n1 0.25\n");
        GradientNorms norms = new(_ => null);
        norms.Read(run);
        norms.Save(run);
        Assert.Equal("0 4\n1 0.25\n", File.ReadAllText(file));
        Dictionary<string, double> values = [];
        norms.AddTo(values);
        Assert.Equal((2, 0.5, 4), (values["gradient norm at the start, block 1"], values["gradient norm at the start, block 2"], values["first block / last"]));
        File.WriteAllText(file, "0 4\n1\n");
        Assert.StartsWith($"{file}:2: the line is '1'; ", Assert.Throws<InvalidDataException>(() => norms.Read(run)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LossesAreComparedWhenTheFastestDesignHadEnded()
    {
        CellResult[] results =
        [
            Cell("GPT-2", 1, seconds: 100, (0, 9), (10, 5), (20, 4)),
            Cell("post-LN", 1, seconds: 50, (0, 9), (10, 6), (20, 5.5)),
            Cell("half the context", 1, seconds: 80, (0, 9), (10, 5.8), (20, 4.6)),
            Cell("GPT-2", 2, seconds: 30, (0, 9), (20, 3)),
            new([new("design", "post-LN"), new("layers", "6"), new(StudyFactor.Seed, "2")], "", "loss", new Dictionary<string, double> { ["diverged"] = 1 }, 1),
        ];
        Dictionary<string, double> rows = StudySummary.Compute(DesignGrid.Plan, results).Where(row => row.Value == DesignGrid.EqualTime).ToDictionary(row => row.Curve[0], row => row.Mean);
        Assert.Equal((5 + 3) / 2.0, rows["GPT-2"], 1e-12); // half of the run of seed 1, all of that of seed 2
        Assert.Equal(5.5, rows["post-LN"], 1e-12);
        Assert.Equal(5.8 + (4.6 - 5.8) * 0.25, rows["half the context"], 1e-12);
    }

    [Fact]
    public void TheShareOfDivergedSeedsIsAMean()
    {
        CellResult[] results = [.. Enumerable.Range(1, 4).Select(seed => new CellResult(
            [new("design", "post-LN"), new("layers", "24"), new(StudyFactor.Seed, $"{seed}")], "", "loss", new Dictionary<string, double> { ["diverged"] = seed == 1 ? 1 : 0 }, 1))];
        Assert.Equal(0.25, Assert.Single(StudySummary.Compute(DesignGrid.Plan, results)).Mean);
    }

    private PretrainRecipe Recipe()
    {
        _directory.Write("manifest.json", "{}");
        return new PretrainRecipe
        {
            Model = new() { NHead = 4, NEmbd = 64 },
            Data = new() { Shards = _directory.Path },
            Train = new() { Steps = 600, BatchSize = 8, WarmupSteps = 60, EvalEvery = 0, EvalBatches = 40 },
        };
    }

    private static void AssertRefused(string message, PretrainRecipe recipe) =>
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => DesignGrid.Cells(recipe, [6], 1)).Message, StringComparison.Ordinal);

    private static CellResult Cell(string design, int seed, double seconds, params (int Step, double Loss)[] curve)
    {
        Dictionary<string, double> values = curve.ToDictionary(point => $"validation at {point.Step}", point => point.Loss);
        values["seconds"] = seconds;
        return new CellResult([new("design", design), new("layers", "6"), new(StudyFactor.Seed, $"{seed}")], "", "loss", values, seconds);
    }
}
