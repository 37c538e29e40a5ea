using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Foreword.Data.Tables;
using Foreword.IO;
using Foreword.Settings;

namespace Foreword.Data.Reading.Formats;

/// <summary>
/// Reads JSON Lines: one object per line, whose text field is one document. Blank lines and empty texts are skipped.
/// An escaped lone surrogate, which UTF-8 cannot represent, becomes U+FFFD.
/// </summary>
internal sealed class JsonLinesFormat : IDocumentFormat
{
    /// <summary>Maximum length of a line in bytes. A line is held in memory completely, and a longer one is considered an error.</summary>
    private const int LongestLine = 1 << 29;

    private static readonly JsonReaderOptions Options = new() { MaxDepth = 512 };

    public IReadOnlyList<string> Extensions { get; } = [".jsonl", ".ndjson"];

    public IEnumerable<TextChunk> Read(Stream stream, string path, string textField)
    {
        Utf8Bytes source = new(stream, path);
        byte[] buffer = new byte[1 << 16];
        int start = 0, end = 0;
        int scanned = 0; // buffer[start..scanned] contains no line break
        for (long number = 1; ; number++)
        {
            int length;
            while ((length = buffer.AsSpan(scanned, end - scanned).IndexOf((byte)'\n')) < 0)
            {
                buffer.AsSpan(start, end - start).CopyTo(buffer);
                (start, end, scanned) = (0, end - start, end - start);
                if (end == buffer.Length)
                    Array.Resize(ref buffer, GrowLine(buffer.Length, path, number));
                int count = source.Read(buffer.AsSpan(end));
                end += count;
                if (count == 0)
                    break;
            }

            if (start == end)
                yield break; // only here is it certain that nothing follows, because a line may end exactly at the end of the buffer
            int lineEnd = length < 0 ? end : scanned + length;
            if (Document(buffer.AsSpan(start, lineEnd - start), path, number, textField) is { Length: > 0 } text)
                yield return new TextChunk(text, EndsDocument: true);
            start = scanned = Math.Min(lineEnd + 1, end);
        }
    }

    private static int GrowLine(int length, string path, long number) => length < LongestLine
        ? 2 * length
        : throw new InvalidDataException($"{path}:{number}: the line is longer than {LongestLine >> 20} MiB");

    /// <summary>Returns the text of one line; null for a blank line.</summary>
    private static string? Document(ReadOnlySpan<byte> line, string path, long number, string textField)
    {
        if (line.TrimEnd(" \t\r"u8).IsEmpty)
            return null;
        if (!Utf8.IsValid(line))
            throw new InvalidDataException($"{path}:{number}: the line is not UTF-8");
        try
        {
            return TextOf(line, path, number, textField);
        }
        catch (JsonException problem)
        {
            throw new InvalidDataException($"{path}:{number}: broken JSON at byte {problem.BytePositionInLine + 1} of the line: {JsonFile.Reason(problem)}", problem);
        }
    }

    private static string TextOf(ReadOnlySpan<byte> line, string path, long number, string textField)
    {
        Utf8JsonReader reader = new(line, Options);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new InvalidDataException($"{path}:{number}: the line holds {NameOf(reader.TokenType)}, not an object");
        string? text = null;
        List<string> others = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            string name = Unescape(ref reader);
            reader.Read();
            if (name != textField)
                others.Add(name);
            else if (reader.TokenType != JsonTokenType.String)
                throw new InvalidDataException($"{path}:{number}: field \"{textField}\" is {NameOf(reader.TokenType)}, not a string");
            else
                text = Unescape(ref reader);
            reader.Skip();
        }

        reader.Read(); // throws if anything follows the object
        return text ?? throw MissingColumnException.Of($"{path}:{number}: no field \"{textField}\"{NearestName.Suggestion(textField, others)}");
    }

    private static string NameOf(JsonTokenType type) => type switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.Number => "a number",
        JsonTokenType.String => "a string",
        JsonTokenType.Null => "null",
        _ => "true or false",
    };

    /// <summary>Returns the string at the reader's position. The library's own GetString throws on a lone surrogate.</summary>
    private static string Unescape(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
            return Encoding.UTF8.GetString(reader.ValueSpan);
        return JsonText.Repair(JsonText.Unescape(Encoding.UTF8.GetString(reader.ValueSpan)));
    }
}
