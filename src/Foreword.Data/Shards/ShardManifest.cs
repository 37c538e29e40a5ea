using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Foreword.Data.Cleaning;
using Foreword.Data.Decoding;
using Foreword.Data.Reading;
using Foreword.IO;
using Foreword.Settings;
using Foreword.Tokenization;

namespace Foreword.Data.Shards;

/// <summary>
/// <c>manifest.json</c> of a prepared directory: what its shards hold and where it came from. Beside it lie the shards
/// (<c>train-00000.bin</c> ...), per split a file of document boundaries (<c>train.idx</c>: int64, little-endian, the
/// position of each document's first token in the split's stream; a binary file because a big corpus has millions),
/// and <c>tokenizer/</c>, a copy of the tokenizer. The same input gives the same bytes.
/// </summary>
public sealed record ShardManifest
{
    /// <summary>The file's name in its directory.</summary>
    public const string FileName = "manifest.json";

    /// <summary>The value of <see cref="Format"/>.</summary>
    public const string FormatName = "foreword-shards";

    /// <summary>The version this code writes and reads.</summary>
    public const int CurrentVersion = 1;

    /// <summary>Always <see cref="FormatName"/>: tells this manifest from other programs' files of the same name.</summary>
    public string Format { get; init; } = "";

    /// <summary>Version of the directory's layout.</summary>
    public int Version { get; init; }

    /// <summary>The tokenizer that made the ids.</summary>
    public required ManifestTokenizer Tokenizer { get; init; }

    /// <summary>How the validation split was chosen.</summary>
    public required ManifestValidation Validation { get; init; }

    /// <summary>The inputs as the caller named them.</summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>How documents were found in the files; null where a text file is one and is UTF-8, or in an older manifest.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ManifestReading? Reading { get; init; }

    /// <summary>The files that were read, with their hashes; null where the documents came from elsewhere, or in an older manifest.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ManifestFile>? Files { get; init; }

    /// <summary>Whether the texts of special tokens became these tokens; not written where they did not.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool AllowSpecial { get; init; }

    /// <summary>What was done to the documents before they were tokenised; null where nothing was.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ManifestCleaning? Cleaning { get; init; }

    /// <summary><c>train</c> and, unless the share was 0, <c>validation</c>.</summary>
    public required IReadOnlyDictionary<string, ManifestSplit> Splits { get; init; }

    /// <summary>Reads and checks the manifest of a prepared directory.</summary>
    /// <exception cref="FileNotFoundException">The directory has none.</exception>
    /// <exception cref="InvalidDataException">It is not JSON, not a shard manifest, of another version, or lacks a field.</exception>
    public static ShardManifest Load(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        string path = Path.Combine(directory, FileName);
        if (!File.Exists(path))
            throw new FileNotFoundException($"{directory} is no directory of token shards: it has no {FileName} (make one with: foreword prepare)", path);
        ShardManifest manifest;
        try
        {
            manifest = JsonSerializer.Deserialize(File.ReadAllBytes(path), ManifestJson.Readable.ShardManifest)
                ?? throw new JsonException("null where an object belongs");
        }
        catch (JsonException problem)
        {
            throw new InvalidDataException($"{path}: {problem.Message.TrimEnd('.')}", problem);
        }

        if (manifest.Format != FormatName)
            throw new InvalidDataException($"{path} is no manifest of token shards: \"format\" is \"{manifest.Format}\", not \"{FormatName}\"");
        if (manifest.Version != CurrentVersion)
            throw new InvalidDataException($"{path}: \"version\" is {manifest.Version}; this program reads version {CurrentVersion}");
        if (manifest.Splits.Values.Any(split => split is null || split.Shards.Contains(null)) || manifest.Files?.Contains(null) is true) // the serialiser looks at properties only
            throw new InvalidDataException($"{path}: null where a split, a shard or a file belongs");
        foreach (string file in manifest.Splits.Values.SelectMany(split => split.Files()).Append(manifest.Tokenizer.Directory))
        {
            if (file is "" or "." or ".." || file != Path.GetFileName(file))
                throw new InvalidDataException($"{path}: \"{file}\" is not the name of a file in the same directory");
        }

        return manifest;
    }

    /// <summary>Writes <c>manifest.json</c> into <paramref name="directory"/> and waits until the disk has it.</summary>
    internal void Save(string directory)
    {
        using FileStream file = new(Path.Combine(directory, FileName), FileMode.Create);
        JsonSerializer.Serialize(file, this, ManifestJson.Readable.ShardManifest);
        file.WriteByte((byte)'\n');
        file.Flush(flushToDisk: true);
    }
}

/// <summary>The tokenizer of a prepared directory.</summary>
public sealed record ManifestTokenizer
{
    /// <summary><see cref="Tokenizer.Fingerprint"/>.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Number of ids.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>The id that follows every document, or null where the tokenizer has none and documents follow each other bare.</summary>
    public required int? EndOfText { get; init; }

