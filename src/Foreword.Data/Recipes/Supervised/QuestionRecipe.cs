using Foreword.Settings;

namespace Foreword.Data.Recipes.Supervised;

/// <summary>
/// A recipe that trains one language model on several tasks. Each is a question about a context whose answer is text (McCann et al. 2018, decaNLP). The
/// model has no part for a single task and reads no name of a task.
/// </summary>
public sealed record QuestionRecipe : ISupervisedRecipe
{
    /// <summary>The value of <c>task.kind</c>.</summary>
    public const string Kind = "questions";

    /// <inheritdoc/>
    public BaseModelSection Model { get; init; } = new();

    /// <summary>Gets what is learned.</summary>
    public QuestionSection Task { get; init; } = new();

    /// <summary>Gets the mix of tasks.</summary>
    public QuestionDataSection Data { get; init; } = new();

    /// <summary>
    /// Gets the optimizer, the schedule, and the intervals of logging and checkpoints. <c>batch_size</c> is a number of questions. In an epoch, as many
    /// questions are drawn as all tasks have together.
    /// </summary>
    public SupervisedConfig Train { get; init; } = new();

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        problems.AddSection(Model);
        problems.AddSection(Task);
        problems.AddSection(Data);
        problems.AddSection(Train);
        return problems;
    }
}

/// <summary>The <c>task</c> section of a recipe that trains on questions.</summary>
public sealed record QuestionSection : IRecipe
{
    /// <summary>Gets the kind of task, which is <c>questions</c>.</summary>
    [AlsoCalled("task", "type", "name")]
    public string Kind { get; init; } = QuestionRecipe.Kind;

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        if (Kind != QuestionRecipe.Kind)
            problems.Add(nameof(Kind), $"is '{Kind}'; expected {QuestionRecipe.Kind}");
        return problems;
    }
}

/// <summary>The <c>data</c> section of a recipe that trains on questions.</summary>
public sealed record QuestionDataSection : IRecipe
{
    /// <summary>Gets the directory of the data sets; empty for the one that the mix names.</summary>
    [AlsoCalled("dir", "path", "root")]
    public string Directory { get; init; } = "";

    /// <summary>Gets the file of the mix, see <see cref="QuestionMix"/>.</summary>
    [AlsoCalled("mix", "train_file")]
    public IReadOnlyList<string> Train { get; init; } = [];

    /// <summary>Gets the tasks of the mix that are trained; empty means all.</summary>
    public IReadOnlyList<string> Tasks { get; init; } = [];

    /// <summary>Gets the maximum number of training questions of each task, from the first on; null for the mix's own.</summary>
    [AlsoCalled("max_samples", "max_examples")]
    public int? Limit { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        if (Train.Count != 1)
            problems.Add(nameof(Train), $"names {Train.Count} files; expected one mix of tasks (.yaml)");
        if (Limit is { } limit)
            problems.AtLeast(1, limit, nameof(Limit));
        return problems;
    }
}
