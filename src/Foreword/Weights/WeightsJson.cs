using System.Text.Json;
using Foreword.IO;

namespace Foreword.Weights;

/// <summary>Reads the small JSON files that are stored with weights.</summary>
internal static class WeightsJson
{
    /// <summary>Reads a JSON file and passes its root element to <paramref name="read"/>. A byte order mark is skipped.</summary>
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
        byte[] file = File.ReadAllBytes(path);
        GitLfsPointer.Refuse(path, file);
        int start = file.Length - JsonFile.WithoutMark(file).Length;
        try
        {
            using JsonDocument document = JsonDocument.Parse(file.AsMemory(start), new JsonDocumentOptions { AllowDuplicateProperties = false });
            return document.RootElement.ValueKind == kind
                ? read(document.RootElement)
                : throw new InvalidDataException($"{path}: not a JSON {(kind == JsonValueKind.Object ? "object" : "array")}");
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException) // InvalidOperationException: text with a lone surrogate
        {
            throw new InvalidDataException($"{path}: not well-formed JSON ({problem.Message})", problem);
        }
    }
}
