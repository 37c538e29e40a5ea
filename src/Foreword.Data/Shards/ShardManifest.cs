using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Foreword.Chat;
using Foreword.Data.Cleaning;
using Foreword.Data.Decoding;
using Foreword.Data.Reading;
using Foreword.IO;
using Foreword.Settings;
using Foreword.Tokenization;

namespace Foreword.Data.Shards;

/// <summary>
/// Describes a prepared directory: the contents of its shards and their origin. It is stored as <c>manifest.json</c>. The same input produces the
/// same bytes.
/// </summary>
/// <remarks>
/// The directory also contains the shards (<c>train-00000.bin</c> ...), one file of document boundaries per split (<c>train.idx</c>) and
/// <c>tokenizer/</c>, a copy of the tokenizer. The file of boundaries stores one int64, little-endian, for each document: the position of its first
/// token in the stream of the split. It is binary because a large corpus has millions of documents.
/// </remarks>
public sealed record ShardManifest
{
    /// <summary>The name of the file in its directory.</summary>
    public const string FileName = "manifest.json";

    /// <summary>The value of <see cref="Format"/>.</summary>
    internal const string FormatName = "foreword-shards";

    /// <summary>The version that this code writes and reads.</summary>
    public const int CurrentVersion = 1;

    /// <summary>
    /// Gets the format, which is always <see cref="FormatName"/>. It distinguishes this manifest from files of other programs with the same name.
    /// </summary>
    public string Format { get; init; } = "";

    /// <summary>Gets the version of the directory's layout.</summary>
    public int Version { get; init; }

    /// <summary>Gets the tokenizer that produced the ids.</summary>
    public required ManifestTokenizer Tokenizer { get; init; }

    /// <summary>Gets how the validation split was selected.</summary>
    public required ManifestValidation Validation { get; init; }

    /// <summary>Gets the inputs as the caller named them.</summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>
    /// Gets how documents were found in the files; null if each text file is one document in UTF-8, or if the manifest is older than this property.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ManifestReading? Reading { get; init; }

    /// <summary>
    /// Gets the files that were read, with their hashes; null if the documents did not come from files, or if the manifest is older than this
    /// property.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ManifestFile>? Files { get; init; }

    /// <summary>Gets whether the texts of special tokens became these tokens. It is written only if true.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool AllowSpecial { get; init; }

    /// <summary>Gets what a document is and how it became tokens; null for texts.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ManifestLayout? Layout { get; init; }

    /// <summary>Gets how the documents were cleaned before they were tokenized; null if they were not cleaned.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ManifestCleaning? Cleaning { get; init; }

    /// <summary>Gets the splits by name: <c>train</c>, and <c>validation</c> if one was held out.</summary>
    public required IReadOnlyDictionary<string, ManifestSplit> Splits { get; init; }

    /// <summary>Reads and checks the manifest of a prepared directory.</summary>
    /// <param name="directory">The prepared directory.</param>
    /// <exception cref="FileNotFoundException">The directory has no manifest.</exception>
    /// <exception cref="InvalidDataException">The file is not JSON, is not a shard manifest, has another version or lacks a field.</exception>
    public static ShardManifest Load(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        string path = Path.Combine(directory, FileName);
        if (!File.Exists(path))
            throw new FileNotFoundException($"{directory} is not a directory of token shards: it has no {FileName}", path);
        ShardManifest manifest = JsonFile.Deserialize(path, json => JsonSerializer.Deserialize(json, ManifestJson.Readable.ShardManifest));
        if (manifest.Format != FormatName)
            throw new InvalidDataException($"{path} is not a manifest of token shards: \"format\" is \"{manifest.Format}\", not \"{FormatName}\"");
        if (manifest.Version != CurrentVersion)
            throw new InvalidDataException($"{path}: \"version\" is {manifest.Version}; only version {CurrentVersion} is supported");
        if (manifest.Splits.Values.Any(split => split is null || split.Shards.Contains(null)) || manifest.Files?.Contains(null) is true) // the serializer checks null only for properties, not for elements
            throw new InvalidDataException($"{path}: null where a split, a shard or a file belongs");
        foreach (string file in manifest.Splits.Values.SelectMany(split => split.Files()).Append(manifest.Tokenizer.Directory))
        {
            if (file is "" or "." or ".." || file != Path.GetFileName(file))
                throw new InvalidDataException($"{path}: \"{file}\" is not the name of a file in the same directory");
        }

        return manifest;
    }

