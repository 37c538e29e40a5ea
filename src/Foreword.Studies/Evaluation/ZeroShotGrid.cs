using System.Globalization;
using Foreword.Data.Recipes;
using Foreword.Evaluation.Running;
using Foreword.Models;
using Foreword.Studies.Grid;
using Foreword.Studies.Results;
using Foreword.Torch;
using Foreword.Torch.Inference;
using Foreword.Torch.Runs;
using TorchSharp;

namespace Foreword.Studies.Evaluation;

/// <summary>
/// Makes the cells of GPT-1's heuristics on every checkpoint of pre-training runs (GPT-1 paper, figure 2, right). The weights that a run began with
/// are made again from its recipe, and are evaluated as update 0.
/// </summary>
/// <param name="Prepare">Prepares the benchmarks for a run's model.</param>
/// <param name="Load">Loads a model.</param>
/// <param name="Device">Where the initial weights compute.</param>
/// <param name="LeftOut">Receives a sentence if the initial weights cannot be had.</param>
internal sealed record ZeroShotGrid(Func<StudiedModel, IReadOnlyList<PreparedBenchmark>> Prepare, Func<string, TextModel> Load, DeviceChoice Device, Action<string> LeftOut)
{
    /// <summary>The factor whose levels are heuristics.</summary>
    public const string Task = "task";

    /// <summary>The factor whose levels are architectures.</summary>
    public const string Architecture = "architecture";

    /// <summary>The factor whose levels are numbers of updates.</summary>
    public const string Updates = "updates";

    private const string Figure2 = "read off figure 2, right", End = "1,000,000 updates";

    /// <summary>Gets the plan.</summary>
    public static StudyPlan Plan { get; } = new()
    {
        Name = "zero-shot",
        Title = "Zero-shot scores over pre-training",
        Method = "Evaluates GPT-1's heuristics on the checkpoints of pre-training runs, without fine-tuning. \"relative\" is 0 for a guess and 1 for the best: the state of the art in the paper's tables if the paper has the task, "
            + "otherwise all answers right. Errors are standard errors over the documents. The paper reports that the scores rise steadily with the updates, and that the LSTM's vary more (figure 2, right).",
        Axis = Updates,
        AxisLabel = "updates",
        Curves = [Task, StudiedModel.Factor],
        Values = [ZeroShotCell.Relative, ZeroShotCell.RelativeError, EvaluationCell.Score, EvaluationCell.Error],
        Drawn = [ZeroShotCell.Relative],
        DrawnError = ZeroShotCell.RelativeError,
        Pattern = Architecture,
        Paper =
        [
            new("sentiment, Transformer", End, 0.68, Figure2), new("Winograd, Transformer", End, 0.55, Figure2),
            new("linguistic acceptability, Transformer", End, 0.43, Figure2), new("question answering, Transformer", End, 0.25, Figure2),
        ],
    };

    /// <summary>Returns the cells of all runs.</summary>
    /// <param name="runs">Pre-training runs that kept two or more checkpoints.</param>
    /// <exception cref="InvalidDataException">A path is not such a run, or a file is damaged.</exception>
    public IReadOnlyList<ICellWork> Cells(IReadOnlyList<string> runs)
    {
        List<ICellWork> cells = [];
        foreach (string path in runs)
        {
            RunDirectory run = RunDirectory.Open(path);
            if (run.Checkpoints.Count < 2)
                throw new InvalidDataException($"{run.Path} holds {(run.Checkpoints.Count == 0 ? "no checkpoint" : "one checkpoint")}; a curve needs at least two (pre-train with --set train.keep=0 --set train.checkpoint_every=N)");
        }

        foreach (StudiedModel model in StudiedModel.Open(runs))
            cells.AddRange(Cells(model));
        return cells;
    }

    private IEnumerable<ICellWork> Cells(StudiedModel model)
    {
        RunDirectory run = RunDirectory.Open(model.Path);
        IReadOnlyList<PreparedBenchmark> benchmarks = Prepare(model);
        List<(int Updates, string Weights, Func<ILanguageModel> Load)> places = [.. run.Checkpoints.Select(checkpoint => (checkpoint.Step, KnownHashes.OfModel(checkpoint.Path), (Func<ILanguageModel>)(() => Load(checkpoint.Path).Model)))];
        if (Initial(Recipe.ReadSaved<PretrainRecipe>(run.RecipePath), model, run) is { } initial)
            places.Insert(0, (0, initial.Weights, initial.Load));
        return from place in places
               from benchmark in benchmarks
               select new ZeroShotCell(
                   new StudyCell(
                       [new(Task, benchmark.Specification.Text), new(StudiedModel.Factor, model.Name), new(Architecture, model.Config.Architecture.ToString().ToLowerInvariant()), new(Updates, Text(place.Updates))],
                       string.Join('\n', [benchmark.Protocol, Text(benchmark.Count), .. benchmark.Set.Files.Select(KnownHashes.OfFile), place.Weights])),
                   benchmark, model.Tokenizer, place.Load);
    }

    /// <summary>Returns the weights that a run began with, and what they follow from; null if they cannot be had.</summary>
    private (string Weights, Func<ILanguageModel> Load)? Initial(PretrainRecipe recipe, StudiedModel model, RunDirectory run)
    {
        if (recipe.Model.Path is { } start)
        {
            try
            {
                return (KnownHashes.OfModel(start), () => Load(start).Model);
            }
            catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
            {
                LeftOut($"{run.Path}: update 0 is left out: {gone.Message}");
                return null;
            }
        }

        if (recipe.Model.InitEmbeddings is not null)
        {
            LeftOut($"{run.Path}: update 0 is left out: the run began with the embeddings of another model (model.init_embeddings)");
            return null;
        }

        return (Recipe.ToYaml(recipe with { Data = new(), Train = new() { Seed = recipe.Train.Seed } }), Initialize);

        ILanguageModel Initialize()
        {
            LanguageModule initial = LanguageModule.Create(model.Config, recipe.Train.Seed, Precision.Fp32, recipe.Model.Init);
            initial.to(Compute.Device(Device));
            return new TorchLanguageModel(initial);
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
