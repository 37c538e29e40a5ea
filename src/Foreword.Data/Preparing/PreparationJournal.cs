using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Foreword.IO;
using Foreword.Tokenization;

namespace Foreword.Data.Preparing;

/// <summary>
/// <c>journal.json</c> of a preparation under way: how far its files reach on disk. Written when a shard is complete, so that a
/// preparation that was killed goes on from there instead of from the beginning.
/// </summary>
/// <param name="Request">Hash of everything that decides the result; another request begins anew.</param>
/// <param name="Pieces">Pieces of text written.</param>
/// <param name="Train">The training split.</param>
/// <param name="Validation">The held-out split, where there is one.</param>
internal sealed record PreparationJournal(string Request, long Pieces, SplitProgress Train, SplitProgress? Validation)
{
    private const string FileName = "journal.json";

    /// <summary>The hash of a request: tokenizer, options, and the files with length and time of writing.</summary>
    public static string RequestOf(Tokenizer tokenizer, PreparationOptions options, IReadOnlyList<string> inputs, IReadOnlyList<string> files)
    {
        StringBuilder request = new($"{tokenizer.Fingerprint} {TextOf(options)}\n");
        foreach (string input in inputs)
            request.Append(input).Append('\n');
        foreach (FileInfo file in files.Select(path => new FileInfo(path)))
            request.Append($"{file.FullName} {file.Length} {file.LastWriteTimeUtc.Ticks}\n");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(request.ToString())));
    }

    /// <summary>Returns the options as text. Options that were added later stand at the end, and only where they are set: preparations begun before go on.</summary>
    private static string TextOf(PreparationOptions options)
    {
        PreparationOptions earlier = options with { Threads = 1, AllowSpecial = false, Reading = new() };
        string text = earlier.ToString().Replace($"AllowSpecial = {earlier.AllowSpecial}, Reading = {earlier.Reading}, ", "", StringComparison.Ordinal);
        if (options.AllowSpecial)
            text += " AllowSpecial";
        return options.Reading.ToString() == earlier.Reading.ToString() ? text : $"{text} {options.Reading}";
    }

    /// <summary>The journal of a directory; null where there is none of this request, or it cannot be read.</summary>
    public static PreparationJournal? Load(string directory, string request)
    {
        string path = Path.Combine(directory, FileName);
        try
        {
            PreparationJournal? journal = File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), JournalJson.Default.PreparationJournal) : null;
            return journal?.Request == request ? journal : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Replaces the directory's journal, once the disk has it.</summary>
    public void Save(string directory) =>
        DurableFile.Replace(Path.Combine(directory, FileName), stream => JsonSerializer.Serialize(stream, this, JournalJson.Default.PreparationJournal));

    /// <summary>Removes the journal of a finished preparation.</summary>
    public static void Delete(string directory) => File.Delete(Path.Combine(directory, FileName));
}

[JsonSerializable(typeof(PreparationJournal))]
internal sealed partial class JournalJson : JsonSerializerContext;