    /// <summary>Writes <c>manifest.json</c> into <paramref name="directory"/> and waits until it is on disk.</summary>
    internal void Save(string directory) => DurableFile.Replace(Path.Combine(directory, FileName), file =>
    {
        JsonSerializer.Serialize(file, this, ManifestJson.Readable.ShardManifest);
        file.WriteByte((byte)'\n');
    });
}

/// <summary>The tokenizer of a prepared directory.</summary>
public sealed record ManifestTokenizer
{
    /// <summary>Gets the <see cref="Tokenizer.Fingerprint"/> of the tokenizer.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Gets the number of ids.</summary>
    [JsonPropertyName("vocabulary_size")]
    public required int VocabSize { get; init; }

    /// <summary>
    /// Gets the id that follows every document; null if the tokenizer has none and documents follow each other without a separator.
    /// </summary>
    public required int? EndOfText { get; init; }

    /// <summary>Gets the directory with the copy of the tokenizer's files, relative to the manifest.</summary>
    public required string Directory { get; init; }
}

/// <summary>Describes how the validation split was selected.</summary>
public sealed record ManifestValidation
{
    /// <summary>Gets the requested share, 0 to 0.5.</summary>
    public required double Share { get; init; }

    /// <summary>Gets the seed that selected the documents.</summary>
    public required long Seed { get; init; }

    /// <summary>Gets the requested number of neighboring documents that are held out together.</summary>
    public int Run { get; init; } = 1;

    /// <summary>Gets what was divided: <c>documents</c>, <c>text</c> (the end of the only document was held out) or <c>nothing</c>.</summary>
    public required string Divides { get; init; }
}

/// <summary>One split of a prepared directory.</summary>
public sealed record ManifestSplit
{
    /// <summary>Gets the number of tokens, including the end-of-text tokens.</summary>
    public required long Tokens { get; init; }

    /// <summary>Gets the number of documents.</summary>
    public required long Documents { get; init; }

    /// <summary>Gets the number of UTF-8 bytes in the text of the documents.</summary>
    public required long TextBytes { get; init; }

    /// <summary>Gets the number of tokens for text that the tokenizer does not know, such as <c>[UNK]</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long UnknownTokens { get; init; }

    /// <summary>Gets the name of the file of document boundaries.</summary>
    public required string DocumentStarts { get; init; }

    /// <summary>
    /// Gets the SHA-256 of the file of document boundaries, in lowercase hexadecimal; null if the manifest is older than this property.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? DocumentStartsSha256 { get; init; }

    /// <summary>Gets the shards in order. A document may continue from one shard to the next.</summary>
    public required IReadOnlyList<ManifestShard> Shards { get; init; }

    /// <summary>Gets the average number of UTF-8 bytes of text per token.</summary>
    [JsonIgnore]
    public double BytesPerToken => Tokens == 0 ? 0 : (double)TextBytes / Tokens;

    /// <summary>Returns the names of all files of the split.</summary>
    internal IEnumerable<string> Files() => Shards.Select(shard => shard.File).Append(DocumentStarts);
}

/// <summary>One shard of a split.</summary>
public sealed record ManifestShard
{
    /// <summary>Gets the name of the file.</summary>
    public required string File { get; init; }

    /// <summary>Gets the number of tokens.</summary>
    public required long Tokens { get; init; }

