using Foreword.Settings;
using Foreword.Tasks;
using Foreword.Tasks.Metrics;
using Foreword.Tasks.Targets;

namespace Foreword.Data.Labeled;

/// <summary>
/// The metric, or the loss, that selects the best epoch of a fine-tuning run. If two epochs have the same metric, the lower loss wins.
/// </summary>
internal sealed class BestMetric
{
    /// <summary>The name of the validation loss.</summary>
    public const string LossName = "loss";

    /// <summary>Names that other programs use for the same metrics.</summary>
    private static readonly Dictionary<string, string> OtherNames = new(StringComparer.Ordinal)
    {
        ["mcc"] = "matthews",
        ["matthews_correlation"] = "matthews",
        ["f1_macro"] = "macro_f1",
        ["f1_micro"] = "micro_f1",
        ["subset_accuracy"] = "exact_match",
        ["map"] = "mean_average_precision",
        ["acc"] = "accuracy",
        ["eval_loss"] = LossName,
        ["validation_loss"] = LossName,
    };

    private BestMetric(TaskMetric? metric) => Metric = metric;

    /// <summary>Gets the metric; null if the loss selects the best epoch.</summary>
    public TaskMetric? Metric { get; }

    /// <summary>Gets the name in recipes and files, such as <c>matthews</c>, <c>f1:spam</c> or <c>loss</c>.</summary>
    public string Name => Metric?.Name ?? LossName;

    /// <summary>Creates the selector of the best epoch for a task.</summary>
    /// <param name="task">The task with its labels.</param>
    /// <param name="name">One of <see cref="Names"/>; empty means the task's first metric.</param>
    /// <exception cref="ArgumentException">The task has no such metric. The message lists the metrics that it has.</exception>
    public static BestMetric Create(TaskDescription task, string name)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length == 0)
            return new BestMetric(task.Metrics[0]);
        if (Problem(name, task.Kind, [task.Target]) is { } problem)
            throw new ArgumentException($"train.best_metric {problem}", nameof(name));
        if (ClassOf(name) is { } label && !task.Labels.Contains(label))
            throw new ArgumentException($"train.best_metric is '{name}'; the labels are {string.Join(", ", task.Labels.Take(8))}{(task.Labels.Count > 8 ? $" and {task.Labels.Count - 8} more" : "")}{NearestName.Suggestion(label, task.Labels)}", nameof(name));
        string known = OtherNames.GetValueOrDefault(name, name);
        return new BestMetric(known == LossName ? null : TaskMetric.ByName(known));
    }

    /// <summary>Returns the metric names that are valid for a kind of target.</summary>
    /// <param name="target">The kind of output that the head produces.</param>
    public static IReadOnlyList<string> Names(TargetKind target)
    {
        TaskTarget definer = TaskTarget.Of(target);
        return [.. definer.Metrics.SelectMany(metric => metric == definer.BeforeClassMetric ? [metric.Name, TaskMetric.ClassF1 + "LABEL"] : new[] { metric.Name }), LossName];
    }

    /// <summary>
    /// Describes what is wrong with a name, as the end of a sentence that begins with the key; null if one of the targets has the metric.
    /// </summary>
    internal static string? Problem(string name, string kind, IReadOnlyList<TargetKind> targets)
    {
        string known = OtherNames.GetValueOrDefault(name, name);
        string[] names = [.. targets.SelectMany(Names).Distinct()];
        return names.Contains(known) || (ClassOf(name) is not null && targets.Any(target => TaskTarget.Of(target).BeforeClassMetric is not null))
            ? null
            : $"is '{name}'; {kind} has {string.Join(" | ", names)}{NearestName.Suggestion(name, names)}";
    }

    /// <summary>
    /// Returns whether a validation is better than the best one before it. A defined metric is better than an undefined one (NaN). If both are
    /// undefined, the lower loss is better.
    /// </summary>
    /// <param name="value">The metric's value.</param>
    /// <param name="loss">The loss of the same validation.</param>
    /// <param name="best">The metric's value of the best validation so far.</param>
    /// <param name="bestLoss">The loss of the best validation so far.</param>
    public bool IsBetter(double value, double loss, double best, double bestLoss)
    {
        if (Metric is null)
            return loss < bestLoss;
        if (double.IsNaN(value) || double.IsNaN(best))
            return double.IsNaN(best) && (!double.IsNaN(value) || loss < bestLoss);
        int order = Metric.HigherIsBetter ? value.CompareTo(best) : best.CompareTo(value);
        return order > 0 || (order == 0 && loss < bestLoss);
    }

    /// <summary>Returns the LABEL of <c>f1:LABEL</c>; null for another name.</summary>
    private static string? ClassOf(string name) => name.StartsWith(TaskMetric.ClassF1, StringComparison.Ordinal) && name.Length > TaskMetric.ClassF1.Length ? name[TaskMetric.ClassF1.Length..] : null;
}
