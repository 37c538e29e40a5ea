using System.Globalization;
using System.Text;
using System.Text.Json;
using Foreword.Cli.Options;
using Foreword.IO;
using Foreword.Tasks;
using Foreword.Tasks.Kinds;
using Foreword.Tasks.Metrics;

namespace Foreword.Cli.Commands.Predict;

/// <summary>A row with its answer. The prediction is null if the row has a fault.</summary>
internal sealed record AnsweredRow(PredictionRow Row, Prediction? Prediction);

/// <summary>
/// Writes predictions as CSV or JSON: the id, the columns of the input, and the answer or an error. If a column of the input has the name of
/// a column of the answer, its name gets the prefix <c>input_</c>.
/// </summary>
/// <param name="Task">The task that was answered.</param>
/// <param name="Id">Name of the column of ids; null if there is none.</param>
/// <param name="InputNames">Names of the input's columns; empty if they are not written.</param>
/// <param name="HasErrors">Whether CSV has a column of errors.</param>
internal sealed record PredictionOutput(TaskDescription Task, string? Id, IReadOnlyList<string> InputNames, bool HasErrors)
{
    private const string Error = "error";

    private bool IsNumber => Task.Target is TargetKind.Score or TargetKind.SoftLabels;

    /// <summary>Writes CSV: a header, then one line for each row.</summary>
    /// <exception cref="InvalidDataException">A row has a column that is missing in the header.</exception>
    public void WriteCsv(Stream stream, IEnumerable<AnsweredRow> answers, Action written)
    {
        using IEnumerator<AnsweredRow> rows = answers.GetEnumerator();
        bool more = rows.MoveNext(); // reads first: if nothing can be read, nothing is written, not even the header
        if (Task.Target == TargetKind.WordClasses)
        {
            WriteWords(stream, rows, more, written);
            return;
        }

        using StreamWriter writer = new(stream, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };
        string[] own = AnswerNames();
        writer.WriteLine(string.Join(',', Renamed(GivenNames(), own).Concat(own).Select(Field)));
        for (; more; more = rows.MoveNext())
        {
            (PredictionRow row, Prediction? prediction) = rows.Current;
            writer.WriteLine(string.Join(',', Given(row).Concat(Answer(prediction)).Concat(HasErrors ? [Field(row.Fault ?? "")] : [])));
            written();
        }
    }

    /// <summary>Writes a word and its label on each line, with a tab between, and a blank line after each text. A row without an answer is a blank line.</summary>
    private static void WriteWords(Stream stream, IEnumerator<AnsweredRow> rows, bool more, Action written)
    {
        using StreamWriter writer = new(stream, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };
        for (; more; more = rows.MoveNext())
        {
            if (rows.Current is { Row.Example: { } example, Prediction.Labels: { } labels })
            {
                foreach ((string word, string label) in TokenLabelsTask.Words(example.Texts[0]!).Zip(labels))
                    writer.WriteLine($"{word}\t{label}");
            }

            writer.WriteLine();
            written();
        }
    }

