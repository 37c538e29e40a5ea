using System.Text;
using System.Text.Json;
using Foreword.IO;
using Foreword.Settings;

namespace Foreword.Data.Tables;

/// <summary>
/// Reads one JSON object per line. A column is a field, a path through objects and arrays, or several of these joined by +. Blank lines are skipped.
/// </summary>
internal sealed class JsonLinesTable : ITableFormat
{
    public IEnumerable<TableRow> Read(Stream stream, string name, IReadOnlyList<string> columns, TableOptions options)
    {
        using StreamReader reader = new(stream, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: true, bufferSize: 1 << 16, leaveOpen: true);
        long number = 0;
        bool any = false;
        while (reader.ReadLine() is { } line)
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            any = true;
            yield return Row(line, name, number, columns, options.KeepsInput);
        }

        if (!any)
            throw new InvalidDataException($"{name}: the file is empty");
    }

    private static TableRow Row(string line, string name, long number, IReadOnlyList<string> columns, bool keepsInput)
    {
        string where = $"{name}:{number}";
        string? fault = null;
        List<IReadOnlyList<string>> cells = [];
        try
        {
            using JsonDocument json = Parse(line, where);
            foreach (string column in columns)
                cells.Add(CellOrFault(json.RootElement, column, where, ref fault));
            return new TableRow(name, number, cells) { Fault = fault, Input = keepsInput ? [.. json.RootElement.EnumerateObject().Select(field => KeyValuePair.Create(field.Name, Whole(field.Value, field.Name, where)))] : [] };
        }
        catch (InvalidDataException problem)
        {
            return new TableRow(name, number, [.. columns.Select(_ => Array.Empty<string>())]) { Fault = problem.Message };
        }
    }

    private static string[] CellOrFault(JsonElement row, string column, string where, ref string? fault)
    {
        try
        {
            return Cell(row, column, where);
        }
        catch (InvalidDataException problem)
        {
            fault ??= problem.Message;
            return [];
        }
    }

    /// <summary>Converts a field to a cell of a table: a string without changes, null as an empty text, and any other value as JSON.</summary>
    private static string Whole(JsonElement value, string name, string where) => value.ValueKind switch
    {
        JsonValueKind.String => Text(value, name, where),
        JsonValueKind.Null => "",
        _ => value.GetRawText(),
    };

    private static JsonDocument Parse(string line, string where)
    {
        JsonDocument json = JsonFile.TryParse(Encoding.UTF8.GetBytes(line), out JsonException? problem) ?? throw new InvalidDataException($"{where}: the line is broken JSON ({JsonFile.Reason(problem!)})", problem);
        if (json.RootElement.ValueKind == JsonValueKind.Object)
            return json;
        json.Dispose();
        throw new InvalidDataException($"{where}: the line is not a JSON object");
    }

    /// <summary>Returns the texts at a path. A field whose name is the whole path has priority.</summary>
    private static string[] Cell(JsonElement row, string path, string where)
    {
        if (Field(row, path, where) is { } whole)
            return Texts(whole, path, where);
        if (TableColumns.Parts(path) is { Length: > 1 } parts)
            return [TableColumns.Join([.. parts.Select(part => TableColumns.One(Cell(row, part, where), part, where))])];
        List<JsonElement> found = [row];
        foreach (string part in path.Split('.'))
        {
            bool into = part.EndsWith("[]", StringComparison.Ordinal);
            string field = into ? part[..^2] : part;
            found = [.. found.SelectMany(element => Step(element, field, into, path, where))];
        }

        return [.. found.SelectMany(element => Texts(element, path, where))];
    }

    private static IEnumerable<JsonElement> Step(JsonElement element, string field, bool into, string path, string where)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw new InvalidDataException($"{where}: '{path}' looks for '{field}' in {Describe(element)}");
        if (Field(element, field, where) is not { } value)
        {
            string[] fields = [.. element.EnumerateObject().Select(property => property.Name)];
            throw MissingColumnException.Of($"{where}: there is no '{field}'; the fields are {string.Join(", ", fields)}{NearestName.Suggestion(field, fields)}");
        }

        if (!into)
            return [value];
        return value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : throw new InvalidDataException($"{where}: '{field}' is {Describe(value)}, not an array");
    }

    /// <summary>Returns the field with the given name; null if there is none.</summary>
    /// <exception cref="InvalidDataException">There are two such fields. JSON does not define which one is valid.</exception>
    private static JsonElement? Field(JsonElement row, string name, string where)
    {
        JsonElement? found = null;
        foreach (JsonProperty property in row.EnumerateObject().Where(property => property.NameEquals(name)))
            found = found is null ? property.Value : throw new InvalidDataException($"{where}: '{name}' occurs twice");
        return found;
    }

    private static string[] Texts(JsonElement value, string path, string where) => value.ValueKind switch
    {
        JsonValueKind.String => [Text(value, path, where)],
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => [value.GetRawText()],
        JsonValueKind.Array => [.. value.EnumerateArray().SelectMany(element => Texts(element, path, where))],
        _ => throw new InvalidDataException($"{where}: '{path}' is {Describe(value)}; expected a text or a number"),
    };

    private static string Text(JsonElement value, string path, string where)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException problem)
        {
            throw new InvalidDataException($"{where}: '{path}' holds half a character (a surrogate without its other half)", problem);
        }
    }

    private static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => "null",
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a text",
        _ => value.GetRawText(),
    };
}
