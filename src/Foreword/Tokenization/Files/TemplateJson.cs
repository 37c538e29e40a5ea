using System.Text.Json;

namespace Foreword.Tokenization.Files;

/// <summary>One element of a template: a text, or the id of a special token.</summary>
/// <param name="Text">The name of the text, A or B; null for a special token.</param>
/// <param name="Id">The id of the special token.</param>
/// <param name="Type">The type id of the text.</param>
internal readonly record struct TemplatePart(string? Text, int Id, int Type);

/// <summary>Reads and writes the <c>post_processor</c> of a tokenizer.json: the ids that are put around a text, and around and between two texts.</summary>
internal static class TemplateJson
{
    private const string Part = "post_processor", Template = "TemplateProcessing", Special = "special_tokens";

    /// <summary>Reads the ids before and after a single text. Both lists are empty if the part is missing or adds nothing.</summary>
    /// <exception cref="InvalidDataException">The part is malformed, or names an id outside the vocabulary.</exception>
    /// <exception cref="NotSupportedException">The part does something else; the message names its type.</exception>
    public static (IReadOnlyList<int> Before, IReadOnlyList<int> After) Read(TokenizerField root, int vocabSize)
    {
        List<int> before = [], after = [];
        foreach (TokenizerField processor in Processors(root))
        {
            (int[] first, int[] last) = Single(processor, vocabSize);
            before.InsertRange(0, first);
            after.AddRange(last);
        }

        return (before, after);
    }

    /// <summary>Reads the ids before, between and after two texts. All lists are empty if the part is missing or adds nothing.</summary>
    /// <returns>The ids. There are none between the texts if the template of a pair is missing, or has other ids around it than that of a text.</returns>
    /// <exception cref="InvalidDataException">The part is malformed.</exception>
    /// <exception cref="NotSupportedException">The part does something else, or several processors add ids.</exception>
    public static (int[] Before, int[] Between, int[] After) ReadPair(TokenizerField root)
    {
        (int[] Before, int[] Between, int[] After)[] adding = [.. Processors(root).Select(Pair).Where(ids => ids.Before.Length + ids.Between.Length + ids.After.Length > 0)];
        return adding.Length switch
        {
            0 => ([], [], []),
            1 => adding[0],
            _ => throw root.Find(Part)!.Value.Unsupported("a sequence of several post-processors that add tokens", "only one is supported"),
        };
    }

    /// <summary>Writes the part, or null if the template adds nothing to the text.</summary>
    public static void Write(Utf8JsonWriter json, Tokenizer tokenizer)
    {
        if (tokenizer.TemplateStart.Count + tokenizer.TemplateEnd.Count == 0)
        {
            json.WriteNull(Part);
            return;
        }

        json.WritePropertyName(Part);
        Write(json, [.. Around("A", 0)], [.. Around("A", 0), .. Around("B", 1)], tokenizer.TokenText);

        IEnumerable<TemplatePart> Around(string text, int type) =>
            [.. tokenizer.TemplateStart.Select(id => new TemplatePart(null, id, type)), new TemplatePart(text, 0, type), .. tokenizer.TemplateEnd.Select(id => new TemplatePart(null, id, type))];
    }

