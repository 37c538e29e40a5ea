using System.Globalization;
using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Studies.Grid;

namespace Foreword.Studies.FineTuning;

/// <summary>Makes the cells of the studies that fine-tune. Each study varies one factor of the recipes, with several seeds.</summary>
internal static class FineTuneGrids
{
    /// <summary>The factor of <see cref="Transfer"/>: the number of transferred blocks.</summary>
    public const string Layers = "layers";

    /// <summary>The level of <see cref="Layers"/> that transfers nothing, not even the embeddings.</summary>
    public const string Nothing = "none";

    /// <summary>The factor of <see cref="Ablation"/>.</summary>
    public const string Variant = "variant";

    /// <summary>The levels of <see cref="Variant"/>.</summary>
    public const string Full = "full", NoAuxiliary = "no auxiliary loss", NoPretraining = "no pre-training", Lstm = "LSTM";

    /// <summary>The factor of <see cref="Examples"/>: the number of labeled examples.</summary>
    public const string Labeled = "examples";

    /// <summary>The factor of <see cref="Examples"/> that tells whether the model was pre-trained.</summary>
    public const string Start = "start";

    /// <summary>The levels of <see cref="Start"/>.</summary>
    public const string Pretrained = "pre-trained", Scratch = "scratch";

    /// <summary>Returns the cells of GPT-1's figure 2, left: nothing transferred, the embeddings, and then each block.</summary>
    /// <param name="sets">The data sets.</param>
    /// <param name="blocks">The numbers of transferred blocks, from 0 to the model's number.</param>
    /// <param name="seeds">The number of seeds, from the recipe's on.</param>
    /// <exception cref="InvalidDataException">A recipe sets what the study varies, or a file is missing.</exception>
    /// <exception cref="ArgumentException">A model does not have that many blocks.</exception>
    public static IReadOnlyList<FineTuneCell> Transfer(IReadOnlyList<LabeledSet> sets, IReadOnlyList<int> blocks, int seeds) =>
        Cross(sets, seeds, (set, recipe) =>
        [
            set.Cell(recipe with { Model = recipe.Model with { From = StartFrom.Scratch, NTransfer = null } }, new StudyFactor(Layers, Nothing)),
            .. blocks.Select(count => set.Cell(recipe with { Model = recipe.Model with { NTransfer = count } }, new StudyFactor(Layers, Text(count)))),
        ]);

    /// <summary>Returns the cells of GPT-1's table 5.</summary>
    /// <param name="sets">The data sets.</param>
    /// <param name="lstm">A pre-trained LSTM model; null leaves its row out.</param>
    /// <param name="seeds">The number of seeds, from the recipe's on.</param>
    /// <exception cref="InvalidDataException">A recipe sets what the study varies, the model of the last row is not an LSTM, or a file is missing.</exception>
    public static IReadOnlyList<FineTuneCell> Ablation(IReadOnlyList<LabeledSet> sets, string? lstm, int seeds)
    {
        ArgumentNullException.ThrowIfNull(sets);
        if (lstm is not null && KnownHashes.ModelAt(lstm).Config is not LstmConfig)
            throw new InvalidDataException($"--lstm {lstm} is not an LSTM; pre-train one with model.architecture: lstm");
        if (sets.FirstOrDefault(set => set.Recipe.Train.LmCoefficient == 0) is { } without)
            throw new InvalidDataException($"{without.Name}: train.lm_coefficient is 0; the study compares 0 with the recipe's value");
        return Cross(sets, seeds, (set, recipe) =>
        [
            set.Cell(recipe, new StudyFactor(Variant, Full)),
            set.Cell(recipe with { Train = recipe.Train with { LmCoefficient = 0 } }, new StudyFactor(Variant, NoAuxiliary)),
            set.Cell(recipe with { Model = recipe.Model with { From = StartFrom.Scratch } }, new StudyFactor(Variant, NoPretraining)),
            .. lstm is null ? [] : (FineTuneCell[])[set.Cell(recipe with { Model = recipe.Model with { Path = lstm } }, new StudyFactor(Variant, Lstm))],
        ]);
    }

    /// <summary>Returns the cells of the comparison over the number of labeled examples.</summary>
    /// <param name="sets">The data sets.</param>
    /// <param name="counts">The numbers of training examples.</param>
    /// <param name="seeds">The number of seeds, from the recipe's on. A seed also draws the examples.</param>
    /// <exception cref="InvalidDataException">A recipe sets what the study varies, a set has fewer examples, or a file is missing.</exception>
    public static IReadOnlyList<FineTuneCell> Examples(IReadOnlyList<LabeledSet> sets, IReadOnlyList<int> counts, int seeds)
    {
        ArgumentNullException.ThrowIfNull(sets);
        ArgumentNullException.ThrowIfNull(counts);
        foreach (LabeledSet set in sets)
        {
            if (counts.Max() > set.TrainingExamples)
                throw new InvalidDataException($"{set.Name}: {counts.Max()} examples are to be drawn, but there are {set.TrainingExamples} training examples");
        }

        return Cross(sets, seeds, (set, recipe) =>
            from count in counts
            let few = recipe with { Data = recipe.Data with { Examples = count } }
            from start in (StartFrom[])[StartFrom.Pretrained, StartFrom.Scratch]
            select set.Cell(few with { Model = few.Model with { From = start } }, new StudyFactor(Start, start == StartFrom.Scratch ? Scratch : Pretrained), new StudyFactor(Labeled, Text(count))));
    }

    private static List<FineTuneCell> Cross(IReadOnlyList<LabeledSet> sets, int seeds, Func<LabeledSet, FineTuneRecipe, IEnumerable<FineTuneCell>> cells)
    {
        ArgumentNullException.ThrowIfNull(sets);
        ArgumentOutOfRangeException.ThrowIfLessThan(seeds, 1);
        if (sets.FirstOrDefault(set => set.Recipe.Model.From != StartFrom.Pretrained) is { } scratch)
            throw new InvalidDataException($"{scratch.Name}: model.from is scratch; the study compares pre-trained weights with random ones, so remove it");
        return [.. from set in sets
                   from seed in Enumerable.Range(set.Recipe.Train.Seed, seeds)
                   from cell in cells(set, set.Recipe with { Train = set.Recipe.Train with { Seed = seed } })
                   select cell];
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
