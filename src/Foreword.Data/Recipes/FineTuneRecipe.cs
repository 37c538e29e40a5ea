using Foreword.Settings;
using Foreword.Tasks;
using Foreword.Tasks.Metrics;

namespace Foreword.Data.Recipes;

/// <summary>
/// A fine-tuning run: which model, which task, on which labelled examples, trained how. The defaults are those of
/// GPT-1's paper (Radford et al. 2018, section 4.1) and of openai/finetune-transformer-lm; model, task and data have none.
/// </summary>
public sealed record FineTuneRecipe : IRecipe
{
    /// <summary>The model to start from.</summary>
    public BaseModelSection Model { get; init; } = new();

    /// <summary>What to learn.</summary>
    public TaskSection Task { get; init; } = new();

    /// <summary>Where the labelled examples come from.</summary>
    public LabelledSection Data { get; init; } = new();

    /// <summary>Optimizer, schedule, and what happens how often.</summary>
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
