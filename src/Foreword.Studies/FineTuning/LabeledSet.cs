using System.Globalization;
using Foreword.Data.Datasets;
using Foreword.Data.FineTuning;
using Foreword.Data.Labeled;
using Foreword.Data.Recipes;
using Foreword.IO;
using Foreword.Studies.Grid;
using Foreword.Tasks;
using Foreword.Torch.FineTuning;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foreword.Studies.FineTuning;

/// <summary>A data set of a study: the recipe that fine-tunes a model for it, and a name.</summary>
/// <param name="Name">The name, which is a level of the factor <c>data</c>.</param>
/// <param name="Recipe">The recipe. The study varies the model's section, the auxiliary loss, the seed or the number of examples.</param>
internal sealed record LabeledSet(string Name, FineTuneRecipe Recipe)
{
    /// <summary>The factor whose levels are data sets.</summary>
    public const string Factor = "data";

    private readonly Lazy<(string Hashes, int TrainingExamples)> _files = new(() => Read(Recipe));

    /// <summary>Gets the number of training examples, without those that are held out for validation.</summary>
    /// <exception cref="InvalidDataException">A file is missing or malformed.</exception>
    internal int TrainingExamples => _files.Value.TrainingExamples;

    /// <summary>Returns a cell with a variant of the recipe.</summary>
    /// <param name="recipe">The variant, with its seed.</param>
    /// <param name="factors">The factors between the data set and the seed.</param>
    /// <exception cref="InvalidDataException">A file is missing.</exception>
    /// <exception cref="ArgumentException">A value of the variant is not valid, or the model does not have what it names.</exception>
    internal FineTuneCell Cell(FineTuneRecipe recipe, params IEnumerable<StudyFactor> factors)
    {
        FineTuneRun.CheckBlocks(recipe.Validate(), KnownHashes.ModelAt(recipe.Model.Path));
        StudyFactor[] all = [new(Factor, Name), .. factors, new(StudyFactor.Seed, recipe.Train.Seed.ToString(CultureInfo.InvariantCulture))];
        return new FineTuneCell(new StudyCell(all, Definition(recipe)), recipe);
    }

    /// <summary>Returns what determines the result: the recipe without places and settings of the machine, and the contents of the files.</summary>
    private string Definition(FineTuneRecipe recipe)
    {
        FineTuneRecipe bare = recipe with
        {
            Model = recipe.Model with { Path = "-" },
            Data = recipe.Data with { Directory = "", Train = [], Validation = [], Test = [], TrainLabels = [], ValidationLabels = [], TestLabels = [] },
            Train = recipe.Train with { LogEvery = 1, Keep = 1, Threads = 0, Device = DeviceChoice.Auto },
        };
        return $"{Data.Recipes.Recipe.ToYaml(bare)}\n{_files.Value.Hashes}\n{KnownHashes.OfModel(recipe.Model.Path)}";
    }

    /// <summary>Returns the hashes of all files, by part, and the number of training examples.</summary>
    private static (string Hashes, int TrainingExamples) Read(FineTuneRecipe recipe)
    {
        FineTuningTask kind = FineTuningTask.OfKind(recipe.Task.Kind);
        DatasetContent content = LabeledContent.Read(recipe.Data, kind, NullLogger.Instance, CancellationToken.None);
        IReadOnlyList<TaskExample> train = content.Train.Examples;
        if (content.Validation is null)
        {
            TargetKind target = recipe.Task.Target ?? kind.DefaultTarget([.. train.Select(example => example.Label!).Distinct()]);
            train = LabeledData.Split(train, recipe.Data.ValidationShare, recipe.Data.Stratified && target is (TargetKind.Classes or TargetKind.Choice), recipe.Train.Seed).Train;
        }

        string[] labels = [.. recipe.Data.TrainLabels, .. recipe.Data.ValidationLabels, .. recipe.Data.TestLabels];
        IEnumerable<string> parts = content.Parts.Select(part => $"{part.Name} {string.Join(' ', part.Files.Select(FileHash.Of))}");
        return (string.Join('\n', [.. parts, .. recipe.Data.Paths(labels).Select(FileHash.Of)]), train.Count);
    }
}
