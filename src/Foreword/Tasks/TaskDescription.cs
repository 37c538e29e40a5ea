using System.Globalization;
using System.Text.Json.Serialization;
using Foreword.Models;
using Foreword.Settings;
using Foreword.Tasks.HuggingFace;
using Foreword.Tasks.Metrics;
using Foreword.Tasks.Targets;
using Foreword.Tokenization;
using Foreword.Weights.Catalog;

namespace Foreword.Tasks;

/// <summary>
/// Describes what a fine-tuned model answers and how. It contains everything that predictions need besides weights and tokenizer. It is stored in the
/// file <c>task.json</c> next to the weights. For a classifier of <c>transformers</c>, it is read from <c>config.json</c>.
/// </summary>
public sealed record TaskDescription
{
    /// <summary>The name of the description's file in a fine-tuned model's directory.</summary>
    public const string FileName = "task.json";

    /// <summary>The name of the head's file next to a model's weights. It holds <c>clf.weight</c> [n, C] and <c>clf.bias</c> [n].</summary>
    public const string HeadFile = "head.safetensors";

    /// <summary>The role of the label column, which is also its default name.</summary>
    public const string LabelRole = "label";

    /// <summary>The maximum number of classes that a message lists before "and N more".</summary>
    private const int MostListed = 8;

    /// <summary>Gets the kind of task, see <see cref="FineTuningTask.OfKind"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>Gets the kind of output that the head produces.</summary>
    public required TargetKind Target { get; init; }

    /// <summary>
    /// Gets the names of the classes, of the choices, or of the steps of a soft label, in the order of the outputs; empty for a score.
    /// </summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>Gets the score that an output of 0 stands for. Used only for a score.</summary>
    public double ScoreMean { get; init; }

    /// <summary>Gets the difference in score that one unit of the output stands for. Used only for a score.</summary>
    public double ScoreScale { get; init; } = 1;

    /// <summary>Gets the weight in the loss of an example of each class; empty means 1 for all. Used only for classes.</summary>
    public IReadOnlyList<double> ClassWeights { get; init; } = [];

    /// <summary>Gets the ids of start, delimiter and extract; null if the model has its own <see cref="Template"/>.</summary>
    public required TaskTokens? Tokens { get; init; }

    /// <summary>Gets the ids around the texts of a model that was not fine-tuned by Foreword; null if <see cref="Tokens"/> are used.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SequenceTemplate? Template { get; init; }

    /// <summary>Gets the maximum number of tokens in a sequence.</summary>
    public required int ContextLength { get; init; }

    /// <summary>
    /// Gets the number of tokens after which the next window of a long text begins, 1 or more; null if long texts are cut. The outputs of a text are
    /// means over its windows.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Stride { get; init; }

    /// <summary>
    /// Gets the probability above which a class of a set is predicted, 0 to 1; or the difference of scores above which a question gets no answer. Null if
    /// answers have no threshold, or if every question gets an answer.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Threshold { get; init; }

    /// <summary>Gets the columns of the training data with their roles, as in <c>text=question</c>.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>Gets whether the training data's CSV had a header row; null if this was derived from the columns.</summary>
    public bool? Header { get; init; }

    /// <summary>Gets whether quotes in the training data's CSV and TSV enclosed fields; null if this was derived from the delimiter.</summary>
    public bool? Quoting { get; init; }

    /// <summary>Gets the character that separated the fields of the training data's CSV and TSV; null if it was derived from the format.</summary>
    public string? Delimiter { get; init; }

    /// <summary>Gets the task, which defines the token sequences and the metrics.</summary>
    [JsonIgnore]
    public FineTuningTask Definition => FineTuningTask.OfKind(Kind);

    /// <summary>Gets the ids around and between the texts of a sequence.</summary>
    [JsonIgnore]
    public SequenceTemplate Around => Template ?? Tokens!.Template();

    /// <summary>Creates the encoder that builds the model's sequences.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    internal TaskEncoder EncoderWith(Tokenizer tokenizer) => new(tokenizer, Around, ContextLength) { Stride = Stride };

    /// <summary>Gets the number of outputs of the head, which is the number of rows of its weight.</summary>
    [JsonIgnore]
    public int Outputs => Definer.Outputs(this);

    /// <summary>Gets the metrics that an evaluation reports. The first one selects the best epoch by default.</summary>
    [JsonIgnore]
    internal IReadOnlyList<TaskMetric> Metrics => Definer.MetricsOf(this);

    /// <summary>Gets the definition of labels, answers and losses.</summary>
    [JsonIgnore]
    internal TaskTarget Definer => TaskTarget.Of(Target);

