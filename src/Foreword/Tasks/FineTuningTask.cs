using Foreword.Settings;
using Foreword.Tasks.Kinds;
using Foreword.Tasks.Metrics;

namespace Foreword.Tasks;

/// <summary>The kind of output that the head is trained to produce.</summary>
public enum TargetKind
{
    /// <summary>One of several classes. The head has one output for each class, with a softmax over them. The loss is cross entropy.</summary>
    Classes,

    /// <summary>
    /// A number. The head has one output, and the loss is the squared error. Labels are standardized with the mean and the standard deviation of the
    /// training set.
    /// </summary>
    Score,

    /// <summary>
    /// A number in a small range, predicted as a softmax over the whole numbers of the range. The mean of that distribution is the prediction.
    /// openai/finetune-transformer-lm uses this form for STS-B, after Tai et al. 2015, section 4.2.
    /// </summary>
    SoftLabels,

    /// <summary>One of the example's own answers. Each answer gets one score, with a softmax over the scores. The loss is cross entropy.</summary>
    Choice,

    /// <summary>
    /// Any number of the classes, also none. The head has one output for each class, with a sigmoid. The loss is the mean binary cross entropy over
    /// the classes.
    /// </summary>
    ClassSet,

    /// <summary>
    /// One class for each word of the text. The head has one output for each class, with a softmax over them, at the last token of each word. The loss
    /// is the mean cross entropy over the words.
    /// </summary>
    WordClasses,

    /// <summary>
    /// A part of a text. The head has two outputs at each token of the text, for the first and for the last token of the part, each with a softmax over
    /// the tokens. The loss is the mean of the two cross entropies.
    /// </summary>
    Span,
}

/// <summary>
/// The ways in which the head's input is made from the hidden states of an example's sequences. Except for <see cref="Places"/>, these are the states at
/// their extract tokens (GPT-1 paper, section 3.3).
/// </summary>
public enum HeadInput
{
    /// <summary>The example has one sequence, or several windows of a long text. The head reads the state of each; the outputs are the means.</summary>
    One,

    /// <summary>The example has several sequences. The head reads the sum of their states.</summary>
    Sum,

    /// <summary>The example has several sequences. The head scores each state separately.</summary>
    Each,

    /// <summary>The head reads the states at the places that the sequences name, see <see cref="TaskSequences.Places"/>. Each place has its own outputs.</summary>
    Places,
}

/// <summary>
/// A kind of fine-tuning task. It defines how an example becomes token sequences, what the head reads and which metrics are computed (GPT-1 paper,
/// sections 3.2 and 3.3). A new kind is one class. <see cref="Register"/> adds it.
/// </summary>
public abstract class FineTuningTask
{
    private static readonly Registry<FineTuningTask> Registered = new("fine-tuning task", task => [task.Kind],
        [new ClassificationTask(), new EntailmentTask(), new SimilarityTask(), new MultipleChoiceTask(), new RegressionTask(), new MultiLabelTask(), new TokenLabelsTask(), new SpanTask()]);

    /// <summary>Gets all kinds of tasks.</summary>
    public static IReadOnlyList<FineTuningTask> All => Registered.All;

    /// <summary>Adds a kind of the program's own after the others.</summary>
    /// <param name="task">The kind of task.</param>
    /// <exception cref="ArgumentException">Another kind has the same name, or the name contains an underscore (see <see cref="OfKind"/>).</exception>
    public static void Register(FineTuningTask task)
    {
        ArgumentNullException.ThrowIfNull(task);
        if (task.Kind.Contains('_', StringComparison.Ordinal))
            throw new ArgumentException($"the fine-tuning task '{task.Kind}' has an underscore in its name; use a hyphen", nameof(task));
        Registered.Add(task);
    }

    /// <summary>Gets the name of the kind, as used in recipes and on the command line.</summary>
    public abstract string Kind { get; }

    /// <summary>Gets the columns of an example except its label, in the order in which an example supplies them.</summary>
    public abstract IReadOnlyList<TaskColumn> Columns { get; }

    /// <summary>Gets the kinds of output that the head may be trained to produce; see <see cref="DefaultTarget"/>.</summary>
    public abstract IReadOnlyList<TargetKind> Targets { get; }

    /// <summary>Gets what the head reads.</summary>
    public virtual HeadInput HeadInput => HeadInput.One;

    /// <summary>
    /// Gets whether a text that is longer than the context can be read in windows (<c>task.stride</c>). <see cref="Transform"/> then returns a sequence
    /// for each window, see <see cref="TaskEncoder.Read"/>.
    /// </summary>
    public virtual bool ReadsWindows => false;

    /// <summary>Returns the kind of output to train if none is requested.</summary>
    /// <param name="labels">The distinct labels of the training set.</param>
    public virtual TargetKind DefaultTarget(IReadOnlyCollection<string> labels) => Targets[0];