    /// <summary>Gets the SHA-256 of the file, in lowercase hexadecimal; null if the manifest is older than this property.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Sha256 { get; init; }
}

/// <summary>A file that was read.</summary>
public sealed record ManifestFile
{
    /// <summary>Gets the path at which the file was found.</summary>
    public required string Path { get; init; }

    /// <summary>Gets the length in bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>Gets the SHA-256 of the file's bytes on disk, in lowercase hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Reads the lengths of files and computes their hashes.</summary>
    internal static IReadOnlyList<ManifestFile> Describe(IEnumerable<string> paths, CancellationToken cancellationToken) => [.. paths.Select(path =>
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new ManifestFile { Path = path, Bytes = new FileInfo(path).Length, Sha256 = FileHash.Of(path) };
    })];
}

/// <summary>Describes how documents were found in the files, see <see cref="DocumentOptions"/>.</summary>
public sealed record ManifestReading
{
    /// <summary>Gets the part of a text file that is one document: <c>file</c>, <c>line</c> or <c>blank-line</c>.</summary>
    public required string Document { get; init; }

    /// <summary>Gets the encoding of files without a byte order mark.</summary>
    public required string Encoding { get; init; }

    /// <summary>Gets the field or column that holds the text.</summary>
    public required string TextField { get; init; }

    /// <summary>Describes the options; null if they are the defaults.</summary>
    internal static ManifestReading? Create(DocumentOptions options) => options.ToString() == new DocumentOptions().ToString() ? null : new ManifestReading
    {
        Document = RecipeKey.ChoiceOf(options.Document),
        Encoding = options.Encoding?.Name ?? TextEncoding.Utf8,
        TextField = options.TextField,
    };
}

/// <summary>Describes how the documents were cleaned before they were tokenized.</summary>
public sealed record ManifestCleaning
{
    /// <summary>Gets the name of the <see cref="TextNormalization"/> that was applied.</summary>
    public required string Normalization { get; init; }

    /// <summary>Gets the minimum number of characters of a document.</summary>
    public required int MinCharacters { get; init; }

    /// <summary>Gets the name of the <see cref="Deduplication"/> that was applied.</summary>
    public required string Deduplication { get; init; }

    /// <summary>Gets the similarity at or above which MinHash treated documents as duplicates.</summary>
    public required double DuplicateThreshold { get; init; }

    /// <summary>Gets the number of documents that were removed because they were too short.</summary>
    public required long TooShort { get; init; }

    /// <summary>Gets the number of documents that were removed because they repeat an earlier one.</summary>
    public required long Duplicates { get; init; }
}

/// <summary>Describes what a document is and how it became tokens.</summary>
public sealed record ManifestLayout
{
    /// <summary>Gets the name of the layout: <c>gpt2-chinese</c>, <c>chitchat</c> or <c>messages</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Gets how the messages of dialogues became text; null if the documents are not dialogues.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ChatTemplate? Template { get; init; }

    /// <summary>Gets the largest number of tokens of a dialogue; null if there was no limit.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? DialogueTokens { get; init; }

    /// <summary>Gets the number of dialogues that lost their oldest messages.</summary>
    public long Shortened { get; init; }

    /// <summary>Gets the number of messages that these dialogues lost.</summary>
    public long DroppedMessages { get; init; }

    /// <summary>Gets the number of dialogues whose last message alone was too long and lost its beginning.</summary>
    public long Cut { get; init; }

    /// <summary>Returns a template as one text, for a hash.</summary>
    internal static string TextOf(ChatTemplate? template) => template is null ? "" : JsonSerializer.Serialize(template, ManifestJson.Default.ChatTemplate);
}

[JsonSerializable(typeof(ShardManifest))]
internal sealed partial class ManifestJson : JsonSerializerContext
{
    public static ManifestJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // names in non-Latin scripts stay readable
    });
}
