using System.Text;
using System.Text.Json;
using Foreword.Cli.Output;
using Foreword.Data.Decoding;
using Foreword.IO;

namespace Foreword.Cli.Options;

/// <summary>Reads text from a path on the command line.</summary>
internal static class TextInput
{
    /// <summary>
    /// Reads the whole text of a file, or of standard input for <c>-</c>. A byte order mark at the start determines the encoding and is removed.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="terminal">The terminal with standard input.</param>
    /// <param name="encoding">The encoding of a text without a byte order mark; null for UTF-8.</param>
    /// <exception cref="InvalidDataException">The text is not valid in the encoding. The message names the byte.</exception>
    public static string Read(string path, Terminal terminal, TextEncoding? encoding = null)
    {
        if (path == "-")
            return Decode(terminal.In, "standard input", encoding);
        CheckIsFile(path);
        using FileStream file = File.OpenRead(path);
        return Decode(file, path, encoding);
    }

    /// <summary>
    /// Reads the text of each line of a JSON Lines file: its field <c>text</c>, or <c>text_utf16</c>, an array of UTF-16 code units. Both fields
    /// preserve lone surrogates. Blank lines are skipped.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="encoding">The encoding of a file without a byte order mark; null for UTF-8.</param>
    /// <exception cref="InvalidDataException">A line is broken or has neither field. The message names file and line.</exception>
    public static IEnumerable<string> ReadJsonLines(string path, TextEncoding? encoding = null)
    {
        CheckIsFile(path);
        using FileStream file = File.OpenRead(path);
        using Stream utf8 = TextEncoding.ToUtf8(file, path, encoding);
        // Latin-1 preserves each byte, so that the JSON parser reads, checks and reports the original bytes line by line.
        using StreamReader reader = new(utf8, Encoding.Latin1, detectEncodingFromByteOrderMarks: false);
        for (int number = 1; reader.ReadLine() is { } line; number++)
        {
            if (number == 1 && line.StartsWith("\u00EF\u00BB\u00BF", StringComparison.Ordinal))
                line = line[3..];
            if (!string.IsNullOrWhiteSpace(line))
                yield return TextOfLine(Encoding.Latin1.GetBytes(line), $"{path}:{number}");
        }
    }

    private static void CheckIsFile(string path)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException(Directory.Exists(path) ? $"{path} is a directory; expected a file" : $"{path} does not exist");
    }

    private static string Decode(Stream stream, string name, TextEncoding? encoding)
    {
        using Stream utf8 = TextEncoding.ToUtf8(stream, name, encoding);
        try
        {
            return StrictText.Read(utf8, name);
        }
        catch (InvalidDataException problem) when (problem.InnerException is DecoderFallbackException)
        {
            throw new InvalidDataException($"{problem.Message}; {TextEncoding.OtherEncodings}", problem);
        }
    }

    private static string TextOfLine(byte[] line, string place)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                throw new InvalidDataException($"{place}: not a JSON object");
            if (root.TryGetProperty("text", out JsonElement text))
                return text.ValueKind == JsonValueKind.String ? StringOf(text) : throw new InvalidDataException($"{place}: text is not a string");
            if (root.TryGetProperty("text_utf16", out JsonElement units))
                return FromUnits(units, place);
            throw new InvalidDataException($"{place}: neither text nor text_utf16");
        }
        catch (JsonException problem)
        {
            throw new InvalidDataException($"{place}: not valid JSON at byte {problem.BytePositionInLine + 1} of the line", problem);
        }
    }

    private static string FromUnits(JsonElement units, string place)
    {
        if (units.ValueKind != JsonValueKind.Array)
            throw new InvalidDataException($"{place}: text_utf16 is not an array");
        StringBuilder text = new(units.GetArrayLength());
        foreach (JsonElement unit in units.EnumerateArray())
        {
            if (unit.ValueKind != JsonValueKind.Number || !unit.TryGetUInt16(out ushort value))
                throw new InvalidDataException($"{place}: text_utf16 holds {unit.GetRawText()}, which is not a UTF-16 code unit");
            text.Append((char)value);
        }

        return text.ToString();
    }

    /// <summary>Returns a JSON string, including lone surrogates, for which the library's GetString throws.</summary>
    private static string StringOf(JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return JsonText.Unescape(value.GetRawText().AsSpan()[1..^1]);
        }
    }
}
