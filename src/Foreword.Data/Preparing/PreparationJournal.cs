using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Foreword.Data.Shards;
using Foreword.IO;
using Foreword.Tokenization;

namespace Foreword.Data.Preparing;

/// <summary>
/// Records how much of an unfinished preparation is on disk. It is stored as <c>journal.json</c> whenever a shard is complete. A preparation that was
/// killed continues from there instead of from the beginning.
/// </summary>
/// <param name="Request">The hash of everything that determines the result. A different request starts from the beginning.</param>
/// <param name="Pieces">The number of chunks of text written.</param>
/// <param name="Train">The state of the training split.</param>
/// <param name="Validation">The state of the held-out split; null if there is none.</param>
internal sealed record PreparationJournal(string Request, long Pieces, SplitProgress Train, SplitProgress? Validation)
{
    private const string FileName = "journal.json";

    /// <summary>Gets what dialogues have lost so far; null if they have lost nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ShortenedDialogues? Shortened { get; init; }

    /// <summary>Computes the hash of a request: tokenizer, options, inputs, and the files with their length and time of last write.</summary>
    public static string RequestOf(Tokenizer tokenizer, PreparationOptions options, IReadOnlyList<string> inputs, IReadOnlyList<string> files)
    {
        StringBuilder request = new($"{tokenizer.Fingerprint} {TextOf(options)}\n");
        foreach (string input in inputs)
            request.Append(input).Append('\n');
        foreach (FileInfo file in files.Select(path => new FileInfo(path)))
            request.Append($"{file.FullName} {file.Length} {file.LastWriteTimeUtc.Ticks}\n");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(request.ToString())));
    }

    /// <summary>
    /// Returns the options as text. Options of later versions are added at the end, and only if they are set. Therefore preparations started by an
    /// older version can be resumed.
    /// </summary>
    private static string TextOf(PreparationOptions options)
    {
        PreparationOptions earlier = options with { Threads = 1, AllowSpecial = false, Reading = new(), Layout = CorpusLayout.Text, Template = null, DialogueTokens = null };
        string later = $"AllowSpecial = {earlier.AllowSpecial}, Reading = {earlier.Reading}, Layout = {earlier.Layout}, Template = {earlier.Template}, DialogueTokens = {earlier.DialogueTokens}, ";
        string text = earlier.ToString().Replace(later, "", StringComparison.Ordinal);
        if (options.AllowSpecial)
            text += " AllowSpecial";
        if (options.Layout != CorpusLayout.Text)
            text += $" {options.Layout} {ManifestLayout.TextOf(options.Template)} {options.DialogueTokens}";
        return options.Reading.ToString() == earlier.Reading.ToString() ? text : $"{text} {options.Reading}";
    }

    /// <summary>Reads the journal of a directory; null if there is none for this request, or it cannot be read.</summary>
    public static PreparationJournal? Load(string directory, string request)
    {
        string path = Path.Combine(directory, FileName);
        try
        {
            PreparationJournal? journal = File.Exists(path) ? JsonFile.Deserialize(path, json => JsonSerializer.Deserialize(json, JournalJson.Default.PreparationJournal)) : null;
            return journal?.Request == request ? journal : null;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>Replaces the directory's journal after the new one is on disk.</summary>
    public void Save(string directory) =>
        DurableFile.Replace(Path.Combine(directory, FileName), stream => JsonSerializer.Serialize(stream, this, JournalJson.Default.PreparationJournal));

    /// <summary>Deletes the journal of a finished preparation.</summary>
    public static void Delete(string directory) => File.Delete(Path.Combine(directory, FileName));
}

[JsonSerializable(typeof(PreparationJournal))]
internal sealed partial class JournalJson : JsonSerializerContext;
