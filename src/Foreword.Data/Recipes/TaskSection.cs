using Foreword.Data.Labeled;
using Foreword.Settings;
using Foreword.Tasks;

namespace Foreword.Data.Recipes;

/// <summary>The <c>task</c> section of a fine-tuning recipe.</summary>
public sealed record TaskSection : IRecipe
{
    /// <summary>Gets the kind of task, which is the name of one of <see cref="FineTuningTask.All"/>.</summary>
    [AlsoCalled("task", "type", "name")]
    public string Kind { get; init; } = "";

    /// <summary>
    /// Gets the kind of output that the head produces. If null, the kind of task decides. For similarity, it depends on the labels.
    /// </summary>
    [AlsoCalled("output", "objective")]
    public TargetKind? Target { get; init; }

    /// <summary>
    /// Gets the labels in the order of the outputs, or the names of the choices; empty means the labels of the training set, sorted.
    /// </summary>
    [AlsoCalled("classes", "label_names")]
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Gets how classes are weighted in the loss.</summary>
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
            problems.Add(nameof(Labels), $"contains only '{Labels[0]}'; expected at least 2 labels");
        if (Labels.GroupBy(label => label).FirstOrDefault(group => group.Count() > 1) is { } twice)
            problems.Add(nameof(Labels), $"contains '{twice.Key}' twice");
        return problems;
    }
}
