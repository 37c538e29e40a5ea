using System.Text.Json;
using Foreword.Settings;

namespace Foreword.Generation.Constraints.Json;

/// <summary>The keywords of JSON Schema that are supported.</summary>
internal static class SchemaKeywords
{
    private static readonly string[] Annotations = ["title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$schema", "$id", "$comment", "$defs", "definitions"];

    /// <summary>The keywords of each type. A keyword without its type says that values of other types may be anything.</summary>
    private static readonly Dictionary<string, string[]> OfType = new()
    {
        ["object"] = ["properties", "required", "additionalProperties"],
        ["array"] = ["items", "minItems", "maxItems"],
        ["string"] = ["pattern", "format", "minLength", "maxLength"],
        ["number"] = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
        ["integer"] = [],
        ["boolean"] = [],
        ["null"] = [],
    };

    private static readonly string[] Other = ["type", "enum", "const", "anyOf", "$ref"];

    private static readonly string[] All = [.. Annotations, .. Other, .. OfType.Values.SelectMany(names => names)];

    /// <summary>Gets the names of the types.</summary>
    public static IReadOnlyCollection<string> Types => OfType.Keys;

    /// <summary>Checks that a schema has no keyword that is not supported.</summary>
    /// <exception cref="ArgumentException">It has one. The message names it and the path.</exception>
    public static void Check(JsonElement schema, string path)
    {
        HashSet<string> names = [];
        foreach (JsonProperty keyword in schema.EnumerateObject())
        {
            if (!All.Contains(keyword.Name))
                throw new ArgumentException($"{path} has the keyword '{keyword.Name}', which is not supported{NearestName.Suggestion(keyword.Name, All)}; supported are {string.Join(", ", All.Except(Annotations))}");
            if (!names.Add(keyword.Name))
                throw new ArgumentException($"{path} has the keyword '{keyword.Name}' twice");
        }
    }

    /// <summary>Checks that a keyword that defines the value alone stands without others.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="path">The path of the schema.</param>
    /// <param name="keyword">The keyword.</param>
    /// <param name="allowed">Other keywords that may be there. Annotations are always allowed.</param>
    public static void CheckAlone(JsonElement schema, string path, string keyword, params string[] allowed)
    {
        foreach (JsonProperty other in schema.EnumerateObject())
        {
            if (other.Name != keyword && !Annotations.Contains(other.Name) && !allowed.Contains(other.Name))
                throw new ArgumentException($"{path} has '{keyword}' and '{other.Name}'; they cannot be combined");
        }
    }

    /// <summary>
    /// Returns the types that a schema names. Without <c>type</c>, they are those to which its keywords belong. An empty list stands for any value.
    /// </summary>
    public static string[] TypesOf(JsonElement schema, string path)
    {
        if (!schema.TryGetProperty("type", out JsonElement type))
            return [.. OfType.Where(entry => entry.Value.Any(name => schema.TryGetProperty(name, out _))).Select(entry => entry.Key)];
        JsonElement[] names = type.ValueKind == JsonValueKind.Array ? [.. type.EnumerateArray()] : [type];
        string[] types = [.. names.Select(name => name.ValueKind == JsonValueKind.String ? name.GetString()! : name.GetRawText()).Distinct()];
        string? wrong = types.FirstOrDefault(name => !OfType.ContainsKey(name));
        if (wrong is not null || types.Length == 0)
            throw new ArgumentException($"{path}/type is {type.GetRawText()}; the types are {string.Join(", ", OfType.Keys)}");
        return types;
    }
}
