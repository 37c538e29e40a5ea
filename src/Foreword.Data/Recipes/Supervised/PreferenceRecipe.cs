using Foreword.Settings;

namespace Foreword.Data.Recipes.Supervised;

/// <summary>
/// A recipe that trains a language model to prefer some answers to others, with direct preference optimization (DPO, Rafailov et al. 2023). Its default
/// learning rate and beta are those of the paper, which trains without dropout.
/// </summary>
public sealed record PreferenceRecipe : ISupervisedRecipe
{
    /// <summary>The value of <c>task.kind</c>.</summary>
    public const string Kind = "preference";

    /// <inheritdoc/>
    public BaseModelSection Model { get; init; } = new() { Dropout = 0 };

    /// <summary>Gets what is learned.</summary>
    public PreferenceSection Task { get; init; } = new();

    /// <summary>Gets the pairs of answers, or the dialogues that they are made from.</summary>
    public DialogueDataSection Data { get; init; } = new();

    /// <summary>Gets the optimizer, the schedule, and the intervals of logging and checkpoints. <c>batch_size</c> is a number of pairs.</summary>
    public SupervisedConfig Train { get; init; } = new() { Lr = 1e-6, WeightDecay = 0 };

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        problems.AddSection(Model);
        if (Model.From == StartFrom.Scratch)
            problems.Add("model.from", "is scratch; the answers are compared with those of the model that the run starts from, which must be pre-trained");
        problems.AddSection(Task);
        problems.AddSection(Data);
        if (Data.Layout is { } layout && Task.Rejected == RejectedAnswers.Given)
            problems.Add("data.layout", $"is {RecipeKey.ChoiceOf(layout)}; it is for task.rejected: shuffled, because pairs of answers have one layout only");
        problems.AddSection(Train);
        return problems;
    }
}

/// <summary>The origin of the answers that a model learns to avoid.</summary>
public enum RejectedAnswers
{
    /// <summary>The files hold them: <c>{"prompt": ..., "chosen": ..., "rejected": ...}</c>.</summary>
    Given,

    /// <summary>The files hold dialogues. The last answer of each is preferred to the last answer of another one, which the seed determines.</summary>
    Shuffled,
}

/// <summary>The <c>task</c> section of a recipe that trains on preferences.</summary>
public sealed record PreferenceSection : IRecipe
{
    /// <summary>Gets the kind of task, which is <c>preference</c>.</summary>
    [AlsoCalled("task", "type", "name")]
    public string Kind { get; init; } = PreferenceRecipe.Kind;

    /// <summary>Gets how strongly the model is kept near the model that the run starts from, above 0.</summary>
    public double Beta { get; init; } = 0.1;

    /// <summary>
    /// Gets the probability that the two answers of a pair are exchanged by mistake, from 0 to below 0.5 (conservative DPO, Mitchell 2023).
    /// </summary>
    [AlsoCalled("label_smooth", "smoothing")]
    public double LabelSmoothing { get; init; }

    /// <summary>Gets the origin of the rejected answers.</summary>
    public RejectedAnswers Rejected { get; init; } = RejectedAnswers.Given;

    /// <inheritdoc cref="DialogueSection.Template"/>
    [AlsoCalled("chat_template")]
    public string? Template { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        if (Kind != PreferenceRecipe.Kind)
            problems.Add(nameof(Kind), $"is '{Kind}'; expected {PreferenceRecipe.Kind}");
        problems.Above(0, Beta);
        problems.Within(0, 0.5, LabelSmoothing);
        DialogueSection.CheckTemplate(problems, Template);
        return problems;
    }
}
