using System.Globalization;
using System.Text.Json;
using Foreword.IO;
using Foreword.Settings;
using Foreword.Tasks.Targets;

namespace Foreword.Data.Tables;

/// <summary>
/// Reads the JSON of SQuAD 1.1 and 2.0. Each question is a row with the columns <c>id</c>, <c>document</c> (the number of the article, from 1),
/// <c>question</c>, <c>context</c> and <c>label</c>: the answers with their positions, empty for a question that has none.
/// </summary>
internal sealed class SquadTable : ITableFormat
{
    private static readonly string[] Columns = ["id", "document", "question", "context", "label"];

    public IEnumerable<TableRow> Read(Stream stream, string name, IReadOnlyList<string> columns, TableOptions options)
    {
        if (columns.FirstOrDefault(column => !Columns.Contains(column)) is { } unknown)
            throw new InvalidDataException($"{name}: there is no column '{unknown}'; SQuAD's questions have {string.Join(", ", Columns)}{NearestName.Suggestion(unknown, Columns)}");
        using JsonDocument json = Parse(stream, name);
        long number = 0;
        foreach ((int document, string context, JsonElement question) in Questions(json.RootElement, name))
        {
            number++;
            Dictionary<string, string> fields = new(StringComparer.Ordinal)
            {
                ["id"] = Text(question, "id", Where()),
                ["document"] = document.ToString(CultureInfo.InvariantCulture),
                ["question"] = Text(question, "question", Where()).Trim(),
                ["context"] = context,
            };
            if (columns.Contains("label") || options.KeepsInput)
                fields["label"] = Label(question, Where(), isNeeded: columns.Contains("label"));
            yield return new TableRow(name, number, [.. columns.Select(column => new[] { fields[column] })]) { Input = options.KeepsInput ? [.. fields] : [] };
        }

        if (number == 0)
            throw new InvalidDataException($"{name}: there are no questions; expected SQuAD's JSON with data, paragraphs and qas");

        string Where() => $"{name}:{number}";
    }

    private static JsonDocument Parse(Stream stream, string name)
    {
        try
        {
            return JsonDocument.Parse(stream);
        }
        catch (JsonException problem)
        {
            throw new InvalidDataException($"{name}: the file is broken JSON ({JsonFile.Reason(problem)})", problem);
        }
    }

    private static IEnumerable<(int Document, string Context, JsonElement Question)> Questions(JsonElement root, string name)
    {
        int document = 0;
        foreach (JsonElement article in List(root, "data", name))
        {
            document++;
            foreach (JsonElement paragraph in List(article, "paragraphs", $"{name}, article {document}"))
            {
                string context = Text(paragraph, "context", $"{name}, article {document}");
                foreach (JsonElement question in List(paragraph, "qas", $"{name}, article {document}"))
                    yield return (document, context, question);
            }
        }
    }

    private static string Label(JsonElement question, string where, bool isNeeded)
    {
        if (!question.TryGetProperty("answers", out JsonElement answers) || answers.ValueKind != JsonValueKind.Array)
            return isNeeded ? throw new InvalidDataException($"{where}: the question has no list 'answers'") : "";
        bool isImpossible = question.TryGetProperty("is_impossible", out JsonElement flag) && flag.ValueKind == JsonValueKind.True;
        List<string> texts = [];
        List<int> starts = [];
        foreach (JsonElement answer in answers.EnumerateArray())
        {
            texts.Add(Text(answer, "text", where));
            starts.Add(answer.TryGetProperty("answer_start", out JsonElement start) && start.ValueKind == JsonValueKind.Number && start.TryGetInt32(out int place) ? place : throw new InvalidDataException($"{where}: an answer has no whole number 'answer_start'"));
        }

        if (texts.Count == 0 && !isImpossible)
            throw new InvalidDataException($"{where}: 'answers' is empty, but 'is_impossible' is not true");
        return isImpossible ? "" : SpanLabel.Write(texts, starts);
    }

    private static JsonElement.ArrayEnumerator List(JsonElement element, string field, string where) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(field, out JsonElement list) && list.ValueKind == JsonValueKind.Array
            ? list.EnumerateArray()
            : throw new InvalidDataException($"{where}: there is no list '{field}'; expected SQuAD's JSON with data, paragraphs and qas");

    private static string Text(JsonElement element, string field, string where) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(field, out JsonElement text) && text.ValueKind == JsonValueKind.String
            ? text.GetString()!
            : throw new InvalidDataException($"{where}: there is no text '{field}'");
}
