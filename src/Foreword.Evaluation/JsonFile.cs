using System.Text.Json;
using System.Text.Json.Nodes;

namespace Foreword.Evaluation;

/// <summary>Benchmarks that were published as one JSON document.</summary>
internal static class JsonFile
{
    /// <summary>What a parser makes of the file's object.</summary>
    /// <param name="path">The file.</param>
    /// <param name="form">What it should hold, for the message.</param>
    /// <param name="parse">Picks out the items; whatever it misses is an error of the file.</param>
    /// <exception cref="InvalidDataException">The file is no JSON, or not of this form.</exception>
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

    /// <summary>The text of a field.</summary>
    /// <exception cref="KeyNotFoundException">There is no such field.</exception>
    public static string Text(this JsonNode node, string field) => (string?)node[field] ?? throw new KeyNotFoundException($"there is no '{field}'");

    /// <summary>The elements of a field.</summary>
    /// <exception cref="KeyNotFoundException">There is no such field.</exception>
    public static IEnumerable<JsonNode> Elements(this JsonNode node, string field) => node[field]?.AsArray().Select(element => element!) ?? throw new KeyNotFoundException($"there is no '{field}'");
}
