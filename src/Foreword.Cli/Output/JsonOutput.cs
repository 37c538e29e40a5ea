using System.Buffers;
using System.Text.Json;
using Foreword.IO;

namespace Foreword.Cli.Output;

/// <summary>Writes JSON to stdout.</summary>
internal static class JsonOutput
{
    /// <summary>Writes one object on its own line.</summary>
    public static void WriteLine(Terminal terminal, Action<Utf8JsonWriter> writeFields)
    {
        ArrayBufferWriter<byte> line = new();
        using (Utf8JsonWriter writer = new(line, ReadableJson.Line))
        {
            writer.WriteStartObject();
            writeFields(writer);
            writer.WriteEndObject();
        }

        line.Write("\n"u8);
        terminal.OutBytes.Write(line.WrittenSpan);
        terminal.OutBytes.Flush();
    }

    /// <summary>Writes the fields <c>ids</c> and <c>tokens</c>.</summary>
    /// <param name="writer">Is within an object.</param>
    /// <param name="ids">The token ids.</param>
    /// <param name="text">Returns the text of a token.</param>
    public static void WriteTokens(Utf8JsonWriter writer, IReadOnlyList<int> ids, Func<int, string> text)
    {
        writer.WriteStartArray("ids");
        foreach (int id in ids)
            writer.WriteNumberValue(id);
        writer.WriteEndArray();
        writer.WriteStartArray("tokens");
        foreach (int id in ids)
            writer.WriteStringValue(text(id));
        writer.WriteEndArray();
    }
}
