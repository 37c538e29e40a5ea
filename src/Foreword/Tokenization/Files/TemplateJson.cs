using System.Text.Json;

namespace Foreword.Tokenization.Files;

/// <summary>Reads and writes the <c>post_processor</c> of a tokenizer.json: the ids that are put around every text.</summary>
internal static class TemplateJson
{
    private const string Part = "post_processor", Template = "TemplateProcessing";

    /// <summary>Reads the ids before and after a single text. Both lists are empty if the part is missing or adds nothing.</summary>
    /// <exception cref="InvalidDataException">The part is malformed, or names an id outside the vocabulary.</exception>
    /// <exception cref="NotSupportedException">The part does something else; the message names its type.</exception>
    public static (IReadOnlyList<int> Before, IReadOnlyList<int> After) Read(TokenizerField root, int vocabularySize)
    {
        List<int> before = [], after = [];
        if (root.Find(Part) is { } part)
            Add(part, before, after, vocabularySize);
        return (before, after);
    }

    /// <summary>Writes the part, or null if the template adds nothing to the text.</summary>
    public static void Write(Utf8JsonWriter json, Tokenizer tokenizer)
    {
        if (tokenizer.TemplateStart.Count + tokenizer.TemplateEnd.Count == 0)
        {
            json.WriteNull(Part);
            return;
        }

        json.WriteStartObject(Part);
        json.WriteString("type", Template);
        WriteParts(json, tokenizer, "single", ("A", 0));
        WriteParts(json, tokenizer, "pair", ("A", 0), ("B", 1));
        json.WriteStartObject("special_tokens");
        foreach (int id in tokenizer.TemplateStart.Concat(tokenizer.TemplateEnd).Distinct())
        {
            string text = tokenizer.TokenText(id);
            json.WriteStartObject(text);
            json.WriteString("id", text);
            json.WriteStartArray("ids");
            json.WriteNumberValue(id);
            json.WriteEndArray();
            json.WriteStartArray("tokens");
            json.WriteStringValue(text);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteParts(Utf8JsonWriter json, Tokenizer tokenizer, string name, params (string Text, int Type)[] texts)
    {
        json.WriteStartArray(name);
        foreach ((string text, int type) in texts)
        {
            foreach (int id in tokenizer.TemplateStart)
                WritePart(json, "SpecialToken", tokenizer.TokenText(id), type);
            WritePart(json, "Sequence", text, type);
            foreach (int id in tokenizer.TemplateEnd)
                WritePart(json, "SpecialToken", tokenizer.TokenText(id), type);
        }

        json.WriteEndArray();
    }

    private static void WritePart(Utf8JsonWriter json, string kind, string id, int type)
    {
        json.WriteStartObject();
        json.WriteStartObject(kind);
        json.WriteString("id", id);
        json.WriteNumber("type_id", type);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Add(TokenizerField part, List<int> before, List<int> after, int vocabularySize)
    {
        switch (part.TypeName)
        {
            case "ByteLevel": // changes offsets, not ids
                break;
            case "Sequence":
                foreach (TokenizerField inner in part.Require("processors", JsonValueKind.Array).Items())
                    Add(inner, before, after, vocabularySize);
                break;
            case "BertProcessing" or "RobertaProcessing":
                before.Insert(0, NamedId(part.Require("cls", JsonValueKind.Array), vocabularySize));
                after.Add(NamedId(part.Require("sep", JsonValueKind.Array), vocabularySize));
                break;
            case Template:
                AddTemplate(part, before, after, vocabularySize);
                break;
            default:
                throw part.Unsupported($"{Part} {part.TypeName}", $"supported: {Template}, BertProcessing, RobertaProcessing, ByteLevel");
        }
    }

    private static void AddTemplate(TokenizerField part, List<int> before, List<int> after, int vocabularySize)
    {
        TokenizerField single = part.Require("single", JsonValueKind.Array);
        List<int> first = [];
        bool isAfter = false;
        foreach (TokenizerField chunk in single.Items())
        {
            if (chunk.Has("Sequence"))
            {
                if (isAfter)
                    throw chunk.Unsupported("a template that contains the text twice", "a template of one text contains it once");
                isAfter = true;
                continue;
            }

            string name = chunk.Require("SpecialToken", JsonValueKind.Object).Require("id", JsonValueKind.String).Text;
            TokenizerField ids = part.Require("special_tokens", JsonValueKind.Object).Require(name, JsonValueKind.Object).Require("ids", JsonValueKind.Array);
            (isAfter ? after : first).AddRange(ids.Items().Select(id => Id(id, vocabularySize)));
        }

        if (!isAfter)
            throw single.Malformed("has no Sequence; the text is missing");
        before.InsertRange(0, first);
    }

    /// <summary>Returns the id in a pair of text and id.</summary>
    private static int NamedId(TokenizerField pair, int vocabularySize) =>
        pair.Items().ToArray() is [_, var id] ? Id(id, vocabularySize) : throw pair.Malformed("is not a pair of text and id");

    private static int Id(TokenizerField field, int vocabularySize) => field.Value.ValueKind == JsonValueKind.Number && field.Value.TryGetInt32(out int id) && id >= 0 && id < vocabularySize
        ? id
        : throw field.Malformed($"{field.Value.GetRawText()} is not an id of the vocabulary of {vocabularySize}");
}
