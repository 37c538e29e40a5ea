using Foreword.Settings;

namespace Foreword.Tasks.Metrics;

/// <summary>A number that measures how good a model is at a task.</summary>
public sealed class TaskMetric
{
    /// <summary>The prefix of the name of a class's F1.</summary>
    internal const string ClassF1 = "f1:";

    private readonly Func<OutcomeSample, double?> _value;
    private readonly string _of;
    private readonly string? _class;

    private TaskMetric(string name, string title, string of, Func<OutcomeSample, double?> value, string? label = null) =>
        (Name, Title, _of, _value, _class) = (name, title, of, value, label);

    /// <summary>Gets the name in recipes and files, such as <c>macro_f1</c>.</summary>
    public string Name { get; }

    /// <summary>Gets the name for readers, such as "Macro F1".</summary>
    public string Title { get; }

    /// <summary>Gets whether a larger value means a better model; false for errors.</summary>
    public bool HigherIsBetter { get; private init; } = true;

    /// <summary>Gets accuracy: the share of examples whose class was predicted correctly, 0 to 1.</summary>
    public static TaskMetric Accuracy { get; } = new("accuracy", "Accuracy", "classes", sample => (sample as ClassSample)?.Accuracy);

    /// <summary>
    /// Gets the mean F1 over classes, 0 to 1. Each class has the same weight, independent of its size. Classes that occur in neither truth nor
    /// prediction are ignored.
    /// </summary>
    public static TaskMetric MacroF1 { get; } = new("macro_f1", "Macro F1", "classes", sample => sample switch
    {
        ClassSample classes => classes.MacroF1,
        ClassSetSample sets => sets.MacroF1,
        _ => null,
    });

    /// <summary>
    /// Gets F1, 0 to 1: of the second class if there are two, as GLUE reports it, and macro F1 if there are more. 0 if it is undefined.
    /// </summary>
    public static TaskMetric F1 { get; } = new("f1", "F1", "classes", sample => sample is ClassSample classes ? classes.Classes == 2 ? classes.F1(1) : classes.MacroF1 : null);

    /// <summary>Creates the F1 of one class, <c>f1:LABEL</c>, 0 to 1. 0 if it is undefined.</summary>
    /// <param name="label">The name of the class.</param>
    public static TaskMetric F1Of(string label)
    {
        ArgumentNullException.ThrowIfNull(label);
        return new TaskMetric(ClassF1 + label, $"F1 of {label}", "classes", sample => sample switch
        {
            ClassSample classes => classes.F1(classes.IndexOf(label)),
            ClassSetSample sets => sets.F1(sets.IndexOf(label)),
            _ => null,
        }, label);
    }

    /// <summary>
    /// Gets Matthews' correlation of the right and the predicted class (Gorodkin 2004 for more than two classes), -1 to 1; 0 if either is constant.
    /// </summary>
    public static TaskMetric Matthews { get; } = new("matthews", "Matthews correlation", "classes", sample => (sample as ClassSample)?.Matthews);

    /// <summary>Gets Pearson's correlation of the right and the predicted score, -1 to 1; NaN if either is constant.</summary>
    public static TaskMetric Pearson { get; } = new("pearson", "Pearson correlation", "scores", sample => (sample as ScoreSample)?.Pearson);

    /// <summary>
    /// Gets Spearman's correlation, -1 to 1. This is Pearson's correlation of the ranks, where equal values share their mean rank. NaN if either
    /// column is constant.
    /// </summary>
    public static TaskMetric Spearman { get; } = new("spearman", "Spearman correlation", "scores", sample => (sample as ScoreSample)?.Spearman);

    /// <summary>Gets the root of the mean squared error, in the unit of the scores.</summary>
    public static TaskMetric Rmse { get; } = new("rmse", "Root mean squared error", "scores", sample => (sample as ScoreSample)?.Rmse) { HigherIsBetter = false };

    /// <summary>Gets F1 over all pairs of an example and a class, 0 to 1. Frequent classes count more than rare ones. 0 if it is undefined.</summary>
    public static TaskMetric MicroF1 { get; } = new("micro_f1", "Micro F1", "sets of classes", sample => (sample as ClassSetSample)?.MicroF1);

    /// <summary>
    /// Gets the share of examples whose whole set of classes was predicted exactly, or whose answer equals a right one as SQuAD compares them, 0 to 1.
    /// </summary>
    public static TaskMetric ExactMatch { get; } = new("exact_match", "Exact match", "sets of classes", sample => sample switch
    {
        ClassSetSample sets => sets.ExactMatch,
        AnswerSample answers => answers.Exact,
        _ => null,
    });

    /// <summary>Gets the share of wrong decisions among all pairs of an example and a class, 0 to 1.</summary>
    public static TaskMetric HammingLoss { get; } = new("hamming_loss", "Hamming loss", "sets of classes", sample => (sample as ClassSetSample)?.HammingLoss) { HigherIsBetter = false };

    /// <summary>
    /// Gets the mean over the classes of the average precision, 0 to 1: the precision after each right example in the order of the probabilities,
    /// averaged. It does not depend on the threshold. NaN if no example has a class.
    /// </summary>
    public static TaskMetric MeanAveragePrecision { get; } = new("mean_average_precision", "Mean average precision", "sets of classes", sample => (sample as ClassSetSample)?.MeanAveragePrecision);

    /// <summary>
    /// Gets F1 of entities, 0 to 1, as the program <c>conlleval</c> computes it: an entity is right if its words and its type are. If labels mark no
    /// entities, each word with another label than O counts as one. 0 if it is undefined.
    /// </summary>
    public static TaskMetric EntityF1 { get; } = new("entity_f1", "Entity F1", "labels of words", sample => (sample as EntitySample)?.F1);

