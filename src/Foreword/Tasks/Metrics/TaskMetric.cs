using Foreword.Settings;

namespace Foreword.Tasks.Metrics;

/// <summary>A number that says how good a model is at a task.</summary>
public sealed class TaskMetric
{
    /// <summary>What the name of a class's F1 begins with.</summary>
    internal const string ClassF1 = "f1:";

    private readonly Func<ClassSample, double>? _ofClasses;
    private readonly Func<ScoreSample, double>? _ofScores;
    private readonly string? _class;

    private TaskMetric(string name, string title, Func<ClassSample, double> ofClasses, string? label = null) => (Name, Title, _ofClasses, _class) = (name, title, ofClasses, label);

    private TaskMetric(string name, string title, Func<ScoreSample, double> ofScores) => (Name, Title, _ofScores) = (name, title, ofScores);

    /// <summary>The name in recipes and files, as in <c>macro_f1</c>.</summary>
    public string Name { get; }

    /// <summary>The name for readers, as in "Macro F1".</summary>
    public string Title { get; }

    /// <summary>Whether a larger value means a better model; false for errors.</summary>
    public bool HigherIsBetter { get; private init; } = true;

    /// <summary>The share of examples that were given their class.</summary>
    public static TaskMetric Accuracy { get; } = new("accuracy", "Accuracy", (ClassSample sample) => sample.Accuracy);

    /// <summary>The mean over classes of F1, each class alike whatever its size; classes that occur in neither truth nor prediction are left out.</summary>
    public static TaskMetric MacroF1 { get; } = new("macro_f1", "Macro F1", (ClassSample sample) => sample.MacroF1);

    /// <summary>F1 of the second class where there are two, as GLUE reports it; macro F1 where there are more. 0 where undefined.</summary>
    public static TaskMetric F1 { get; } = new("f1", "F1", (ClassSample sample) => sample.Classes == 2 ? sample.F1(1) : sample.MacroF1);

    /// <summary>F1 of one class, <c>f1:LABEL</c>. 0 where undefined.</summary>
    /// <param name="label">The class.</param>
    public static TaskMetric F1Of(string label)
    {
        ArgumentNullException.ThrowIfNull(label);
        return new TaskMetric(ClassF1 + label, $"F1 of {label}", (ClassSample sample) => sample.F1(sample.IndexOf(label)), label);
    }

    /// <summary>Matthews' correlation of the right and the predicted class (Gorodkin 2004 for more than two), -1 to 1; 0 where either is constant.</summary>
    public static TaskMetric Matthews { get; } = new("matthews", "Matthews correlation", (ClassSample sample) => sample.Matthews);

    /// <summary>Pearson's correlation of the right and the predicted score; NaN where either is constant.</summary>
    public static TaskMetric Pearson { get; } = new("pearson", "Pearson correlation", (ScoreSample sample) => sample.Pearson);

    /// <summary>Spearman's correlation: Pearson's of the ranks, ties at their mean rank; NaN where either is constant.</summary>
    public static TaskMetric Spearman { get; } = new("spearman", "Spearman correlation", (ScoreSample sample) => sample.Spearman);

    /// <summary>The root of the mean squared error, in the unit of the scores.</summary>
    public static TaskMetric Rmse { get; } = new("rmse", "Root mean squared error", (ScoreSample sample) => sample.Rmse) { HigherIsBetter = false };

    /// <summary>Every metric.</summary>
    public static IReadOnlyList<TaskMetric> All { get; } = [Accuracy, MacroF1, F1, Matthews, Pearson, Spearman, Rmse];

    /// <summary>The metric of this name.</summary>
    /// <exception cref="ArgumentException">There is none; the message names the nearest.</exception>
    public static TaskMetric ByName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.StartsWith(ClassF1, StringComparison.Ordinal))
            return F1Of(name[ClassF1.Length..]);
        return All.FirstOrDefault(metric => metric.Name == name)
            ?? throw new ArgumentException($"unknown metric '{name}'{NearestName.Suggestion(name, All.Select(metric => metric.Name))}", nameof(name));
    }

    /// <summary>The class that the metric is of: the second of two classes for <see cref="F1"/>; null for a metric of all classes.</summary>
    /// <param name="labels">The task's classes, in their order.</param>
    public string? ClassAmong(IReadOnlyList<string> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        return _class ?? (ReferenceEquals(this, F1) && labels.Count == 2 ? labels[1] : null);
    }

    /// <summary>The name with the class that it is of, as in "f1 of 'yes'"; F1 of more than two classes is "f1 (macro)".</summary>
    /// <inheritdoc cref="ClassAmong" path="/param"/>
    public string NameAmong(IReadOnlyList<string> labels) => Among(labels, Name, "f1");

    /// <summary>The title with the class that it is of, as in "F1 of 'yes'"; F1 of more than two classes is "F1 (macro)".</summary>
    /// <inheritdoc cref="ClassAmong" path="/param"/>
    public string TitleAmong(IReadOnlyList<string> labels) => Among(labels, Title, "F1");

    /// <summary>The metric's value; NaN where a correlation is undefined.</summary>
    /// <exception cref="ArgumentException">The metric is one of classes and these are scores, or the other way round.</exception>
    public double Of(TaskOutcomes outcomes)
    {
        ArgumentNullException.ThrowIfNull(outcomes);
        return Of(OutcomeSample.Whole(outcomes));
    }

    /// <inheritdoc cref="Of(TaskOutcomes)"/>
    internal double Of(OutcomeSample sample) => sample switch
    {
        ClassSample classes when _ofClasses is not null => _ofClasses(classes),
        ScoreSample scores when _ofScores is not null => _ofScores(scores),
        _ => throw new ArgumentException($"{Name} is a metric of {(_ofClasses is null ? "scores" : "classes")}, and the model predicts {(_ofClasses is null ? "classes" : "scores")}"),
    };

    private string Among(IReadOnlyList<string> labels, string plain, string f1)
    {
        if (ClassAmong(labels) is { } label)
            return $"{f1} of '{label}'";
        return ReferenceEquals(this, F1) ? $"{f1} (macro)" : plain;
    }

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
