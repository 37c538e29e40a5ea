using System.Text;
using System.Text.Json;

namespace Foreword.Data.Tables;

/// <summary>One JSON object a line; a column is a field, or a path through objects and arrays. Blank lines are passed over.</summary>
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
            using JsonDocument json = Parse(line, $"{name}:{number}");
            yield return new TableRow(name, number, [.. columns.Select(column => Cell(json.RootElement, column, $"{name}:{number}"))]);
        }

        if (!any)
            throw new InvalidDataException($"{name}: the file is empty");
    }

    private static JsonDocument Parse(string line, string where)
    {
        try
        {
            JsonDocument json = JsonDocument.Parse(line);
            return json.RootElement.ValueKind == JsonValueKind.Object ? json : throw new InvalidDataException($"{where}: the line is not a JSON object");
        }
        catch (JsonException problem)
        {
            throw new InvalidDataException($"{where}: the line is broken JSON ({problem.Message.TrimEnd('.')})", problem);
        }
    }

    /// <summary>The texts at a path; a field whose name is the whole path wins.</summary>
    private static string[] Cell(JsonElement row, string path, string where)
    {
        if (row.TryGetProperty(path, out JsonElement whole))
            return Texts(whole, path, where);
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
        if (!element.TryGetProperty(field, out JsonElement value))
        {
            string[] fields = [.. element.EnumerateObject().Select(property => property.Name)];
            throw new InvalidDataException($"{where}: there is no '{field}'; the fields are {string.Join(", ", fields)}{NearestName.Suggestion(field, fields)}");
        }

        if (!into)
            return [value];
        return value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : throw new InvalidDataException($"{where}: '{field}' is {Describe(value)}, not an array");
    }

    private static string[] Texts(JsonElement value, string path, string where) => value.ValueKind switch
    {
        JsonValueKind.String => [value.GetString()!],
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => [value.GetRawText()],
        JsonValueKind.Array => [.. value.EnumerateArray().SelectMany(element => Texts(element, path, where))],
        _ => throw new InvalidDataException($"{where}: '{path}' is {Describe(value)}; expected a text or a number"),
    };

    private static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => "null",
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a text",
        _ => value.GetRawText(),
    };
}