    /// <summary>Gets the share of predicted entities that are right, 0 to 1; 0 if there are none.</summary>
    public static TaskMetric EntityPrecision { get; } = new("entity_precision", "Entity precision", "labels of words", sample => (sample as EntitySample)?.Precision);

    /// <summary>Gets the share of right entities that were predicted, 0 to 1; 0 if there are none.</summary>
    public static TaskMetric EntityRecall { get; } = new("entity_recall", "Entity recall", "labels of words", sample => (sample as EntitySample)?.Recall);

    /// <summary>Gets the share of words whose label was predicted correctly, 0 to 1.</summary>
    public static TaskMetric TokenAccuracy { get; } = new("token_accuracy", "Token accuracy", "labels of words", sample => (sample as EntitySample)?.Accuracy);

    /// <summary>
    /// Gets the mean F1 of the words of the answers, 0 to 1, as the official evaluation of SQuAD computes it. A question without an answer counts 1 if it
    /// got none, otherwise 0.
    /// </summary>
    public static TaskMetric AnswerF1 { get; } = new("answer_f1", "Answer F1", "answers", sample => (sample as AnswerSample)?.F1);

    /// <summary>Gets <see cref="AnswerF1"/> of the questions that have an answer (HasAns_f1 of SQuAD 2.0); NaN if there are none.</summary>
    public static TaskMetric HasAnswerF1 { get; } = new("has_answer_f1", "Answer F1 of questions with an answer", "answers", sample => (sample as AnswerSample)?.HasAnswerF1);

    /// <summary>Gets <see cref="ExactMatch"/> of the questions that have an answer (HasAns_exact of SQuAD 2.0); NaN if there are none.</summary>
    public static TaskMetric HasAnswerExactMatch { get; } = new("has_answer_exact_match", "Exact match of questions with an answer", "answers", sample => (sample as AnswerSample)?.HasAnswerExact);

    /// <summary>Gets the share of questions without an answer that got none (NoAns_exact and NoAns_f1 of SQuAD 2.0); NaN if there are no such questions.</summary>
    public static TaskMetric NoAnswerAccuracy { get; } = new("no_answer_accuracy", "Accuracy of questions without an answer", "answers", sample => (sample as AnswerSample)?.NoAnswer);

    /// <summary>Gets all metrics except those of a single class.</summary>
    public static IReadOnlyList<TaskMetric> All { get; } = [Accuracy, MacroF1, F1, Matthews, Pearson, Spearman, Rmse, MicroF1, ExactMatch, HammingLoss, MeanAveragePrecision,
        EntityF1, EntityPrecision, EntityRecall, TokenAccuracy, AnswerF1, HasAnswerF1, HasAnswerExactMatch, NoAnswerAccuracy];

    /// <summary>Returns the metric with the given name.</summary>
    /// <param name="name">The name, such as <c>accuracy</c> or <c>f1:LABEL</c>.</param>
    /// <exception cref="ArgumentException">There is no such metric. The message suggests the nearest name.</exception>
    public static TaskMetric ByName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.StartsWith(ClassF1, StringComparison.Ordinal))
            return F1Of(name[ClassF1.Length..]);
        return All.FirstOrDefault(metric => metric.Name == name)
            ?? throw new ArgumentException($"unknown metric '{name}'{NearestName.Suggestion(name, All.Select(metric => metric.Name))}", nameof(name));
    }

    /// <summary>
    /// Returns the class that the metric describes; null for a metric of all classes. <see cref="F1"/> of two classes describes the second one.
    /// </summary>
    /// <param name="labels">The task's classes, in their order.</param>
    internal string? ClassAmong(IReadOnlyList<string> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        return _class ?? (ReferenceEquals(this, F1) && labels.Count == 2 ? labels[1] : null);
    }

    /// <summary>
    /// Returns the name with the class that the metric describes, such as "f1 of 'yes'". F1 of more than two classes is "f1 (macro)".
    /// </summary>
    /// <inheritdoc cref="ClassAmong" path="/param"/>
    internal string NameAmong(IReadOnlyList<string> labels) => Among(labels, Name, "f1");

    /// <summary>
    /// Returns the title with the class that the metric describes, such as "F1 of 'yes'". F1 of more than two classes is "F1 (macro)".
    /// </summary>
    /// <inheritdoc cref="ClassAmong" path="/param"/>
    internal string TitleAmong(IReadOnlyList<string> labels) => Among(labels, Title, "F1");

    /// <summary>Computes the metric; NaN if a correlation is undefined.</summary>
    /// <param name="outcomes">The predictions with the right answers.</param>
    /// <exception cref="ArgumentException">The metric measures something else than what the model predicts.</exception>
    public double Of(TaskOutcomes outcomes)
    {
        ArgumentNullException.ThrowIfNull(outcomes);
        return Of(OutcomeSample.Whole(outcomes));
    }

    /// <inheritdoc cref="Of(TaskOutcomes)"/>
    internal double Of(OutcomeSample sample) => _value(sample)
        ?? throw new ArgumentException($"{Name} is a metric of {_of}, and the model predicts {sample.Kind}", nameof(sample));

    private string Among(IReadOnlyList<string> labels, string plain, string f1)
    {
        if (ClassAmong(labels) is { } label)
            return $"{f1} of '{label}'";
        return ReferenceEquals(this, F1) ? $"{f1} (macro)" : plain;
    }

    /// <summary>Returns <see cref="Name"/>.</summary>
    public override string ToString() => Name;
}
