using Foreword.Data.Labelled;
using Foreword.Settings;
using Foreword.Tasks;

namespace Foreword.Data.Recipes;

/// <summary>The <c>task</c> section of a fine-tuning recipe.</summary>
public sealed record TaskSection : IRecipe
{
    /// <summary>One of <see cref="FineTuningTask.All"/>.</summary>
    [AlsoCalled("task", "type", "name")]
    public string Kind { get; init; } = "";

    /// <summary>What the head gives; the kind decides where absent (similarity by its labels).</summary>
    [AlsoCalled("output", "objective")]
    public TargetKind? Target { get; init; }

    /// <summary>The labels in the order of the outputs (or the names of the choices); absent means those of the training set, sorted.</summary>
    [AlsoCalled("classes", "label_names")]
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>How classes count in the loss.</summary>
    [AlsoCalled("weights", "class_weight")]
    public ClassWeighting ClassWeights { get; init; } = ClassWeighting.None;

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        FineTuningTask? task = null;
        try
        {
            task = string.IsNullOrEmpty(Kind) ? null : FineTuningTask.OfKind(Kind);
            if (task is null)
                problems.Add(nameof(Kind), $"is missing; expected {string.Join(" | ", FineTuningTask.All.Select(known => known.Kind))}");
        }
        catch (ArgumentException)
        {
            string[] kinds = [.. FineTuningTask.All.Select(known => known.Kind)];
            problems.Add(nameof(Kind), $"is '{Kind}'; expected {string.Join(" | ", kinds)}{NearestName.Suggestion(Kind, kinds)}");
        }

        if (task is not null && Target is { } target && !task.Targets.Contains(target))
            problems.Add(nameof(Target), $"is {RecipeKey.NameOf(target.ToString())}; {task.Kind} has {string.Join(" | ", task.Targets.Select(known => RecipeKey.NameOf(known.ToString())))}");
        if (Labels.Count == 1)
            problems.Add(nameof(Labels), $"holds '{Labels[0]}' alone; expected at least 2 labels");
        if (Labels.GroupBy(label => label).FirstOrDefault(group => group.Count() > 1) is { } twice)
            problems.Add(nameof(Labels), $"holds '{twice.Key}' twice");
        return problems;
    }
}
