using System.Text.Json;
using System.Text.Json.Nodes;

namespace Foreword.IO;

/// <summary>
/// Reads JSON files. A malformed file causes an <see cref="InvalidDataException"/> whose message is one sentence with the file, and the line or the
/// field where it is known. Byte order marks are skipped, and Git LFS pointers are refused.
/// </summary>
internal static class JsonFile
{
    /// <summary>Returns the file's bytes without a byte order mark.</summary>
    public static ReadOnlySpan<byte> WithoutMark(byte[] file) => file.AsSpan().StartsWith("\uFEFF"u8) ? file.AsSpan(3) : file;

    /// <summary>Returns the line, counted from 1, of a position in the file.</summary>
    public static int LineOf(ReadOnlySpan<byte> file, long at) => 1 + file[..(int)at].Count((byte)'\n');

    /// <summary>Creates the exception for text that is not JSON. Its message names the file, the line and the parser's reason.</summary>
    public static InvalidDataException Broken(string path, JsonException problem) => new($"{Place(path, problem)}: not valid JSON: {Reason(problem)}", problem);

    /// <summary>
    /// Returns the reason of an exception as one line without the final period. The reason of a parser has no path and no position. It may quote several
    /// lines of the file.
    /// </summary>
    public static string Reason(Exception problem) =>
        (problem is JsonException ? problem.Message.Split(" Path:")[0].Split(" LineNumber:")[0] : problem.Message).TrimEnd('.').ReplaceLineEndings(" ");

    /// <summary>Returns the file of an exception, with the line if the exception has one.</summary>
    public static string Place(string path, Exception problem) => problem is JsonException { LineNumber: { } line } ? $"{path}:{line + 1}" : path;

    /// <summary>Parses a file.</summary>
    /// <exception cref="InvalidDataException">The file is not JSON, or is a Git LFS pointer.</exception>
    public static JsonDocument Parse(string path)
    {
        ReadOnlyMemory<byte> file = Bytes(path);
        try
        {
            return JsonDocument.Parse(file);
        }
        catch (JsonException problem)
        {
            throw Broken(path, problem);
        }
    }

    /// <summary>Parses a text that may be malformed. Returns null and the problem if it is not JSON.</summary>
    /// <param name="json">The text.</param>
    /// <param name="problem">The problem, or null.</param>
    /// <param name="allowsRepeatedKeys">Whether an object may repeat a key. The last one counts.</param>
    public static JsonDocument? TryParse(ReadOnlyMemory<byte> json, out JsonException? problem, bool allowsRepeatedKeys = true)
    {
        problem = null;
        try
        {
            return JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = allowsRepeatedKeys });
        }
        catch (JsonException thrown)
        {
            problem = thrown;
            return null;
        }
    }

    /// <summary>Reads a file of a model, which must not repeat a key, and passes its root element to <paramref name="read"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kind">The required kind of the root element: object or array.</param>
    /// <param name="read">Converts the root element.</param>
    /// <returns>The result of <paramref name="read"/>.</returns>
    /// <exception cref="InvalidDataException">
    /// The file is not well-formed JSON, has a duplicate key, has another kind of root element, or is a Git LFS pointer. <paramref name="read"/> can
    /// also throw it.
    /// </exception>
    public static T Read<T>(string path, JsonValueKind kind, Func<JsonElement, T> read)
    {
        ReadOnlyMemory<byte> file = Bytes(path);
        try
        {
            using JsonDocument document = JsonDocument.Parse(file, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return document.RootElement.ValueKind == kind
                ? read(document.RootElement)
                : throw new InvalidDataException($"{path}: not a JSON {(kind == JsonValueKind.Object ? "object" : "array")}");
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException) // InvalidOperationException: text with a lone surrogate
        {
            throw new InvalidDataException($"{Place(path, problem)}: not well-formed JSON ({Reason(problem)})", problem);
        }
    }

    /// <summary>Reads a file of data whose root is an object, and passes the object to <paramref name="read"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="form">The expected format, for the error message.</param>
    /// <param name="read">Converts the object. It reads fields with <see cref="JsonFields"/>, and does not return before it has read all of them.</param>
    /// <exception cref="InvalidDataException">The file is not JSON, or does not have the expected format.</exception>
    public static T Read<T>(string path, string form, Func<JsonObject, T> read)
    {
        ReadOnlyMemory<byte> file = Bytes(path);
        try
        {
            return read(JsonNode.Parse(file.Span).Object());
        }
        catch (Exception problem) when (problem is JsonException or FormatException or InvalidOperationException) // InvalidOperationException: text with a lone surrogate
        {
            throw new InvalidDataException($"{Place(path, problem)}: expected {form} ({Reason(problem)})", problem);
        }
    }

    /// <summary>Reads a file that the serializer wrote.</summary>
    /// <param name="path">The file.</param>
    /// <param name="read">Calls the serializer with the file's bytes.</param>
    /// <exception cref="InvalidDataException">The file is not JSON, is null, or does not have the form of <typeparamref name="T"/>.</exception>
    public static T Deserialize<T>(string path, Func<ReadOnlySpan<byte>, T?> read) where T : class
    {
        ReadOnlyMemory<byte> file = Bytes(path);
        try
        {
            return read(file.Span) ?? throw new InvalidDataException($"{path}: null where an object belongs");
        }
        catch (JsonException problem)
        {
            throw new InvalidDataException($"{Place(path, problem)}: {(problem.Path is null or "$" ? "" : $"{problem.Path}: ")}{Reason(problem)}", problem);
        }
    }

    private static ReadOnlyMemory<byte> Bytes(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        GitLfsPointer.Refuse(path, file);
        return file.AsMemory(file.Length - WithoutMark(file).Length);
    }
}
