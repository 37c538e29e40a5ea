using System.Text.Encodings.Web;
using System.Text.Json;

namespace Foreword.IO;

/// <summary>Options for JSON that people read, too: characters beyond ASCII are written as they are.</summary>
internal static class ReadableJson
{
    /// <summary>Gets the options for an object on one line.</summary>
    public static JsonWriterOptions Line { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Gets the options for an object with a line for each field.</summary>
    public static JsonWriterOptions Indented { get; } = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
