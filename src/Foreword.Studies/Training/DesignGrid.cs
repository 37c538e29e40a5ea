using System.Globalization;
using Foreword.Data.Recipes;
using Foreword.Data.Shards;
using Foreword.IO;
using Foreword.Models;
using Foreword.Settings;
using Foreword.Studies.Grid;
using Foreword.Studies.Results;

namespace Foreword.Studies.Training;

/// <summary>Makes the cells that show what GPT-2 changed in GPT-1, one change at a time, at several depths.</summary>
internal static class DesignGrid
{
    /// <summary>The factor whose levels are changes.</summary>
    public const string Design = "design";

    /// <summary>The factor whose levels are numbers of blocks.</summary>
    public const string Layers = "layers";

    /// <summary>The levels of <see cref="Design"/>. The first is GPT-2's, and each of the others changes one thing of it.</summary>
    public const string Gpt2 = "GPT-2", PostLn = "post-LN", NoFinalNorm = "no final norm", Unscaled = "residuals not scaled", HalfContext = "half the context", DoubleBatch = "twice the batch";

    /// <summary>The loss when the fastest design of the same depth and seed had ended.</summary>
    public const string EqualTime = "validation at equal time";

    /// <summary>Gets the plan.</summary>
    public static StudyPlan Plan { get; } = new()
    {
        Name = "design",
        Title = "What GPT-2 changed in GPT-1",
        Method = "Pre-trains the same recipe with one change at a time: LayerNorm after each sublayer and none at the end (GPT-1) instead of before it; no LayerNorm at the end; initial residual weights not divided by the root of their number; "
            + "half the context with twice the sequences; twice the batch with half the updates. All see the same number of tokens. The GPT-2 paper gives no figures for these changes.",
        Axis = Layers,
        AxisLabel = "blocks",
        Curves = [Design],
        Values = [PretrainCell.Validation, EqualTime, PretrainCell.Train, PretrainCell.GradientNorm, GradientNorms.Ratio, PretrainCell.Diverged, PretrainCell.Time],
        Drawn = [PretrainCell.Validation],
        Derive = WithEqualTime,
    };

    /// <summary>Returns the cells.</summary>
    /// <param name="recipe">The recipe of GPT-2's design. It names shards.</param>
    /// <param name="layers">The numbers of blocks.</param>
    /// <param name="seeds">The number of seeds, from the recipe's on.</param>
    /// <exception cref="InvalidDataException">The recipe starts from another design or from existing weights, has no shards, or has an odd number that a design halves.</exception>
    /// <exception cref="IOException">The shards do not exist.</exception>
    public static IReadOnlyList<ICellWork> Cells(PretrainRecipe recipe, IReadOnlyList<int> layers, int seeds)
    {
        if (recipe.Model.Path is not null || (recipe.Model.Architecture ?? recipe.Model.Base().Architecture) != ModelArchitecture.Gpt2)
            throw new InvalidDataException("the recipe of a design study describes a new GPT-2 model; remove model.path, and set model.architecture to gpt2");
        if (recipe.Model.WeightInit != WeightInit.ScaledResidual)
            throw new InvalidDataException($"model.init is {RecipeKey.ChoiceOf(recipe.Model.WeightInit)}; a design study begins with GPT-2's initialization, so remove it");
        if (recipe.Data.Shards is not { Length: > 0 } shards)
            throw new InvalidDataException("a design study trains many models on the same tokens; prepare the text once, and set data.shards");
        CheckHalves(recipe);
        string manifest = Path.Combine(shards, ShardManifest.FileName);
        if (!File.Exists(manifest))
            throw new FileNotFoundException($"data.shards is {shards}, which holds no token shards: there is no {manifest}", manifest);
        string tokens = FileHash.Of(manifest);
        return [.. from layer in layers
                   from seed in Enumerable.Range(recipe.Train.Seed, seeds)
                   let own = recipe with { Model = recipe.Model with { NLayer = layer }, Train = recipe.Train with { Seed = seed } }
                   from variant in Variants(own)
                   select new PretrainCell(new StudyCell(
                       [new(Design, variant.Name), new(Layers, Text(layer)), new(StudyFactor.Seed, Text(seed))], $"{Definition(variant.Recipe)}\n{tokens}"), variant.Recipe)];
    }