    /// <summary>The copy of the tokenizer's files, relative to the manifest.</summary>
    public required string Directory { get; init; }
}

/// <summary>How the validation split was chosen.</summary>
public sealed record ManifestValidation
{
    /// <summary>The share that was asked for.</summary>
    public required double Share { get; init; }

    /// <summary>The seed that chose the documents.</summary>
    public required long Seed { get; init; }

    /// <summary>Neighbouring documents that were to be held out together.</summary>
    public int Run { get; init; } = 1;

    /// <summary>What was divided: <c>documents</c>, <c>text</c> (the end of the only document) or <c>nothing</c>.</summary>
    public required string Divides { get; init; }
}

/// <summary>One split of a prepared directory.</summary>
public sealed record ManifestSplit
{
    /// <summary>Number of tokens, the end-of-text tokens among them.</summary>
    public required long Tokens { get; init; }

    /// <summary>Number of documents.</summary>
    public required long Documents { get; init; }

    /// <summary>UTF-8 bytes of the documents' text.</summary>
    public required long TextBytes { get; init; }

    /// <summary>The file of document boundaries.</summary>
    public required string DocumentStarts { get; init; }

    /// <summary>SHA-256 of the file of document boundaries, in lower-case hexadecimal; null in an older manifest.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? DocumentStartsSha256 { get; init; }

    /// <summary>The shards in order; a document may reach from one into the next.</summary>
    public required IReadOnlyList<ManifestShard> Shards { get; init; }

    /// <summary>UTF-8 bytes of text that a token stands for on average.</summary>
    [JsonIgnore]
    public double BytesPerToken => Tokens == 0 ? 0 : (double)TextBytes / Tokens;

    /// <summary>Every file of the split.</summary>
    internal IEnumerable<string> Files() => Shards.Select(shard => shard.File).Append(DocumentStarts);
}

/// <summary>One shard of a split.</summary>
public sealed record ManifestShard
{
    /// <summary>The file's name.</summary>
    public required string File { get; init; }

    /// <summary>Number of tokens.</summary>
    public required long Tokens { get; init; }

    /// <summary>SHA-256 of the file, in lower-case hexadecimal; null in an older manifest.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Sha256 { get; init; }
}

/// <summary>A file that was read.</summary>
public sealed record ManifestFile
{
    /// <summary>Its path as it was found.</summary>
    public required string Path { get; init; }

    /// <summary>Its length in bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>SHA-256 of it as it lies on disk, in lower-case hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Reads the length and hash of files.</summary>
    internal static IReadOnlyList<ManifestFile> Describe(IEnumerable<string> paths, CancellationToken cancellation) => [.. paths.Select(path =>
    {
        cancellation.ThrowIfCancellationRequested();
        return new ManifestFile { Path = path, Bytes = new FileInfo(path).Length, Sha256 = FileHash.Of(path) };
    })];
}

/// <summary>How documents were found in the files: <see cref="DocumentOptions"/>.</summary>
public sealed record ManifestReading
{
    /// <summary>What of a text file is a document: <c>file</c>, <c>line</c> or <c>blank-line</c>.</summary>
    public required string Document { get; init; }

    /// <summary>The encoding of files without a byte order mark.</summary>
    public required string Encoding { get; init; }

    /// <summary>The field or column that holds the text.</summary>
    public required string TextField { get; init; }

    /// <summary>Describes the options; null where they are the defaults.</summary>
    internal static ManifestReading? Of(DocumentOptions options) => options.ToString() == new DocumentOptions().ToString() ? null : new ManifestReading
    {
        Document = RecipeKey.ChoiceOf(options.Document),
        Encoding = options.Encoding?.Name ?? TextEncoding.Utf8,
        TextField = options.TextField,
    };
}

/// <summary>What was done to the documents before they were tokenised.</summary>
public sealed record ManifestCleaning
{
    /// <summary>What was made alike: <see cref="TextNormalization"/>.</summary>
    public required string Normalization { get; init; }

    /// <summary>Characters that a document had to have.</summary>
    public required int MinCharacters { get; init; }

    /// <summary>How duplicates were found: <see cref="Deduplication"/>.</summary>
    public required string Deduplication { get; init; }

    /// <summary>Similarity from which on documents were the same, for MinHash.</summary>
    public required double DuplicateThreshold { get; init; }

    /// <summary>Documents left out because they were too short.</summary>
    public required long TooShort { get; init; }

    /// <summary>Documents left out because they repeat an earlier one.</summary>
    public required long Duplicates { get; init; }
}

[JsonSerializable(typeof(ShardManifest))]
internal sealed partial class ManifestJson : JsonSerializerContext
{
    public static ManifestJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // names in other scripts than Latin stay legible
    });
}