    /// <summary>
    /// Returns the values that the loss compares with the outputs: a distribution over classes, choices or steps, 1 for each class of a set, or the
    /// standardized number.
    /// </summary>
    /// <param name="example">An example with a label.</param>
    /// <returns>One value for a score, otherwise one for each label.</returns>
    /// <exception cref="ArgumentException">The example has no label.</exception>
    /// <exception cref="InvalidDataException">
    /// The label is not one of the task's labels, or is not a number in their range. The message names the row.
    /// </exception>
    public float[] TargetOf(TaskExample example)
    {
        ArgumentNullException.ThrowIfNull(example);
        _ = example.Label ?? throw new ArgumentException($"{example.MessagePrefix}the example has no label", nameof(example));
        return Definer.Values(this, example);
    }

    /// <summary>Returns the weight of an example in the loss.</summary>
    /// <param name="example">An example with a label.</param>
    public float WeightOf(TaskExample example)
    {
        ArgumentNullException.ThrowIfNull(example);
        return ClassWeights.Count == 0 ? 1 : (float)ClassWeights[IndexOf(example, example.Label!)];
    }

    /// <summary>Converts the head's outputs to an answer, if the head reads one state for each example or choice.</summary>
    /// <param name="outputs">The outputs [<see cref="Outputs"/>], or one score for each of the example's choices.</param>
    /// <exception cref="InvalidDataException">An output is infinite or NaN.</exception>
    /// <exception cref="ArgumentException">The task needs the example's sequences, too.</exception>
    public Prediction Answer(ReadOnlySpan<float> outputs)
    {
        ModelOutput.Check(outputs, "output for an example");
        return Definer.Answer(this, null, outputs);
    }

    /// <summary>Converts the head's outputs for an example to an answer.</summary>
    /// <param name="example">The example that the model read.</param>
    /// <param name="outputs">
    /// The outputs [<see cref="Outputs"/>], which are means over the windows of a long text. Choices have one score each. If the head reads places, there
    /// are [<see cref="Outputs"/>] for each of them.
    /// </param>
    /// <exception cref="InvalidDataException">An output is infinite or NaN.</exception>
    internal Prediction Answer(EncodedExample example, ReadOnlySpan<float> outputs)
    {
        ModelOutput.Check(outputs, "output for an example");
        return Definer.Answer(this, example.Sequences, outputs);
    }

    /// <summary>
    /// Computes the unweighted loss of an example: cross entropy in nats, the mean binary cross entropy over classes, or the squared error of the
    /// standardized number.
    /// </summary>
    /// <param name="outputs">The outputs, as for <see cref="Answer(ReadOnlySpan{float})"/>.</param>
    /// <param name="target">The target that <see cref="TargetOf"/> returns.</param>
    public double Loss(ReadOnlySpan<float> outputs, ReadOnlySpan<float> target) => Definer.Loss(this, null, outputs, target);

    /// <summary>Computes the unweighted loss of an example.</summary>
    /// <param name="example">The example with its target.</param>
    /// <param name="outputs">The outputs, as for <see cref="Answer(EncodedExample, ReadOnlySpan{float})"/>.</param>
    internal double Loss(EncodedExample example, ReadOnlySpan<float> outputs) => Definer.Loss(this, example.Sequences, outputs, example.Target);

    /// <summary>Pairs the labels of examples with the predictions, to compute metrics.</summary>
    /// <param name="examples">Examples with labels.</param>
    /// <param name="predictions">One prediction for each example, in the same order.</param>
    /// <exception cref="InvalidDataException">A label does not belong to the task.</exception>
    public TaskOutcomes Outcomes(IReadOnlyList<TaskExample> examples, IReadOnlyList<Prediction> predictions)
    {
        ArgumentNullException.ThrowIfNull(examples);
        ArgumentNullException.ThrowIfNull(predictions);
        return Definer.Outcomes(this, examples, predictions);
    }

    /// <summary>
    /// Returns whether a directory holds a fine-tuned model that answers examples. Such a model was written by <c>foreword finetune</c>, or is a
    /// classifier of <c>transformers</c>.
    /// </summary>
    /// <param name="directory">The model's directory.</param>
    public static bool IsIn(string directory) => File.Exists(Path.Combine(directory, FileName)) || HuggingFaceTask.IsIn(directory);

    /// <summary>Returns what the model in a directory was fine-tuned for.</summary>
    /// <param name="directory">The model's directory.</param>
    /// <returns>
    /// The kind of task, the class name of a <c>transformers</c> model whose answers are not supported, or null for a language model.
    /// </returns>
    /// <exception cref="InvalidDataException">A description is malformed.</exception>
    public static string? FineTunedFor(string directory) => IsIn(directory) ? Read(directory).Kind : HuggingFaceTask.OtherClass(directory);

    /// <summary>Reads the description of a fine-tuned model.</summary>
    /// <param name="directory">The model's directory.</param>
    /// <exception cref="InvalidDataException">There is no description, it is malformed, or it requires an answer that is not supported.</exception>
    public static TaskDescription Read(string directory) => TaskDescriptionFile.Read(directory);

    /// <summary>Writes the description into an existing directory.</summary>
    /// <param name="directory">The model's directory.</param>
    public void Save(string directory) => TaskDescriptionFile.Write(directory, this);

