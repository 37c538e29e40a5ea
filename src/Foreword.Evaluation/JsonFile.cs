using System.Text.Json;
using System.Text.Json.Nodes;

namespace Foreword.Evaluation;

/// <summary>Reads benchmarks that were published as one JSON document.</summary>
internal static class JsonFile
{
    /// <summary>Parses a file and returns the items that <paramref name="parse"/> extracts from its root object.</summary>
    /// <param name="path">The file.</param>
    /// <param name="form">The expected format, for the error message.</param>
    /// <param name="parse">Extracts the items. A value that it does not find is an error of the file.</param>
    /// <exception cref="InvalidDataException">The file is not JSON, or does not have the expected format.</exception>
    public static IReadOnlyList<T> Read<T>(string path, string form, Func<JsonObject, IEnumerable<T>> parse)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            return [.. parse(JsonNode.Parse(file)!.AsObject())];
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException or NullReferenceException or FormatException or KeyNotFoundException)
        {
            throw new InvalidDataException($"{path}: expected {form} ({problem.Message.TrimEnd('.')})", problem);
        }
    }

    /// <summary>Returns the text of a field.</summary>
    /// <exception cref="KeyNotFoundException">The field does not exist.</exception>
    public static string Text(this JsonNode node, string field) => (string?)node[field] ?? throw new KeyNotFoundException($"there is no '{field}'");

    /// <summary>Returns the elements of a field that holds an array.</summary>
    /// <exception cref="KeyNotFoundException">The field does not exist.</exception>
    public static IEnumerable<JsonNode> Elements(this JsonNode node, string field) => node[field]?.AsArray().Select(element => element!) ?? throw new KeyNotFoundException($"there is no '{field}'");
}
