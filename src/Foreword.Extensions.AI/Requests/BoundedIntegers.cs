using System.Text.Json.Nodes;

namespace Foreword.Extensions.AI.Requests;

/// <summary>
/// Gives the integers of a schema the bounds of <see cref="int"/> if it states none. A schema that was made from a type does not say how large its numbers
/// can be, and a longer number could not be read into that type.
/// </summary>
internal static class BoundedIntegers
{
    /// <summary>Keywords that restrict a number.</summary>
    private static readonly string[] _restrictions = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "enum", "const"];

    /// <summary>Keywords whose values are data, not schemas.</summary>
    private static readonly string[] _data = ["enum", "const", "default", "examples"];

    /// <summary>Returns a schema with bounds for its integers.</summary>
    /// <param name="schema">The schema as JSON.</param>
    public static string Add(string schema)
    {
        JsonNode? root = JsonNode.Parse(schema);
        Visit(root);
        return root?.ToJsonString() ?? schema;
    }

    private static void Visit(JsonNode? node)
    {
        if (node is JsonArray list)
        {
            foreach (JsonNode? item in list)
                Visit(item);
        }
        else if (node is JsonObject schema)
        {
            foreach ((string keyword, JsonNode? value) in schema)
            {
                if (!_data.Contains(keyword))
                    Visit(value);
            }

            if (IsInteger(schema["type"]) && !_restrictions.Any(schema.ContainsKey))
                (schema["minimum"], schema["maximum"]) = (int.MinValue, int.MaxValue);
        }
    }

    private static bool IsInteger(JsonNode? type) => type switch
    {
        JsonArray types => types.Any(IsInteger),
        JsonValue value => value.TryGetValue(out string? name) && name == "integer",
        _ => false, // a property with the name type
    };
}