    /// <summary>
    /// Checks that the model has an embedding for each of the task's tokens, and that the tokenizer can belong to the model
    /// (see <see cref="ModelDirectory.CheckVocabulary"/>).
    /// </summary>
    /// <param name="directory">The model's directory, for messages.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="config">The model's configuration.</param>
    /// <exception cref="InvalidDataException">The model has too few embeddings, or the tokenizer cannot belong to this model.</exception>
    public void CheckVocabulary(string directory, Tokenizer tokenizer, ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (Around.HighestId >= config.VocabSize)
            throw new InvalidDataException($"{directory}: {(Template is null ? FileName : "the tokenizer")} names token {Around.HighestId}; the model's vocab_size is {config.VocabSize}");
        ModelDirectory.CheckVocabulary(directory, tokenizer, config);
    }

    internal static double Number(string label, string where) =>
        double.TryParse(label, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
            ? number
            : throw new InvalidDataException($"{where}: label '{label}' is not a number");

    /// <summary>Checks that a resumed run learns the same task as before.</summary>
    /// <param name="before">The task of the run so far.</param>
    /// <param name="directory">The directory of that task, for the message.</param>
    /// <exception cref="InvalidDataException">
    /// The kind, columns, labels, scores or the model's tokens differ. The message names the difference.
    /// </exception>
    internal void CheckSame(TaskDescription before, string directory)
    {
        string path = Path.Combine(directory, FileName);
        if (Kind != before.Kind || Target != before.Target)
            throw Changed($"the task is {Kind} by {Target}", $"{before.Kind} by {before.Target}");
        if (!Columns.SequenceEqual(before.Columns))
            throw Changed($"the columns are {string.Join(", ", Columns)}", string.Join(", ", before.Columns));
        if (!Labels.Select(TaskLabel.Canonical).SequenceEqual(before.Labels.Select(TaskLabel.Canonical))) // older runs hold labels as their file wrote them
            throw Changed($"column '{ColumnOf(LabelRole)}' has the labels {Listed(Labels)}", Listed(before.Labels));
        if ((ScoreMean, ScoreScale) != (before.ScoreMean, before.ScoreScale))
            throw Changed(string.Create(CultureInfo.InvariantCulture, $"column '{ColumnOf(LabelRole)}' has scores of mean {ScoreMean:G6}"), string.Create(CultureInfo.InvariantCulture, $"mean {before.ScoreMean:G6}"));
        if (Tokens != before.Tokens || ContextLength != before.ContextLength)
            throw Changed($"the model has {Tokens?.Start} token ids and a context of {ContextLength}", $"{before.Tokens?.Start} and {before.ContextLength}");

        InvalidDataException Changed(string now, string then) => new($"{now}; {path} says {then}. The run cannot continue with this change; use another directory");
    }

    /// <summary>Returns the index of a class or choice.</summary>
    /// <exception cref="InvalidDataException">There is no such class or choice. The message names the row.</exception>
    internal int IndexOf(TaskExample example, string label)
    {
        int place = PlaceOf(label);
        if (place >= 0)
        {
            return Target != TargetKind.Choice || place < example.Choices.Count
                ? place
                : throw new InvalidDataException($"{example.MessagePrefix}label '{label}' names choice {place + 1}, but the example has {example.Choices.Count}");
        }

        throw new InvalidDataException($"{example.MessagePrefix}label '{label}' is not one of the training labels ({Listed(Labels)}){NearestName.Suggestion(label, Labels)}");
    }

    /// <summary>Returns the name or number of the column that holds a role's values; the role itself if columns have the default names.</summary>
    internal string ColumnOf(string role) => Columns.FirstOrDefault(column => column.StartsWith(role + "=", StringComparison.Ordinal))?[(role.Length + 1)..] ?? role;

    /// <summary>
    /// Returns whether a label is the number of a named class. Data sets of <c>transformers</c> hold numbers, and config.json names them. If a name
    /// is itself a number, only names are accepted.
    /// </summary>
    private bool IsNumberOf(int index, string label) => Template is not null && Target == TargetKind.Classes
        && label == index.ToString(CultureInfo.InvariantCulture) && !Labels.Any(name => int.TryParse(name, CultureInfo.InvariantCulture, out _));

    /// <summary>Returns the index of a label among the labels, also if it is written in another form; -1 if it is not one of them.</summary>
    private int PlaceOf(string label)
    {
        string canonical = TaskLabel.Canonical(label);
        int other = -1;
        for (int i = 0; i < Labels.Count; i++)
        {
            if (Labels[i] == label)
                return i;
            if (other < 0 && (TaskLabel.Canonical(Labels[i]) == canonical || IsNumberOf(i, label)))
                other = i;
        }

        return other;
    }

    private static string Listed(IReadOnlyList<string> labels) =>
        string.Join(", ", labels.Take(MostListed)) + (labels.Count > MostListed ? $" and {labels.Count - MostListed} more" : "");
}
