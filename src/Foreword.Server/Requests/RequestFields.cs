using System.Globalization;
using System.Text.Json;
using Foreword.Settings;

namespace Foreword.Server.Requests;

/// <summary>Reads the fields of a JSON object. Each problem names the field and the value, and a field that nothing reads is refused.</summary>
internal sealed class RequestFields
{
    private readonly JsonElement _object;
    private readonly string _path;
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    /// <summary>Starts to read an object.</summary>
    /// <param name="value">The JSON value.</param>
    /// <param name="path">The place of the object in the request, such as <c>messages[0]</c>; empty for the body.</param>
    /// <exception cref="ApiException">The value is no object, or it has a field twice.</exception>
    public RequestFields(JsonElement value, string path = "")
    {
        (_object, _path) = (value, path);
        if (value.ValueKind != JsonValueKind.Object)
            throw new ApiException(400, $"{(path.Length == 0 ? "the body" : path)} is {Describe(value)}; it must be a JSON object", path.Length == 0 ? null : path);
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (JsonProperty property in value.EnumerateObject())
        {
            if (!names.Add(NameOf(property, path)))
                throw new ApiException(400, $"{ShortName(property.Name)} is given twice", ShortName(property.Name));
        }
    }

    /// <summary>Returns the full name of a field.</summary>
    public string Name(string field) => _path.Length == 0 ? field : $"{_path}.{field}";

    /// <summary>Returns the value of a field; null if it is missing or null.</summary>
    public JsonElement? Value(string field)
    {
        _known.Add(field);
        return _object.TryGetProperty(field, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    /// <summary>Returns a whole number; null if the field is missing.</summary>
    public long? Integer(string field, long least, long most)
    {
        if (Value(field) is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.Number || !IsWhole(value, out long number))
            throw Problem(field, value, "a whole number");
        return number >= least && number <= most ? number : throw Problem(field, value, string.Create(CultureInfo.InvariantCulture, $"from {least} to {most}"));
    }

    /// <summary>Returns a number; null if the field is missing.</summary>
    public double? Number(string field, double least, double most)
    {
        if (Value(field) is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out double number) || !double.IsFinite(number))
            throw Problem(field, value, "a number");
        return number >= least && number <= most ? number : throw Problem(field, value, string.Create(CultureInfo.InvariantCulture, $"from {least} to {most}"));
    }

    /// <summary>Returns true or false; null if the field is missing.</summary>
    public bool? Flag(string field) => Value(field) is not { } value ? null
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Problem(field, value, "true or false");

    /// <summary>Returns a text; null if the field is missing.</summary>
    public string? Text(string field) => Value(field) is { } value ? TextOf(value, Name(field)) : null;

    /// <summary>Returns the texts of a field that is one text or a list; empty if it is missing.</summary>
    public string[] Texts(string field, int most)
    {
        if (Value(field) is not { } value)
            return [];
        if (value.ValueKind == JsonValueKind.String)
            return [TextOf(value, Name(field))];
        JsonElement[] items = Items(field, value, "a text or a list of texts", most);
        return [.. items.Select((item, i) => TextOf(item, $"{Name(field)}[{i}]"))];
    }

    /// <summary>Returns the whole numbers of a list; empty if the field is missing.</summary>
    public int[] Integers(string field, int most) => Value(field) is { } value ? [.. Items(field, value, "a list of whole numbers", most).Select((item, i) => IdOf(item, $"{Name(field)}[{i}]"))] : [];

    /// <summary>Returns the elements of a list.</summary>
    public JsonElement[] Items(string field, JsonElement value, string expected, int most)
    {
        if (value.ValueKind != JsonValueKind.Array)
            throw Problem(field, value, expected);
        int count = value.GetArrayLength();
        return count <= most ? [.. value.EnumerateArray()] : throw new ApiException(400, $"{Name(field)} has {count} elements; at most {most} are allowed", Name(field));
    }

    /// <summary>Marks fields as known whose values change nothing here, such as <c>user</c>.</summary>
    public void Ignore(params ReadOnlySpan<string> fields)
    {
        foreach (string field in fields)
            _known.Add(field);
    }

    /// <summary>Refuses fields that this server cannot obey, unless their value asks for nothing.</summary>
    /// <param name="reason">The words after "is not supported", such as "there are no tools"; may be empty.</param>
    /// <param name="fields">The fields.</param>
    public void Refuse(string reason, params ReadOnlySpan<string> fields)
    {
        foreach (string field in fields)
        {
            if (Value(field) is { } value && !AsksForNothing(value))
                throw new ApiException(400, $"{Name(field)} is not supported{(reason.Length == 0 ? "" : $": {reason}")}", Name(field), "unsupported_parameter");
        }
    }

    /// <summary>Refuses all fields that were not read.</summary>
    /// <exception cref="ApiException">There is such a field. The message names the nearest known one.</exception>
    public void Finish()
    {
        foreach (JsonProperty property in _object.EnumerateObject())
        {
            if (!_known.Contains(property.Name))
                throw new ApiException(400, $"the request has an unknown field, {ShortName(property.Name)}{(NearestName.Find(property.Name, _known) is { } near ? $"; {near} may be meant" : "")}", ShortName(property.Name), "unknown_parameter");
        }
    }

    /// <summary>Returns the exception for a value that cannot be used.</summary>
    /// <param name="field">The field.</param>
    /// <param name="value">Its value.</param>
    /// <param name="expected">What it must be.</param>
    public ApiException Problem(string field, JsonElement value, string expected) => new(400, $"{Name(field)} is {Describe(value)}; it must be {expected}", Name(field));

    /// <summary>Returns the text of a JSON string.</summary>
    public static string TextOf(JsonElement value, string name)
    {
        if (value.ValueKind != JsonValueKind.String)
            throw new ApiException(400, $"{name} is {Describe(value)}; it must be a text", name);
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new ApiException(400, $"{name} has half of a surrogate pair; it must be valid Unicode", name);
        }
    }

    /// <summary>Returns a token id.</summary>
    public static int IdOf(JsonElement value, string name) => value.ValueKind == JsonValueKind.Number && IsWhole(value, out long number) && number is >= 0 and <= int.MaxValue
        ? (int)number : throw new ApiException(400, $"{name} is {Describe(value)}; it must be a token id", name);

    /// <summary>Describes a JSON value in a few words.</summary>
    public static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.Null => "null",
        _ => value.GetRawText() is { Length: > 40 } text ? text[..40] + "..." : value.GetRawText(),
    };

    private static string NameOf(JsonProperty property, string path)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            throw new ApiException(400, $"a field{(path.Length == 0 ? "" : $" of {path}")} has half of a surrogate pair in its name; it must be valid Unicode");
        }
    }

    private string ShortName(string field) => Name(field.Length > 40 ? field[..40] + "..." : field);

    private static bool IsWhole(JsonElement value, out long number)
    {
        if (value.TryGetInt64(out number))
            return true;
        bool whole = value.TryGetDouble(out double real) && real == Math.Floor(real) && Math.Abs(real) < 1L << 53; // some clients write 16.0
        number = whole ? (long)real : 0;
        return whole;
    }

    private static bool AsksForNothing(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.False => true,
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.String => value.ValueEquals("") || value.ValueEquals("none") || value.ValueEquals("auto") || value.ValueEquals("default"),
        _ => false,
    };
}
