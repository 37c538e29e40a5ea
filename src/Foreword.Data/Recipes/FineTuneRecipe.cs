using Foreword.Data.Labeled;
using Foreword.Settings;
using Foreword.Tasks;

namespace Foreword.Data.Recipes;

/// <summary>
/// A recipe for fine-tuning: the model, the task, the labeled examples and the training. The defaults are those of the GPT-1 paper (Radford et al.
/// 2018, section 4.1) and of openai/finetune-transformer-lm. Model, task and data have no defaults.
/// </summary>
public sealed record FineTuneRecipe : IRecipe
{
    /// <summary>Gets the model to start from.</summary>
    public BaseModelSection Model { get; init; } = new();

    /// <summary>Gets the task to learn.</summary>
    public TaskSection Task { get; init; } = new();

    /// <summary>Gets the source of the labeled examples.</summary>
    public LabeledSection Data { get; init; } = new();

    /// <summary>Gets the optimizer, the schedule, and the intervals of logging and checkpoints.</summary>
    public FineTuneConfig Train { get; init; } = new();

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        problems.AddSection(Model);
        problems.AddSection(Task);
        problems.AddSection(Data);
        problems.AddSection(Train);
        if (Train.BestMetric.Length > 0 && FineTuningTask.All.FirstOrDefault(task => task.Kind == Task.Kind.Replace('_', '-')) is { } kind
            && BestMetric.Problem(Train.BestMetric, kind.Kind, Task.Target is { } target ? [target] : kind.Targets) is { } problem)
            problems.AddTo("train.best_metric", problem);
        return problems;
    }
}
