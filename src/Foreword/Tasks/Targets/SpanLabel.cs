using System.Text;
using System.Text.Json;
using Foreword.IO;

namespace Foreword.Tasks.Targets;

/// <summary>
/// The right answers of a question: any of them is right. As a label, they are the text of the only answer, or the JSON
/// <c>{"text": ["308"], "answer_start": [34]}</c>, in which the positions may be left out.
/// </summary>
/// <param name="Texts">The answers; empty if the text has none.</param>
/// <param name="Starts">The index of the first character of each answer in the context, in UTF-16.</param>
internal sealed record SpanLabel(IReadOnlyList<string> Texts, IReadOnlyList<int> Starts)
{
    private const string TextField = "text", StartField = "answer_start";

    /// <summary>Returns the label for answers.</summary>
    /// <param name="texts">The answers.</param>
    /// <param name="starts">Their positions in characters; empty if they are not known.</param>
    public static string Write(IReadOnlyList<string> texts, IReadOnlyList<int> starts)
    {
        if (texts.Count == 0)
            return "";
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, ReadableJson.Line))
        {
            writer.WriteStartObject();
            writer.WriteStartArray(TextField);
            foreach (string text in texts)
                writer.WriteStringValue(text);
            writer.WriteEndArray();
            if (starts.Count > 0)
            {
                writer.WriteStartArray(StartField);
                foreach (int start in starts)
                    writer.WriteNumberValue(start);
                writer.WriteEndArray();
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>Reads the label of a question and finds the answers in its context.</summary>
    /// <exception cref="InvalidDataException">An answer is not in the context. The message names the row.</exception>
    public static SpanLabel Read(TaskExample example)
    {
        string label = example.Label!, context = example.Texts[1]!;
        (string[] texts, int[] starts) = label.Length == 0 ? ([], []) : Parse(label) ?? ([label], []);
        return new SpanLabel(texts, [.. texts.Select((text, i) => StartOf(text, i < starts.Length ? starts[i] : -1, context)
            ?? throw new InvalidDataException($"{example.MessagePrefix}the answer '{(text.Length > 40 ? text[..40] + "..." : text)}' is not in the context"))]);
    }

    private static (string[] Texts, int[] Starts)? Parse(string label)
    {
        if (label[0] != '{')
            return null;
        try
        {
            using JsonDocument json = JsonDocument.Parse(label);
            if (!json.RootElement.TryGetProperty(TextField, out JsonElement texts) || texts.ValueKind != JsonValueKind.Array || texts.EnumerateArray().Any(text => text.ValueKind != JsonValueKind.String))
                return null;
            int[] starts = json.RootElement.TryGetProperty(StartField, out JsonElement given) && given.ValueKind == JsonValueKind.Array ? [.. given.EnumerateArray().Select(start => start.GetInt32())] : [];
            return ([.. texts.EnumerateArray().Select(text => text.GetString()!)], starts);
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException or FormatException)
        {
            return null; // an answer that begins with a brace
        }
    }

    /// <summary>Returns where an answer stands: at its given position, counted in UTF-16 or in code points as Python counts, or else where it occurs first; null if it does not occur.</summary>
    private static int? StartOf(string text, int given, string context)
    {
        if (text.Length == 0)
            return null;
        if (IsAt(given))
            return given;
        int place = 0, points = 0;
        foreach (Rune rune in context.EnumerateRunes())
        {
            if (points++ == given && IsAt(place))
                return place;
            place += rune.Utf16SequenceLength;
        }

        int found = context.IndexOf(text, StringComparison.Ordinal);
        return found < 0 ? null : found;

        bool IsAt(int start) => start >= 0 && start <= context.Length - text.Length && string.CompareOrdinal(context, start, text, 0, text.Length) == 0;
    }
}
