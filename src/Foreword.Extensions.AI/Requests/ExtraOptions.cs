using System.Globalization;
using System.Text.Json;
using Foreword.Settings;
using Microsoft.Extensions.AI;

namespace Foreword.Extensions.AI.Requests;

/// <summary>Reads additional properties. A value may be of any type that has the same JSON, also a <see cref="JsonElement"/>.</summary>
internal sealed class ExtraOptions
{
    private readonly Dictionary<string, JsonElement> _values = new(StringComparer.Ordinal);

    /// <summary>Checks the names.</summary>
    /// <param name="properties">The properties; null for none.</param>
    /// <param name="known">The names that have a meaning.</param>
    /// <exception cref="ArgumentException">A name is unknown. The message suggests the nearest one.</exception>
    public ExtraOptions(AdditionalPropertiesDictionary? properties, params string[] known)
    {
        foreach ((string name, object? value) in properties ?? [])
        {
            if (!known.Contains(name))
                throw new ArgumentException($"AdditionalProperties has {name}, which is unknown; the names are {string.Join(", ", known)}{NearestName.Suggestion(name, known)}", nameof(properties));
            if (value is not null)
                _values[name] = value is JsonElement json ? json : JsonSerializer.SerializeToElement(value, value.GetType(), AIJsonUtilities.DefaultOptions);
        }
    }

    /// <summary>Returns a number; null if there is none.</summary>
    public double? Number(string name) => Read<double?>(name, "a number", value => value.TryGetDouble(out double number) ? number : null, JsonValueKind.Number);

    /// <summary>Returns an integer; null if there is none.</summary>
    public int? Integer(string name) => Read<int?>(name, "an integer", IntegerOf, JsonValueKind.Number);

    /// <summary>Returns a truth value; null if there is none.</summary>
    public bool? Flag(string name) => Read<bool?>(name, "true or false", value => value.GetBoolean(), JsonValueKind.True, JsonValueKind.False);

    /// <summary>Returns a text; null if there is none.</summary>
    public string? Text(string name) => Read<string>(name, "a text", value => value.GetString(), JsonValueKind.String);

    /// <summary>Returns a list of integers; null if there is none.</summary>
    public int[]? Integers(string name) => List<int?>(name, "a list of integers", item => item.ValueKind == JsonValueKind.Number ? IntegerOf(item) : null)?.Select(item => item!.Value).ToArray();

    /// <summary>Returns a list of texts; null if there is none.</summary>
    public string[]? Texts(string name) => List<string>(name, "a list of texts", item => item.ValueKind == JsonValueKind.String ? item.GetString() : null)?.Select(item => item!).ToArray();

    /// <summary>Returns numbers by token id; null if there are none.</summary>
    public Dictionary<int, double>? Biases(string name) => Read<Dictionary<int, double>>(name, "an object of token ids and numbers", value =>
    {
        Dictionary<int, double> biases = [];
        foreach (JsonProperty bias in value.EnumerateObject())
        {
            if (!int.TryParse(bias.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int id) || bias.Value.ValueKind != JsonValueKind.Number || !bias.Value.TryGetDouble(out double number))
                return null;
            biases[id] = number;
        }

        return biases;
    }, JsonValueKind.Object);

    private static int? IntegerOf(JsonElement value) => value.TryGetInt32(out int number) ? number : null;

    private T?[]? List<T>(string name, string expected, Func<JsonElement, T?> read) => Read<T?[]>(name, expected, value =>
    {
        T?[] items = [.. value.EnumerateArray().Select(read)];
        return items.Any(item => item is null) ? null : items;
    }, JsonValueKind.Array);

    private T? Read<T>(string name, string expected, Func<JsonElement, T?> read, params JsonValueKind[] kinds)
    {
        if (!_values.TryGetValue(name, out JsonElement value))
            return default;
        return kinds.Contains(value.ValueKind) && read(value) is { } found ? found : throw Wrong(name, value, expected);
    }

    private static ArgumentException Wrong(string name, JsonElement value, string expected)
    {
        string text = JsonSerializer.Serialize(value);
        return new ArgumentException($"{name} is {(text.Length > 60 ? $"{text[..60]}..." : text)}; it must be {expected}", name);
    }
}
