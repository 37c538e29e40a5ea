using System.Globalization;
using Foreword.Data.Questions;
using Foreword.Data.Recipes;
using Foreword.Data.Recipes.Supervised;
using Foreword.Studies.Grid;
using Foreword.Studies.Results;

namespace Foreword.Studies.FineTuning;

/// <summary>Compares models that were trained on all tasks of a mix with models of one task, and with models that a task was left out of.</summary>
internal static class MultitaskGrid
{
    /// <summary>The factor whose levels are the tasks that a model was trained on, and that of the summary, whose levels are the ways of training.</summary>
    public const string Trained = "trained", Task = "task";

    /// <summary>The ways of training.</summary>
    public const string Together = "together", Alone = "alone", LeftOut = "left out";

    /// <summary>The value of a task; in the result of a cell, the mean over its tasks.</summary>
    public const string Score = "score";

    /// <summary>Gets the plan.</summary>
    public static StudyPlan Plan { get; } = new()
    {
        Name = "multitask",
        Title = "One model for several tasks",
        Method = "Trains one model on all tasks of a mix as questions (McCann et al. 2018, decaNLP), and one model on each task alone. "
            + "Models that a task was left out of measure the transfer to a task that was never trained. Scores are those of decaNLP's metrics on the validation questions, from 0 to 100.",
        Axis = Trained,
        AxisLabel = "trained on the task",
        IsUnordered = true,
        HasAverage = true,
        Curves = [Task],
        Values = [Score],
        Drawn = [Score],
        Derive = ByTask,
        Reference = Alone,
    };

    /// <summary>Returns the cells.</summary>
    /// <param name="recipe">The recipe with its mix.</param>
    /// <param name="leftOut">The names of the tasks that are left out, each of its own model.</param>
    /// <param name="seeds">The number of seeds, from the recipe's on.</param>
    /// <exception cref="InvalidDataException">The mix or a file is malformed, or a name is no task of the mix.</exception>
    public static IReadOnlyList<MultitaskCell> Cells(QuestionRecipe recipe, IReadOnlyList<string> leftOut, int seeds)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(leftOut);
        ArgumentOutOfRangeException.ThrowIfLessThan(seeds, 1);
        QuestionMix mix = QuestionMix.Read(recipe.Data.Train[0]);
        if (mix.Names.Count < 2)
            throw new InvalidDataException($"{recipe.Data.Train[0]} has {mix.Names.Count} task; the study compares two or more");
        if (leftOut.FirstOrDefault(task => !mix.Names.Contains(task)) is { } unknown)
            throw new InvalidDataException($"{recipe.Data.Train[0]} has no task '{unknown}', which is to be left out; its tasks are {string.Join(", ", mix.Names)}");
        IReadOnlyList<QuestionTask> tasks = QuestionTask.Read(mix, recipe.Data.Directory, recipe.Data.Limit, recipe.Train.Seed);
        string files = string.Join('\n', new[] { recipe.Data.Train[0], mix.Wordings }.OfType<string>().Concat(tasks.SelectMany(task => task.Files)).Select(KnownHashes.OfFile));
        return
        [
            .. from seed in Enumerable.Range(recipe.Train.Seed, seeds)
               let seeded = recipe with { Train = recipe.Train with { Seed = seed } }
               from cell in (MultitaskCell[])
               [
                   Cell(seeded, Together, [], mix.Names),
                   .. mix.Names.Select(task => Cell(seeded, $"{Alone}: {task}", [task], [task])),
                   .. leftOut.Select(task => Cell(seeded, $"{LeftOut}: {task}", [.. mix.Names.Where(other => other != task)], [task])),
               ]
               select cell,
        ];

        MultitaskCell Cell(QuestionRecipe seeded, string trained, IReadOnlyList<string> on, IReadOnlyList<string> measured)
        {
            QuestionRecipe own = seeded with { Data = seeded.Data with { Tasks = on } };
            QuestionRecipe bare = own with
            {
                Model = own.Model with { Path = "-" },
                Data = own.Data with { Directory = "", Train = [] },
                Train = own.Train with { LogEvery = 1, Keep = 1, Threads = 0, Device = DeviceChoice.Auto },
            };
            StudyFactor[] factors = [new(Trained, trained), new(StudyFactor.Seed, seeded.Train.Seed.ToString(CultureInfo.InvariantCulture))];
            return new MultitaskCell(new StudyCell(factors, $"{Recipe.ToYaml(bare)}\n{files}\n{KnownHashes.OfModel(own.Model.Path)}"), own.Validate(), measured);
        }
    }

    /// <summary>Returns the name of the value of a task in a cell's result: <c>sst (nEM)</c>.</summary>
    public static string ValueName(string task, string metric) => $"{task} ({metric})";

    /// <summary>Returns a result for each task that a cell measured, so that the ways of training can be compared for each task.</summary>
    private static IReadOnlyList<CellResult> ByTask(IReadOnlyList<CellResult> results) =>
    [
        .. from result in results
           from value in result.Values
           where value.Key != Score // the mean over the tasks
           let way = result.Level(Trained)!.Split(':')[0]
           let seed = result.Level(StudyFactor.Seed)!
           select new CellResult([new StudyFactor(Task, value.Key), new(Trained, way), new(StudyFactor.Seed, seed)], "", "score", new Dictionary<string, double> { [Score] = value.Value }, result.Seconds),
    ];
}