    /// <summary>Creates the token sequences of an example.</summary>
    /// <param name="example">An example with the texts and choices that the task reads.</param>
    /// <param name="encoder">Builds the token sequences.</param>
    /// <returns>The sequences, each with at most <see cref="TaskEncoder.ContextLength"/> tokens.</returns>
    public abstract TaskSequences Transform(TaskExample example, TaskEncoder encoder);

    /// <summary>Checks that an example has the texts and choices that the task reads.</summary>
    /// <exception cref="ArgumentException">
    /// The number of texts differs, a required text is null, the task reads no choices but the example has some, or the task reads choices but the
    /// example has fewer than 2.
    /// </exception>
    internal void Check(TaskExample example)
    {
        TaskColumn[] texts = [.. Columns.Where(column => !column.IsMany)];
        if (example.Texts.Count != texts.Length)
            throw new ArgumentException($"{example.MessagePrefix}{Kind} reads {texts.Length} {(texts.Length == 1 ? "text" : "texts")} ({string.Join(", ", texts.Select(column => column.Role))}); {example.Texts.Count} were given", nameof(example));
        if (texts.Where((column, i) => example.Texts[i] is null && !column.IsOptional).FirstOrDefault() is { } missing)
            throw new ArgumentException($"{example.MessagePrefix}{Kind} needs a {missing.Role}, but it is null", nameof(example));
        if (Columns.Any(column => column.IsMany) ? example.Choices.Count < 2 : example.Choices.Count > 0)
            throw new ArgumentException($"{example.MessagePrefix}{Kind} reads {(texts.Length == Columns.Count ? "no choices" : "at least 2 choices")}; {example.Choices.Count} were given", nameof(example));
    }

    /// <summary>Creates an example of a task that reads only texts.</summary>
    /// <exception cref="ArgumentException">The task also reads choices.</exception>
    internal TaskExample Example(string[] texts) => Columns.Any(column => column.IsMany)
        ? throw new ArgumentException($"{Kind} also needs choices; pass a {nameof(TaskExample)}", nameof(texts))
        : new TaskExample(texts, []);

    /// <summary>Returns the metrics of the task. The first one selects the best checkpoint by default.</summary>
    /// <param name="target">The kind of output that the head produces.</param>
    public abstract IReadOnlyList<TaskMetric> Metrics(TargetKind target);

    /// <summary>
    /// Returns the task with the given name. An underscore in the name counts as a hyphen, so <c>multiple_choice</c> is <c>multiple-choice</c>.
    /// </summary>
    /// <param name="kind">The name of the kind.</param>
    /// <exception cref="ArgumentException">No task has this name. The message suggests the nearest name.</exception>
    public static FineTuningTask OfKind(string kind)
    {
        ArgumentNullException.ThrowIfNull(kind);
        return All.FirstOrDefault(task => task.Kind == kind.Replace('_', '-'))
            ?? throw new ArgumentException($"unknown task '{kind}'; expected {string.Join(" | ", All.Select(task => task.Kind))}{NearestName.Suggestion(kind, All.Select(task => task.Kind))}", nameof(kind));
    }
}

/// <summary>A column that a task reads.</summary>
/// <param name="Role">The column's role, which is also its default name in the header of a file.</param>
/// <param name="IsOptional">Whether the column is read only if it is assigned explicitly, as in <c>question=ask</c>.</param>
/// <param name="IsMany">Whether the role takes several columns, or one column that holds a list.</param>
/// <param name="IsWords">Whether a list in the column is the words of one text, which are joined with a space between.</param>
public sealed record TaskColumn(string Role, bool IsOptional = false, bool IsMany = false, bool IsWords = false);

/// <summary>The token sequences of one example.</summary>
/// <param name="Sequences">
/// One sequence, two sequences or one for each choice. Each sequence ends with the extract token if the model has task tokens.
/// </param>
/// <param name="IsTruncated">Whether tokens of the text were removed to fit the context length.</param>
public sealed record TaskSequences(IReadOnlyList<int[]> Sequences, bool IsTruncated)
{
    /// <summary>Gets the places of each sequence that the head reads, in ascending order; null if it reads the last token's state.</summary>
    public IReadOnlyList<IReadOnlyList<TaskPlace>>? Places { get; init; }

    /// <summary>Gets the text whose characters the places answer for; null if they answer for words, or if there are no places.</summary>
    public string? Text { get; init; }
}

/// <summary>A token whose state the head reads, and the part of the text that it answers for.</summary>
/// <param name="Position">The index of the token in its sequence.</param>
/// <param name="Start">The index of the first word or character of the part.</param>
/// <param name="End">The index after its last word or character.</param>
public readonly record struct TaskPlace(int Position, int Start, int End);
