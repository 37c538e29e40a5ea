using System.Text.Json;
using Foreword.IO;

namespace Foreword.Weights;

/// <summary>The small JSON files beside weights.</summary>
internal static class WeightsJson
{
    /// <summary>What <paramref name="read"/> makes of the file's object; a byte order mark is passed over.</summary>
    /// <exception cref="InvalidDataException">The file is not well-formed JSON, has a key twice, or <paramref name="read"/> says so.</exception>
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
        catch (Exception problem) when (problem is JsonException or InvalidOperationException) // the latter: text with a lone surrogate
        {
            throw new InvalidDataException($"{path}: not well-formed JSON ({problem.Message})", problem);
        }
    }
}
