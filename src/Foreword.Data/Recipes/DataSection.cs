using System.Globalization;
using Foreword.Data.Decoding;
using Foreword.Data.Preparing;
using Foreword.Data.Reading;
using Foreword.Settings;

namespace Foreword.Data.Recipes;

/// <summary>
/// The <c>data</c> section of a pre-training recipe: shards that <c>foreword prepare</c> wrote, or text that is prepared when the run begins.
/// Relative paths are relative to the current directory, not to the recipe.
/// </summary>
public sealed record DataSection : IRecipe
{
    /// <summary>The smallest vocabulary of a byte-level tokenizer: 256 bytes and end-of-text.</summary>
    private const int SmallestVocabulary = 257;

    private static readonly DataSection Defaults = new();

    /// <summary>Gets the directory of token shards with their manifest. Set either this or <see cref="Text"/>.</summary>
    [AlsoCalled("dataset", "data_dir")]
    public string? Shards { get; init; }

    /// <summary>Gets the text files, or directories of text files. Set either these or <see cref="Shards"/>.</summary>
    [AlsoCalled("files", "input", "inputs", "corpus", "path")]
    public IReadOnlyList<string> Text { get; init; } = [];

    /// <summary>
    /// Gets a tokenizer directory, or a model or run that has a tokenizer. With text, it encodes the text. With shards, null means the tokenizer that
    /// the manifest names.
    /// </summary>
    public string? Tokenizer { get; init; }

    /// <summary>
    /// Gets the vocabulary size of the byte-level BPE that is trained on the text, 257 or more. Used with text and without a tokenizer.
    /// </summary>
    public int? VocabSize { get; init; }

    /// <summary>Gets the share of documents that is held out for validation: 0, or from 0.0001 to 0.5. Used with text.</summary>
    [AlsoCalled("validation_split", "val_split", "validation_share")]
    public double Validation { get; init; } = 0.01;

    /// <summary>
    /// Gets the number of neighboring documents that are held out together, 1 or more. Use more than 1 if neighbors repeat each other. Used with
    /// text.
    /// </summary>
    public int ValidationRun { get; init; } = 1;

    /// <summary>Gets what a document is and how it becomes tokens; null means text. Used with text.</summary>
    public CorpusLayout? Layout { get; init; }

    /// <summary>
    /// Gets how the messages of dialogues become text: <c>chitchat</c>, <c>chatml</c>, <c>plain</c>, or a file (.yaml). Null means the template in the
    /// tokenizer's directory; without one, <c>chitchat</c> for BERT's tokens and <c>chatml</c> otherwise. Used with a layout of dialogues.
    /// </summary>
    [AlsoCalled("chat_template")]
    public string? Template { get; init; }

    /// <summary>
    /// Gets the largest number of tokens of a dialogue, 2 or more. Longer dialogues lose their oldest messages. Null keeps all. Used with a layout of
    /// dialogues.
    /// </summary>
    [AlsoCalled("max_dialogue_tokens")]
    public int? DialogueTokens { get; init; }

    /// <summary>Gets the field of a JSONL line that holds its text. Used with text.</summary>
    public string TextField { get; init; } = "text";

    /// <summary>
    /// Gets whether the text of a special token in a document, such as <c>&lt;|endoftext|&gt;</c>, becomes that token. The default is false: it is
    /// ordinary text. Used with text.
    /// </summary>
    public bool AllowSpecial { get; init; }

    /// <summary>Gets the part of a text file that is one document. Used with text.</summary>
    [AlsoCalled("sample_by", "documents")]
    public DocumentUnit Document { get; init; } = DocumentUnit.File;

    /// <summary>Gets the encoding of files without a byte order mark, such as gb18030; null means UTF-8. Used with text.</summary>
    public string? Encoding { get; init; }

    /// <summary>Gets the patterns of the files to read in directories; empty means all known kinds of files. Used with text.</summary>
    public IReadOnlyList<string> Include { get; init; } = [];

    /// <summary>Gets the patterns of the files to skip in directories. Used with text.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>Returns the options for reading the text.</summary>
    /// <exception cref="ArgumentException">The encoding is unknown.</exception>
    public DocumentOptions Reading() => new()
    {
        TextField = TextField,
        Document = Document,
        Encoding = Encoding is null ? null : TextEncoding.Find(Encoding),
        Include = Include,
        Exclude = Exclude,
    };

