using Foreword.Settings;
using Foreword.Tasks.Metrics;

namespace Foreword.Tasks;

/// <summary>What the head is trained to give.</summary>
public enum TargetKind
{
    /// <summary>One of several classes: a softmax over as many outputs, cross entropy.</summary>
    Classes,

    /// <summary>A number: one output, squared error, the labels standardised by the training set's mean and deviation.</summary>
    Score,

    /// <summary>A number of a small range as a softmax over its whole steps, whose mean is the number (openai/finetune-transformer-lm's form of STS-B, after Tai et al. 2015, section 4.2).</summary>
    SoftLabels,

    /// <summary>One of an example's own answers: one score each, softmax over them, cross entropy.</summary>
    Choice,
}

/// <summary>How the hidden states at the extract tokens of an example's sequences become the head's input (GPT-1 paper, section 3.3).</summary>
public enum HeadInput
{
    /// <summary>One sequence, its state.</summary>
    One,

    /// <summary>Several sequences, the sum of their states.</summary>
    Sum,

    /// <summary>Several sequences, each state scored by itself.</summary>
    Each,
}

/// <summary>
/// A kind of fine-tuning task: how an example becomes token sequences, what the head reads, and what is measured
/// (GPT-1 paper, sections 3.2 and 3.3). A kind is one class and one line of <see cref="All"/>.
/// </summary>
public abstract class FineTuningTask
{
    /// <summary>Every kind.</summary>
    public static IReadOnlyList<FineTuningTask> All { get; } =
        [new ClassificationTask(), new EntailmentTask(), new SimilarityTask(), new MultipleChoiceTask(), new RegressionTask()];

    /// <summary>The name in recipes and on the command line.</summary>
    public abstract string Kind { get; }

    /// <summary>The columns of an example without its label, in the order in which they are given.</summary>
    public abstract IReadOnlyList<TaskColumn> Columns { get; }

    /// <summary>What the head may be trained to give; see <see cref="DefaultTarget"/>.</summary>
    public abstract IReadOnlyList<TargetKind> Targets { get; }

    /// <summary>What the head reads.</summary>
    public virtual HeadInput HeadInput => HeadInput.One;

    /// <summary>What the head is trained to give where nobody says it.</summary>
    /// <param name="labels">The distinct labels of the training set.</param>
    public virtual TargetKind DefaultTarget(IReadOnlyCollection<string> labels) => Targets[0];

    /// <summary>The token sequences of an example, each within <see cref="TaskEncoder.ContextLength"/> tokens.</summary>
    public abstract TaskSequences Transform(TaskExample example, TaskEncoder encoder);

    /// <summary>Checks that an example has what the task reads.</summary>
    /// <exception cref="ArgumentException">It has another number of texts, lacks one, or has choices where none are read or fewer than two where they are.</exception>
    internal void Check(TaskExample example)
    {
        TaskColumn[] texts = [.. Columns.Where(column => !column.IsMany)];
        if (example.Texts.Count != texts.Length)
            throw new ArgumentException($"{example.MessagePrefix}{Kind} reads {texts.Length} texts ({string.Join(", ", texts.Select(column => column.Role))}); {example.Texts.Count} were given");
        if (texts.Where((column, i) => example.Texts[i] is null && !column.IsOptional).FirstOrDefault() is { } missing)
            throw new ArgumentException($"{example.MessagePrefix}{Kind} reads a {missing.Role}; it is null");
        if (Columns.Any(column => column.IsMany) ? example.Choices.Count < 2 : example.Choices.Count > 0)
            throw new ArgumentException($"{example.MessagePrefix}{Kind} reads {(texts.Length == Columns.Count ? "no choices" : "at least 2 choices")}; {example.Choices.Count} were given");
    }

    /// <summary>An example of a task that reads texts alone.</summary>
    /// <exception cref="ArgumentException">The task reads choices, too.</exception>
    internal TaskExample Example(string[] texts) => Columns.Any(column => column.IsMany)
        ? throw new ArgumentException($"{Kind} reads choices, too; give a {nameof(TaskExample)}")
        : new TaskExample(texts, []);

    /// <summary>What is measured; the first chooses the best checkpoint.</summary>
    public abstract IReadOnlyList<TaskMetric> Metrics(TargetKind target);

    /// <summary>The kind of that name; <c>multiple_choice</c> is <c>multiple-choice</c>.</summary>
    /// <exception cref="ArgumentException">There is none; the message names the nearest.</exception>
    public static FineTuningTask OfKind(string kind)
    {
        ArgumentNullException.ThrowIfNull(kind);
        return All.FirstOrDefault(task => task.Kind == kind.Replace('_', '-'))
            ?? throw new ArgumentException($"unknown task '{kind}'; expected {string.Join(" | ", All.Select(task => task.Kind))}{NearestName.Suggestion(kind, All.Select(task => task.Kind))}");
    }
}

/// <summary>A column that a task reads.</summary>
/// <param name="Role">Its name, which is also the default name in a file's header.</param>
/// <param name="IsOptional">Read only where it is given by its role: <c>question=ask</c>.</param>
/// <param name="IsMany">Takes several columns, or one that holds a list.</param>
public sealed record TaskColumn(string Role, bool IsOptional = false, bool IsMany = false);

/// <summary>The token sequences of one example.</summary>
/// <param name="Sequences">One, two or as many as there are choices; each ends with the extract token.</param>
/// <param name="IsTruncated">Whether tokens of the text were left out to fit the context.</param>
public sealed record TaskSequences(IReadOnlyList<int[]> Sequences, bool IsTruncated);
