using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Foreword.Cli.Output;

/// <summary>Writes JSON to stdout.</summary>
internal static class JsonOutput
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes one object on its own line.</summary>
    public static void WriteLine(Terminal terminal, Action<Utf8JsonWriter> writeFields)
    {
        ArrayBufferWriter<byte> line = new();
        using (Utf8JsonWriter writer = new(line, Options))
        {
            writer.WriteStartObject();
            writeFields(writer);
            writer.WriteEndObject();
        }

        line.Write("\n"u8);
        terminal.OutBytes.Write(line.WrittenSpan);
        terminal.OutBytes.Flush();
    }
}