    /// <summary>
    /// Returns the section of a saved recipe without the keys that earlier versions accepted next to <see cref="Shards"/> and did not use.
    /// </summary>
    internal DataSection WithoutUnusedKeys() => string.IsNullOrEmpty(Shards) ? this
        : this with { Validation = Defaults.Validation, ValidationRun = Defaults.ValidationRun, TextField = Defaults.TextField };

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        bool hasShards = !string.IsNullOrEmpty(Shards);
        if (hasShards == Text.Count > 0)
            problems.Add(nameof(Shards), hasShards
                ? "and data.text are both given; only one of them can define the tokens (an empty data.text removes the text)"
                : "and data.text are both missing; set a directory of token shards or a list of text files");
        if (Text.Any(string.IsNullOrWhiteSpace))
            problems.Add(nameof(Text), "has an empty path");
        if (hasShards && AllowSpecial)
            problems.Add(nameof(AllowSpecial), "is true; shards already contain tokens (this key is only for data.text)");
        if (hasShards && VocabSize is not null)
            problems.Add(nameof(VocabSize), $"is {VocabSize}; shards already have a vocabulary (this key is only for data.text)");
        (string Key, bool IsGiven)[] forText =
        [
            (nameof(Validation), Validation != Defaults.Validation), (nameof(ValidationRun), ValidationRun != Defaults.ValidationRun), (nameof(TextField), TextField != Defaults.TextField),
            (nameof(Document), Document != Defaults.Document), (nameof(Encoding), Encoding is not null), (nameof(Include), Include.Count > 0), (nameof(Exclude), Exclude.Count > 0),
            (nameof(Layout), Layout is not null),
        ];
        foreach ((string key, bool isGiven) in forText)
        {
            if (hasShards && isGiven)
                problems.Add(key, "is given; shards already contain tokens (this key is only for data.text)");
        }

        bool isDialogue = Layout is { } layout && layout.HoldsDialogues();
        if (Template is not null && !isDialogue)
            problems.Add(nameof(Template), "is given; only the messages of dialogues have a template (data.layout: chitchat or messages)");
        if (DialogueTokens is { } most && !isDialogue)
            problems.Add(nameof(DialogueTokens), $"is {most}; only dialogues can be shortened (data.layout: chitchat or messages)");
        else if (DialogueTokens is { } least)
            problems.AtLeast(2, least, nameof(DialogueTokens));
        if (isDialogue && AllowSpecial)
            problems.Add(nameof(AllowSpecial), "is true; in dialogues, only the template has special tokens");
        if (Text.Count > 0 && VocabSize is null == string.IsNullOrEmpty(Tokenizer))
            problems.Add(nameof(Tokenizer), VocabSize is null
                ? "and data.vocab_size are both missing; set a tokenizer directory, or the size of a vocabulary to train on the text"
                : "and data.vocab_size are both given; a tokenizer already has a vocabulary");
        if (VocabSize is { } size)
            problems.AtLeast(SmallestVocabulary, size, nameof(VocabSize));
        if (!ValidationSplit.IsShare(Validation))
            problems.Add(nameof(Validation), string.Create(CultureInfo.InvariantCulture, $"is {Validation}; it must be {ValidationSplit.Shares}"));
        problems.AtLeast(1, ValidationRun);
        if (string.IsNullOrEmpty(TextField))
            problems.Add(nameof(TextField), "is empty; expected the name of a field");
        if (Encoding is not null && WhyNotEncoding(Encoding) is { } reason)
            problems.Add(nameof(Encoding), $"is '{Encoding}': {reason}");
        if (Include.Any(string.IsNullOrWhiteSpace))
            problems.Add(nameof(Include), "has an empty pattern");
        if (Exclude.Any(string.IsNullOrWhiteSpace))
            problems.Add(nameof(Exclude), "has an empty pattern");
        return problems;
    }

    /// <summary>Returns why there is no encoding of a name; null if there is one.</summary>
    internal static string? WhyNotEncoding(string name)
    {
        try
        {
            _ = TextEncoding.Find(name);
            return null;
        }
        catch (ArgumentException problem)
        {
            return ArgumentSentence.Of(problem);
        }
    }
}
