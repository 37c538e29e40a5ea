using System.Text.Json;
using Foreword.Server.Hosting;

namespace Foreword.Server.Requests;

/// <summary>Reads a field that holds one text or several, as texts or as token ids.</summary>
internal static class PromptList
{
    private const string Expected = "a text, a list of texts, a list of token ids, or a list of such lists";

    /// <summary>Reads the texts with their ids.</summary>
    /// <param name="fields">The request.</param>
    /// <param name="field">The field.</param>
    /// <param name="model">Encodes the texts.</param>
    /// <param name="keep">The number of last tokens to keep of each; all where null.</param>
    /// <param name="most">The largest number of texts.</param>
    /// <exception cref="ApiException">The field is missing or has another form, or an id is out of vocabulary.</exception>
    public static (string Text, int[] Ids)[] Read(RequestFields fields, string field, ServedText model, int? keep, int most)
    {
        if (fields.Value(field) is not { } value)
            throw new ApiException(400, $"{field} is missing; it must be {Expected}", field);
        if (value.ValueKind == JsonValueKind.String)
            return [model.Prompt(RequestFields.TextOf(value, field), keep)];
        JsonElement[] items = fields.Items(field, value, Expected, Math.Max(most, model.Config.ContextLength * 64));
        if (items.Length == 0)
            throw new ApiException(400, $"{field} is an empty list; it must have at least one element", field);
        if (items[0].ValueKind == JsonValueKind.Number)
            return [model.Prompt([.. items.Select((item, i) => RequestFields.IdOf(item, $"{field}[{i}]"))], field, keep)];
        if (items.Length > most)
            throw new ApiException(400, $"{field} has {items.Length} elements; at most {most} are allowed", field);
        return [.. items.Select((item, i) => item.ValueKind == JsonValueKind.Array
            ? model.Prompt([.. item.EnumerateArray().Select((id, k) => RequestFields.IdOf(id, $"{field}[{i}][{k}]"))], $"{field}[{i}]", keep)
            : model.Prompt(RequestFields.TextOf(item, $"{field}[{i}]"), keep))];
    }
}