    /// <summary>Writes one JSON object with all predictions.</summary>
    public void WriteJson(Stream stream, IEnumerable<AnsweredRow> answers, Action written)
    {
        using Utf8JsonWriter writer = new(stream, ReadableJson.Line);
        writer.WriteStartObject();
        writer.WriteStartArray("predictions");
        foreach ((PredictionRow row, Prediction? prediction) in answers)
        {
            writer.WriteStartObject();
            if (Id is not null)
                writer.WriteString("id", row.Id);
            if (InputNames.Count > 0)
                WriteInput(writer, row);
            if (prediction is null)
                writer.WriteString(Error, row.Fault);
            else if (Task.Target == TargetKind.WordClasses)
                WriteWords(writer, TokenLabelsTask.Words(row.Example!.Texts[0]!), prediction);
            else
                Write(writer, prediction);
            writer.WriteEndObject();
            writer.Flush();
            written();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.Flush();
        stream.WriteByte((byte)'\n');
    }

    private static void WriteInput(Utf8JsonWriter writer, PredictionRow row)
    {
        writer.WriteStartObject("input");
        foreach ((string name, string text) in row.Input)
            writer.WriteString(name, text);
        writer.WriteEndObject();
    }

    private void Write(Utf8JsonWriter writer, Prediction prediction)
    {
        if (Task.Target == TargetKind.Span)
        {
            WriteSpan(writer, prediction);
            return;
        }

        if (Task.Target == TargetKind.ClassSet)
        {
            WriteTexts(writer, "labels", prediction.Labels!);
            WriteProbabilities(writer, prediction);
            return;
        }

        if (IsNumber)
        {
            writer.WriteNumber("value", prediction.Value);
            return;
        }

        writer.WriteString("label", prediction.Label);
        writer.WriteNumber("probability", prediction.Probability);
        WriteProbabilities(writer, prediction);
    }

    /// <summary>Writes the answer and where it stands; an empty answer for none.</summary>
    private static void WriteSpan(Utf8JsonWriter writer, Prediction prediction)
    {
        writer.WriteString("answer", prediction.Label);
        if (prediction.Span is not { } span)
            return;
        writer.WriteNumber("probability", span.Probability);
        writer.WriteNumber("start", span.Start);
        writer.WriteNumber("end", span.End);
    }

    /// <summary>Writes the words with their labels and probabilities, and the entities that the labels mark.</summary>
    private void WriteWords(Utf8JsonWriter writer, string[] words, Prediction prediction)
    {
        WriteTexts(writer, "words", words);
        WriteTexts(writer, "labels", prediction.Labels!);
        writer.WriteStartArray("probabilities");
        foreach (double probability in prediction.Probabilities)
            writer.WriteNumberValue(probability);
        writer.WriteEndArray();
        if (!Entity.AreIn(Task.Labels))
            return;
        writer.WriteStartArray("entities");
        foreach (Entity entity in Entity.Of(prediction.Labels!))
        {
            writer.WriteStartObject();
            writer.WriteString("type", entity.Type);
            writer.WriteNumber("start", entity.Start);
            writer.WriteNumber("end", entity.End);
            writer.WriteString("text", string.Join(' ', words[entity.Start..entity.End]));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private void WriteProbabilities(Utf8JsonWriter writer, Prediction prediction)
    {
        writer.WriteStartObject("probabilities");
        for (int i = 0; i < prediction.Probabilities.Count; i++)
            writer.WriteNumber(Task.Labels[i], prediction.Probabilities[i]);
        writer.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter writer, string name, IReadOnlyList<string> texts)
    {
        writer.WriteStartArray(name);
        foreach (string text in texts)
            writer.WriteStringValue(text);
        writer.WriteEndArray();
    }

    private string[] AnswerNames()
    {
        string[] names = IsNumber ? ["value"] : Task.Target == TargetKind.Span ? ["answer", "probability", "start", "end"] : ["label", "probability", .. Task.Labels.Select(label => $"p_{label}")];
        return HasErrors ? [.. names, Error] : names;
    }

    private string[] GivenNames()
    {
        if (Id is null)
            return [.. InputNames];
        bool isNumber = int.TryParse(Id, NumberStyles.None, CultureInfo.InvariantCulture, out _);
        return [isNumber ? "id" : Id, .. InputNames.Where(name => name != Id)];
    }

    private IEnumerable<string> Given(PredictionRow row)
    {
        if (Id is not null)
            yield return Field(row.Id);
        if (InputNames.Count == 0)
            yield break;
        if (row.Input.Select(column => column.Key).FirstOrDefault(name => !InputNames.Contains(name)) is { } unknown)
            throw new InvalidDataException($"{row.Example?.Where ?? row.Fault}: column '{unknown}' first appears in this row, after the header was written; use --json");
        Dictionary<string, string> texts = row.Input.ToDictionary(StringComparer.Ordinal);
        foreach (string name in InputNames.Where(name => name != Id))
            yield return Field(texts.GetValueOrDefault(name, ""));
    }

    private IEnumerable<string> Answer(Prediction? prediction)
    {
        if (prediction is null)
            return Enumerable.Repeat("", IsNumber ? 1 : Task.Target == TargetKind.Span ? 4 : 2 + Task.Labels.Count);
        if (Task.Target == TargetKind.Span)
            return [Field(prediction.Label), .. prediction.Span is { } span ? new[] { Number(span.Probability), Number(span.Start), Number(span.End) } : ["", "", ""]];
        return IsNumber ? [Number(prediction.Value)]
            : [Field(prediction.Label), Chosen(prediction), .. Task.Labels.Select((_, i) => i < prediction.Probabilities.Count ? Number(prediction.Probabilities[i]) : "")];
    }

    /// <summary>Returns the probability of the label, or those of the predicted classes in the order of the label.</summary>
    private string Chosen(Prediction prediction) => Task.Target == TargetKind.ClassSet
        ? string.Join('|', Task.Labels.Index().Where(label => prediction.Labels!.Contains(label.Item)).Select(label => Number(prediction.Probabilities[label.Index])))
        : Number(prediction.Probability);

    private static IEnumerable<string> Renamed(IReadOnlyList<string> given, IReadOnlyList<string> own)
    {
        foreach (string name in given)
        {
            string other = name;
            while (own.Contains(other) || (other != name && given.Contains(other)))
                other = $"input_{other}";
            yield return other;
        }
    }

    private static string Number(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);

    /// <summary>Formats a field as in RFC 4180: in quotes if it contains a comma, a quote or a line break.</summary>
    private static string Field(string text) => text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
