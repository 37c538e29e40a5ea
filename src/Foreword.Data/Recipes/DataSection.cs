using Foreword.Data.Decoding;
using Foreword.Data.Reading;
using Foreword.Settings;

namespace Foreword.Data.Recipes;

/// <summary>
/// The <c>data</c> section: shards that <c>foreword prepare</c> wrote, or text that is prepared when the run begins.
/// Relative paths count from the current directory, not from the recipe.
/// </summary>
public sealed record DataSection : IRecipe
{
    /// <summary>The smallest byte-level vocabulary: 256 bytes and end-of-text.</summary>
    private const int SmallestVocabulary = 257;

    /// <summary>A directory of token shards with their manifest; either this or <see cref="Text"/>.</summary>
    [AlsoCalled("dataset", "data_dir")]
    public string? Shards { get; init; }

    /// <summary>Text files or directories of them; either these or <see cref="Shards"/>.</summary>
    [AlsoCalled("files", "input", "inputs", "corpus", "path")]
    public IReadOnlyList<string> Text { get; init; } = [];

    /// <summary>A tokenizer directory, or a model or run that has a tokenizer: with text, what encodes it; with shards, absent means the one the manifest names.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>With text and no tokenizer: the size of the byte-level BPE that is trained on the text, at least 257.</summary>
    public int? VocabSize { get; init; }

    /// <summary>With text: the share of documents held out for validation, 0 to below 1.</summary>
    [AlsoCalled("validation_split", "val_split", "validation_share")]
    public double Validation { get; init; } = 0.01;

    /// <summary>With text: neighbouring documents that are held out together, at least 1; more where neighbours repeat each other.</summary>
    public int ValidationRun { get; init; } = 1;

    /// <summary>With text: the field of a JSONL line that holds its text.</summary>
    public string TextField { get; init; } = "text";

    /// <summary>With text: whether the text of a special token in a document, such as <c>&lt;|endoftext|&gt;</c>, is that token; plain text unless set.</summary>
    public bool AllowSpecial { get; init; }

    /// <summary>With text: what of a text file is one document.</summary>
    [AlsoCalled("sample_by", "documents")]
    public DocumentUnit Document { get; init; } = DocumentUnit.File;

    /// <summary>With text: the encoding of files without a byte order mark, such as gb18030; UTF-8 unless given.</summary>
    public string? Encoding { get; init; }

    /// <summary>With text: patterns of the files to read in directories; all known kinds unless given.</summary>
    public IReadOnlyList<string> Include { get; init; } = [];

    /// <summary>With text: patterns of the files to leave out in directories.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>Returns how the text is read.</summary>
    /// <exception cref="ArgumentException">The encoding is unknown.</exception>
    public DocumentOptions Reading() => new()
    {
        TextField = TextField,
        Document = Document,
        Encoding = Encoding is null ? null : TextEncoding.Find(Encoding),
        Include = Include,
        Exclude = Exclude,
    };

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        bool hasShards = !string.IsNullOrEmpty(Shards);
        if (hasShards == Text.Count > 0)
            problems.Add(nameof(Shards), hasShards
                ? "and data.text are both given; only one can say where the tokens come from (--set data.text= takes the text out)"
                : "and data.text are both missing; give a directory of shards that `foreword prepare` wrote, or a list of text files");
        if (Text.Any(string.IsNullOrWhiteSpace))
            problems.Add(nameof(Text), "has an empty path");
        if (hasShards && AllowSpecial)
            problems.Add(nameof(AllowSpecial), "is true; shards have their tokens already (it is only for data.text)");
        if (hasShards && VocabSize is not null)
            problems.Add(nameof(VocabSize), $"is {VocabSize}; shards have their vocabulary already (it is only for data.text)");
        foreach ((string key, bool isGiven) in ((string, bool)[])[(nameof(Document), Document != DocumentUnit.File), (nameof(Encoding), Encoding is not null), (nameof(Include), Include.Count > 0), (nameof(Exclude), Exclude.Count > 0)])
        {
            if (hasShards && isGiven)
                problems.Add(key, "is given; shards have their tokens already (it is only for data.text)");
        }

        if (Text.Count > 0 && VocabSize is null == string.IsNullOrEmpty(Tokenizer))
            problems.Add(nameof(Tokenizer), VocabSize is null
                ? "and data.vocab_size are both missing; give a tokenizer directory, or the size of a vocabulary to train on the text"
                : "and data.vocab_size are both given; a tokenizer has its vocabulary already");
        if (VocabSize is { } size)
            problems.AtLeast(SmallestVocabulary, size, nameof(VocabSize));
        problems.Within(0, 1, Validation);
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

    private static string? WhyNotEncoding(string name)
    {
        try
        {
            _ = TextEncoding.Find(name);
            return null;
        }
        catch (ArgumentException problem)
        {
            return problem.Message;
        }
    }
}