    private static IEnumerable<(string Name, PretrainRecipe Recipe)> Variants(PretrainRecipe recipe)
    {
        yield return (Gpt2, recipe);
        (int context, int length) = Lengths(recipe);
        yield return (PostLn, recipe with { Model = recipe.Model with { Architecture = ModelArchitecture.Gpt1, Init = WeightInit.Normal, ContextLength = context } }); // GPT-1's own context is shorter
        yield return (NoFinalNorm, recipe with { Model = recipe.Model with { FinalNorm = false } });
        yield return (Unscaled, recipe with { Model = recipe.Model with { Init = WeightInit.Normal } });
        yield return (HalfContext, recipe with { Model = recipe.Model with { ContextLength = context / 2 }, Train = recipe.Train with { SequenceLength = length / 2, BatchSize = recipe.Train.BatchSize * 2 } });
        yield return (DoubleBatch, recipe with
        {
            Train = recipe.Train with
            {
                BatchSize = recipe.Train.BatchSize * 2,
                Steps = recipe.Train.Steps / 2,
                WarmupSteps = recipe.Train.WarmupSteps / 2, // after as many tokens
                EvalEvery = recipe.Train.EvalEvery == 0 ? 0 : Math.Max(1, recipe.Train.EvalEvery / 2),
                EvalBatches = recipe.Train.EvalBatches / 2, // the same text
            },
        });
    }

    /// <summary>Returns the context length and the length of the training sequences.</summary>
    private static (int Context, int Length) Lengths(PretrainRecipe recipe)
    {
        int context = recipe.Model.ContextLengthInUse!.Value; // known without model.path
        return (context, recipe.Train.SequenceLength == 0 ? context : recipe.Train.SequenceLength);
    }

    /// <summary>Checks the numbers of which designs take the half, so that all see the same tokens and are validated on the same text.</summary>
    private static void CheckHalves(PretrainRecipe recipe)
    {
        (int context, int length) = Lengths(recipe);
        foreach ((string key, int number) in ((string, int)[])[("model.context_length", context), ("train.sequence_length", length), ("train.steps", recipe.Train.Steps), ("train.eval_batches", recipe.Train.EvalBatches)])
        {
            if (number % 2 != 0)
                throw new InvalidDataException($"{key} is {number}; a design of this study takes the half of it, so it must be even");
        }
    }

    /// <summary>
    /// Adds the loss at equal time: that of each cell when the fastest cell of the same depth and seed had ended, between two validations on a straight
    /// line. A cell that was computed beside others is slower, so compare times of cells that were computed alone.
    /// </summary>
    private static IReadOnlyList<CellResult> WithEqualTime(IReadOnlyList<CellResult> results) =>
        [.. results.GroupBy(result => (result.Level(Layers), result.Level(StudyFactor.Seed))).SelectMany(group =>
        {
            double end = group.Select(Time).Min();
            return group.Select(result => LossAt(result, end) is { } loss ? result with { Values = new Dictionary<string, double>(result.Values) { [EqualTime] = loss } } : result);
        })];

    /// <summary>Returns the time of a cell; infinity if it is not known, as that of a cell that diverged.</summary>
    private static double Time(CellResult result) => result.Values.GetValueOrDefault(PretrainCell.Time) is > 0 and double seconds ? seconds : double.PositiveInfinity;

    private static double? LossAt(CellResult result, double time)
    {
        double whole = Time(result);
        if (double.IsInfinity(whole))
            return null;
        (int Step, double Loss)[] curve = [.. result.Values.Where(value => value.Key.StartsWith(PretrainCell.During, StringComparison.Ordinal))
            .Select(value => (int.Parse(value.Key[PretrainCell.During.Length..], CultureInfo.InvariantCulture), value.Value)).OrderBy(point => point.Item1)];
        if (curve.Length == 0)
            return null;
        double step = curve[^1].Step * Math.Min(1, time / whole);
        if (step < curve[0].Step)
            return null; // it had not been validated yet
        (int Step, double Loss) after = curve.First(point => point.Step >= step), before = curve.LastOrDefault(point => point.Step <= step, after);
        return after.Step == before.Step ? after.Loss : before.Loss + (after.Loss - before.Loss) * (step - before.Step) / (after.Step - before.Step);
    }

    /// <summary>Returns the recipe without places and settings of the machine.</summary>
    private static string Definition(PretrainRecipe recipe) => Recipe.ToYaml(recipe with
    {
        Data = recipe.Data with { Shards = "-", Tokenizer = null },
        Train = recipe.Train with { Threads = 0, Device = DeviceChoice.Auto, Keep = 1, CheckpointEvery = 1 },
    });

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
