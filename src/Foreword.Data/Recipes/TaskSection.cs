using Foreword.Data.Labeled;
using Foreword.Settings;
using Foreword.Tasks;
using Foreword.Tasks.Targets;

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

    /// <summary>
    /// Gets the number of tokens after which the next window of a text begins that is longer than the context, 1 or more. Null cuts such a text. In
    /// training, each window is an example with the text's label. In evaluation and prediction, the outputs of the windows are averaged.
    /// </summary>
    [AlsoCalled("doc_stride", "window_stride")]
    public int? Stride { get; init; }

    /// <summary>
    /// Gets the probability above which a class of a set is predicted, from 0 to below 1; null means 0.5. For the part of a text, the difference of scores
    /// above which a question gets no answer; null means 0 if some training question has no answer.
    /// </summary>
    public double? Threshold { get; init; }

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
        if (Stride is < 1)
            problems.Add(nameof(Stride), $"is {Stride}; it must be at least 1");
        if (task is not null && Stride is not null && !task.ReadsWindows)
            problems.Add(nameof(Stride), $"is {Stride}; {task.Kind} does not read windows, but these do: {string.Join(", ", FineTuningTask.All.Where(known => known.ReadsWindows).Select(known => known.Kind))}");
        if (Threshold is { } threshold && task is not null)
            AddThresholdProblem(problems, task, threshold);
        if (Labels.Count == 1)
            problems.Add(nameof(Labels), $"contains only '{Labels[0]}'; expected at least 2 labels");
        if (Labels.GroupBy(label => label).FirstOrDefault(group => group.Count() > 1) is { } twice)
            problems.Add(nameof(Labels), $"contains '{twice.Key}' twice");
        return problems;
    }

    private void AddThresholdProblem(RecipeProblems problems, FineTuningTask task, double threshold)
    {
        string value = threshold.ToString(System.Globalization.CultureInfo.InvariantCulture);
        TaskTarget target = TaskTarget.Of(Target ?? task.Targets[0]);
        if (target.Thresholds is not { } range)
            problems.Add(nameof(Threshold), $"is {value}; the answers of {task.Kind} have no threshold");
        else if (!(threshold >= range.Least && threshold < range.Most))
            problems.Add(nameof(Threshold), string.Create(System.Globalization.CultureInfo.InvariantCulture, $"is {value}; it must be at least {range.Least} and below {range.Most}"));
    }
}
