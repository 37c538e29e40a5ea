using System.Text.Json;
using Foreword.Models;
using Foreword.Settings;

namespace Foreword.Weights.HuggingFace;

/// <summary>Reads the fields of a <c>config.json</c>. Every error message names the path, the field and its value.</summary>
internal sealed class ConfigFields(string path, JsonElement root)
{
    /// <summary>Returns a required integer.</summary>
    public int Integer(string field)
    {
        if (!TryGet(field, out JsonElement value))
            throw Missing(field);
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) ? number : throw Refused(field, "it must be a 32-bit integer");
    }

    /// <summary>Returns a field that has aliases (GPT2Config.attribute_map of transformers). All of its names that exist must agree.</summary>
    public int Integer(string field, params ReadOnlySpan<string> aliases)
    {
        string? found = TryGet(field, out _) ? field : null;
        foreach (string alias in aliases)
        {
            if (!TryGet(alias, out _))
                continue;
            if (found is not null && Integer(found) != Integer(alias))
                throw new InvalidDataException($"{path}: {found} is {Integer(found)} but {alias} is {Integer(alias)}");
            found ??= alias;
        }

        return Integer(found ?? field);
    }

    /// <summary>Returns a boolean, or <paramref name="absent"/> if the field is missing.</summary>
    public bool Boolean(string field, bool absent)
    {
        if (!TryGet(field, out JsonElement value))
            return absent;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Refused(field, "it must be true or false");
    }

    /// <summary>Returns a number, or <paramref name="absent"/> if the field is missing.</summary>
    public double Number(string field, double absent)
    {
        if (!TryGet(field, out JsonElement value))
            return absent;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) ? number : throw Refused(field, "it must be a number");
    }

    /// <summary>Finds the value of a field. A JSON null counts as missing, as in transformers.</summary>
    public bool TryGet(string field, out JsonElement value) =>
        root.TryGetProperty(field, out value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>Creates the error of a missing field.</summary>
    public InvalidDataException Missing(string field) => new($"{path}: the field '{field}' is missing");

    /// <summary>Creates the error of a value that a rule forbids.</summary>
    public InvalidDataException Refused(string field, string rule)
    {
        string value = root.GetProperty(field).GetRawText();
        return new InvalidDataException($"{path}: {field} is {(value.Length <= 80 ? value : $"{value[..80]}...")}; {rule}");
    }

    /// <summary>Checks a configuration that was read from these fields, and returns it.</summary>
    /// <exception cref="InvalidDataException">The configuration is not valid.</exception>
    public T Validated<T>(T config) where T : ModelConfig
    {
        try
        {
            config.Validate();
            return config;
        }
        catch (ArgumentException problem)
        {
            throw new InvalidDataException($"{path}: {ArgumentSentence.Of(problem)}", problem);
        }
    }
}
