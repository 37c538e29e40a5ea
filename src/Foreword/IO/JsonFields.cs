using System.Text.Json.Nodes;

namespace Foreword.IO;

/// <summary>Reads the fields of data whose form is not certain. A value that is missing or of another kind causes a <see cref="FormatException"/>.</summary>
internal static class JsonFields
{
    /// <summary>Returns a value that is an object.</summary>
    /// <exception cref="FormatException">It is null or another kind of value.</exception>
    public static JsonObject Object(this JsonNode? node) => node as JsonObject ?? throw new FormatException("an object is expected");

    /// <summary>Returns a field that is an object.</summary>
    /// <exception cref="FormatException">The field does not exist or is another kind of value.</exception>
    public static JsonObject Object(this JsonNode? node, string field) => node.Field(field) as JsonObject ?? throw new FormatException($"'{field}' is not an object");

    /// <summary>Returns the elements of a field that is an array.</summary>
    /// <exception cref="FormatException">The field does not exist or is another kind of value.</exception>
    public static JsonArray Elements(this JsonNode? node, string field) => node.Field(field) as JsonArray ?? throw new FormatException($"'{field}' is not an array");

    /// <summary>Returns the elements of a value that is an array.</summary>
    /// <exception cref="FormatException">It is null or another kind of value.</exception>
    public static JsonArray Elements(this JsonNode? node) => node as JsonArray ?? throw new FormatException("an array is expected");

    /// <summary>Returns the text of a field.</summary>
    /// <exception cref="FormatException">The field does not exist or is another kind of value.</exception>
    public static string Text(this JsonNode? node, string field) => node.Field(field).Value<string>($"'{field}' is not a text");

    /// <summary>Returns a value that is a text.</summary>
    /// <exception cref="FormatException">It is null or another kind of value.</exception>
    public static string Text(this JsonNode? node) => node.Value<string>("a text is expected");

    /// <summary>Returns a value of the type <typeparamref name="T"/>.</summary>
    /// <exception cref="FormatException">It is null or another kind of value; <paramref name="problem"/> is the message.</exception>
    public static T Value<T>(this JsonNode? node, string problem) => node is JsonValue value && value.TryGetValue(out T? found) ? found : throw new FormatException(problem);

    /// <summary>Returns a field that is not null.</summary>
    /// <exception cref="FormatException">The field does not exist or is null.</exception>
    public static JsonNode Field(this JsonNode? node, string field) => node.Object()[field] ?? throw new FormatException($"there is no '{field}'");
}