    /// <summary>Writes a template as the value of the part.</summary>
    /// <param name="json">The writer.</param>
    /// <param name="single">The template of one text.</param>
    /// <param name="pair">The template of two texts.</param>
    /// <param name="textOf">Returns the text of a special token's id.</param>
    public static void Write(Utf8JsonWriter json, IReadOnlyList<TemplatePart> single, IReadOnlyList<TemplatePart> pair, Func<int, string> textOf)
    {
        json.WriteStartObject();
        json.WriteString("type", Template);
        WriteParts("single", single);
        WriteParts("pair", pair);
        json.WriteStartObject(Special);
        foreach (int id in pair.Where(part => part.Text is null).Select(part => part.Id).Distinct())
        {
            string text = textOf(id);
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

        void WriteParts(string name, IReadOnlyList<TemplatePart> parts)
        {
            json.WriteStartArray(name);
            foreach (TemplatePart part in parts)
            {
                json.WriteStartObject();
                json.WriteStartObject(part.Text is null ? "SpecialToken" : "Sequence");
                json.WriteString("id", part.Text ?? textOf(part.Id));
                json.WriteNumber("type_id", part.Type);
                json.WriteEndObject();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }
    }

    /// <summary>Returns the processors that may add ids, in the order in which they are applied.</summary>
    private static IEnumerable<TokenizerField> Processors(TokenizerField root) => root.Find(Part) is { } part ? Flat(part) : [];

    private static IEnumerable<TokenizerField> Flat(TokenizerField part) => part.TypeName switch
    {
        "ByteLevel" => [], // changes offsets, not ids
        "Sequence" => part.Require("processors", JsonValueKind.Array).Items().SelectMany(Flat),
        "BertProcessing" or "RobertaProcessing" or Template => [part],
        _ => throw part.Unsupported($"{Part} {part.TypeName}", $"supported: ByteLevel, {Template}, BertProcessing, RobertaProcessing, Sequence"),
    };

    private static (int[] Before, int[] After) Single(TokenizerField part, int limit)
    {
        if (part.TypeName != Template)
            return ([NamedId(part, "cls", limit)], [NamedId(part, "sep", limit)]);
        if (part.Find(Special) is { } special && special.Value.ValueKind != JsonValueKind.Object)
            throw special.Malformed("is not an object");
        TokenizerField single = part.Require("single", JsonValueKind.Array);
        return Chunks(part, single, limit) switch
        {
            [var before, var after] => (before, after),
            [_] => throw single.Malformed("has no Sequence; the text is missing"),
            _ => throw single.Unsupported("a template that contains the text twice", "a template of one text contains it once"),
        };
    }

    private static (int[] Before, int[] Between, int[] After) Pair(TokenizerField part)
    {
        (int[] before, int[] after) = Single(part, int.MaxValue);
        int[] between = part.TypeName switch
        {
            "BertProcessing" => after,
            "RobertaProcessing" => [.. after, .. after],
            _ => part.Find("pair") is { } pair && Chunks(part, pair, int.MaxValue) is [var first, var middle, var last] && first.SequenceEqual(before) && last.SequenceEqual(after)
                ? middle
                : [], // such a pair is not supported, but classification has only one text
        };
        return (before, between, after);
    }

    /// <summary>Returns the ids before, between and after the texts of a template.</summary>
    private static int[][] Chunks(TokenizerField part, TokenizerField template, int limit)
    {
        List<List<int>> chunks = [[]];
        foreach (TokenizerField item in template.Items())
        {
            if (item.Has("Sequence"))
            {
                chunks.Add([]);
                continue;
            }

            string name = item.Require("SpecialToken", JsonValueKind.Object).Require("id", JsonValueKind.String).Text;
            TokenizerField ids = part.Require(Special, JsonValueKind.Object).Require(name, JsonValueKind.Object).Require("ids", JsonValueKind.Array);
            chunks[^1].AddRange(ids.Items().Select(id => IsId(id, limit, out int number) ? number : throw Outside(id, limit)));
        }

        return [.. chunks.Select(chunk => chunk.ToArray())];
    }

    /// <summary>Returns the id of a token such as <c>["[SEP]", 102]</c>.</summary>
    private static int NamedId(TokenizerField part, string name, int limit)
    {
        TokenizerField pair = part.Require(name, JsonValueKind.Array);
        if (pair.Items().ToArray() is not [_, var id] || !IsId(id, int.MaxValue, out int number))
            throw pair.Malformed("is not a token with its id");
        return number < limit ? number : throw Outside(id, limit);
    }

    private static bool IsId(TokenizerField field, int limit, out int id)
    {
        id = -1;
        return field.Value.ValueKind == JsonValueKind.Number && field.Value.TryGetInt32(out id) && id >= 0 && id < limit;
    }

    private static InvalidDataException Outside(TokenizerField id, int limit) =>
        id.Malformed(limit == int.MaxValue ? $"'{id.Value.GetRawText()}' is not an id" : $"{id.Value.GetRawText()} is not an id of the vocabulary of {limit}");
}
