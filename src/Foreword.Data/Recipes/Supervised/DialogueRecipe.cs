using Foreword.Data.Decoding;
using Foreword.Data.Dialogues;
using Foreword.Settings;

namespace Foreword.Data.Recipes.Supervised;

/// <summary>A recipe that trains a language model on dialogues. It learns to answer, and the result is a model for <c>chat</c> and <c>serve</c>.</summary>
public sealed record DialogueRecipe : ISupervisedRecipe
{
    /// <summary>The value of <c>task.kind</c>.</summary>
    public const string Kind = "dialogue";

    /// <inheritdoc/>
    public BaseModelSection Model { get; init; } = new();

    /// <summary>Gets what is learned.</summary>
    public DialogueSection Task { get; init; } = new();

    /// <summary>Gets the dialogues.</summary>
    public DialogueDataSection Data { get; init; } = new();

    /// <inheritdoc/>
    public SupervisedConfig Train { get; init; } = new();

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        problems.AddSection(Model);
        problems.AddSection(Task);
        problems.AddSection(Data);
        problems.AddSection(Train);
        return problems;
    }
}

/// <summary>The tokens whose prediction counts in the loss.</summary>
public enum LossOn
{
    /// <summary>The answers of the assistant, with what ends them.</summary>
    Assistant,

    /// <summary>Every token except the first, as in GPT2-chitchat.</summary>
    All,
}

/// <summary>The <c>task</c> section of a recipe that trains on dialogues.</summary>
public sealed record DialogueSection : IRecipe
{
    /// <summary>Gets the kind of task, which is <c>dialogue</c>.</summary>
    [AlsoCalled("task", "type", "name")]
    public string Kind { get; init; } = DialogueRecipe.Kind;

    /// <summary>Gets the tokens whose prediction counts in the loss.</summary>
    [AlsoCalled("train_on", "loss")]
    public LossOn LossOn { get; init; } = LossOn.Assistant;

    /// <summary>
    /// Gets how messages become text: <c>chitchat</c>, <c>chatml</c>, <c>plain</c>, or a file (.yaml). Null means the template of the model's directory;
    /// without one, <c>chitchat</c> for BERT's tokens and <c>chatml</c> otherwise.
    /// </summary>
    [AlsoCalled("chat_template")]
    public string? Template { get; init; }

    /// <summary>
    /// Gets whether dialogues are read from their end. Such a model gives the probability of the history after an answer, with which
    /// <c>chat --mmi</c> chooses among answers.
    /// </summary>
    [AlsoCalled("reversed", "mmi")]
    public bool Reverse { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        if (Kind != DialogueRecipe.Kind)
            problems.Add(nameof(Kind), $"is '{Kind}'; expected {DialogueRecipe.Kind}");
        CheckTemplate(problems, Template);
        return problems;
    }

    /// <summary>Checks the name of a template.</summary>
    internal static void CheckTemplate(RecipeProblems problems, string? template)
    {
        if (template is not null && string.IsNullOrWhiteSpace(template))
            problems.Add(nameof(Template), "is empty; expected chitchat | chatml | plain, a file, or no such key");
    }
}

/// <summary>The <c>data</c> section of a recipe that trains on dialogues or on pairs of answers.</summary>
public sealed record DialogueDataSection : IRecipe
{
    /// <summary>Gets the directory that relative paths are relative to.</summary>
    [AlsoCalled("dir", "path", "root")]
    public string Directory { get; init; } = "";

    /// <summary>Gets the training files.</summary>
    [AlsoCalled("train_file", "train_files", "files", "train_path")]
    public IReadOnlyList<string> Train { get; init; } = [];

    /// <summary>Gets the files that select the best epoch; empty means a share of the training dialogues.</summary>
    [AlsoCalled("dev", "valid", "val", "validation_file", "eval")]
    public IReadOnlyList<string> Validation { get; init; } = [];

    /// <summary>Gets the share of the training dialogues or pairs that is held out if there are no validation files, above 0 and below 1.</summary>
    [AlsoCalled("validation_split", "val_split")]
    public double ValidationShare { get; init; } = 0.05;

    /// <summary>Gets the layout of the files of dialogues; null decides by their names.</summary>
    [AlsoCalled("format")]
    public DialogueLayout? Layout { get; init; }

    /// <summary>Gets the encoding of the files, such as <c>gb18030</c>; null means UTF-8.</summary>
    public string? Encoding { get; init; }

    /// <summary>Gets the maximum number of training dialogues or pairs, from the first on; null reads all.</summary>
    [AlsoCalled("max_samples", "max_examples")]
    public int? Limit { get; init; }

    /// <summary>Gets the encoding; null for UTF-8.</summary>
    internal TextEncoding? TextEncoding => Encoding is null ? null : Decoding.TextEncoding.Find(Encoding);

    /// <summary>Returns the section without the names of the files, which may move between two parts of a run.</summary>
    internal DialogueDataSection WithoutPlaces() => this with { Directory = "", Train = [], Validation = [] };

    /// <summary>Returns the paths of files.</summary>
    internal IReadOnlyList<string> Paths(IReadOnlyList<string> files) => [.. files.Select(file => Path.Combine(Directory, file))];

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        if (Train.Count == 0)
            problems.Add(nameof(Train), "is missing; name files to learn from");
        problems.Above(0, ValidationShare);
        problems.Within(0, 1, ValidationShare);
        if (Limit is { } limit)
            problems.AtLeast(1, limit, nameof(Limit));
        if (Encoding is not null && DataSection.WhyNotEncoding(Encoding) is { } reason)
            problems.Add(nameof(Encoding), $"is '{Encoding}': {reason}");

        return problems;
    }
}
