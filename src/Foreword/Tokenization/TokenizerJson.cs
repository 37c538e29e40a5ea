using System.Text.Encodings.Web;
using System.Text.Json;

namespace Foreword.Tokenization;

/// <summary>What all readers and writers of <c>tokenizer.json</c> share.</summary>
internal static class TokenizerJson
{
    /// <summary>Parses the file; a byte order mark is passed over.</summary>
    /// <exception cref="InvalidDataException">It is not JSON.</exception>
    public static JsonDocument Parse(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        GitLfsPointer.Refuse(path, file);
        int start = file.Length - JsonFile.WithoutMark(file).Length;
        try
        {
            return JsonDocument.Parse(file.AsMemory(start));
        }
        catch (JsonException problem)
        {
            throw JsonFile.Broken(path, problem);
        }
    }

    /// <summary>The tokens of <c>added_tokens</c>, each with its place in the file; none where there is no such field.</summary>
    /// <exception cref="NotSupportedException">A token is matched in a way that is not done here.</exception>
    public static IEnumerable<(TokenizerField Place, AddedToken Token)> AddedTokens(TokenizerField root)
    {
        if (root.Find("added_tokens") is not { } added)
            yield break;
        foreach (TokenizerField token in added.Items())
            yield return (token, ReadAddedToken(token));
    }

    /// <summary>The entries of a vocabulary object, in the file's order.</summary>
    public static IEnumerable<(string Text, int Id)> Vocabulary(TokenizerField entries)
    {
        foreach (JsonProperty token in entries.Value.EnumerateObject())
        {
            string text = entries.NameOf(token);
            yield return token.Value.ValueKind == JsonValueKind.Number && token.Value.TryGetInt32(out int id)
                ? (text, id)
                : throw entries.Malformed($"token '{text}' has no whole number as its id");
        }
    }

    /// <summary>The texts by id of a vocabulary object and the added tokens beyond it.</summary>
    /// <exception cref="InvalidDataException">Two texts share an id, or ids have gaps.</exception>
    public static string[] Texts(TokenizerField root, TokenizerField entries)
    {
        Dictionary<int, string> texts = [];
        foreach ((string text, int id) in Vocabulary(entries))
        {
            if (!texts.TryAdd(id, text))
                throw entries.Malformed($"tokens '{texts[id]}' and '{text}' share id {id}");
        }

        foreach ((TokenizerField place, AddedToken token) in AddedTokens(root))
        {
            if (!texts.TryAdd(token.Id, token.Text) && texts[token.Id] != token.Text)
                throw place.Malformed($"added token '{token.Text}' has the id {token.Id} of '{texts[token.Id]}'");
        }

        return [.. Enumerable.Range(0, texts.Count).Select(id => texts.TryGetValue(id, out string? text)
            ? text
            : throw entries.Malformed($"has {texts.Count} tokens, but none has id {id}; ids run from 0 without gaps"))];
    }

    /// <summary>
    /// Refuses a <c>post_processor</c> that changes ids. A template of the text alone changes none: transformers 5 writes one where a
    /// tokenizer has no post-processor.
    /// </summary>
    /// <exception cref="NotSupportedException">It adds something; the message names its type.</exception>
    public static void RefusePostProcessor(TokenizerField root, string instead)
    {
        if (root.Find("post_processor") is { } processor && !(processor.TypeName == "TemplateProcessing" && IsTextAlone(processor.Find("single"))))
            throw processor.Unsupported($"post_processor {processor.TypeName}", instead);
    }

    private static bool IsTextAlone(TokenizerField? template) => template is { Value.ValueKind: JsonValueKind.Array } single && single.Items().ToArray() is [var only] && only.Has("Sequence");

    /// <summary>Writes a JSON object in a file of its own, whole or not at all.</summary>
    public static void Write(string path, Action<Utf8JsonWriter> writeFields) =>
        DurableFile.Replace(path, stream =>
        {
            using Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
            json.WriteStartObject();
            writeFields(json);
            json.WriteEndObject();
        });

    /// <summary>Writes the beginning that all kinds share, up to and with <c>added_tokens</c>.</summary>
    public static void WriteHead(Utf8JsonWriter json, IEnumerable<AddedToken> added)
    {
        json.WriteString("version", "1.0");
        json.WriteNull("truncation");
        json.WriteNull("padding");
        json.WriteStartArray("added_tokens");
        foreach (AddedToken token in added)
            WriteAddedToken(json, token);
        json.WriteEndArray();
    }

    /// <summary>Writes the vocabulary as an object from text to id.</summary>
    public static void WriteVocabulary(Utf8JsonWriter json, Tokenizer tokenizer)
    {
        json.WriteStartObject("vocab");
        for (int id = 0; id < tokenizer.VocabularySize; id++)
            json.WriteNumber(tokenizer.TokenText(id), id);
        json.WriteEndObject();
    }

    /// <summary>Writes an object that has nothing but its type.</summary>
    public static void WritePart(Utf8JsonWriter json, string part, string type)
    {
        json.WriteStartObject(part);
        json.WriteString("type", type);
        json.WriteEndObject();
    }

    private static AddedToken ReadAddedToken(TokenizerField token)
    {
        string text = token.Require("content", JsonValueKind.String).Text;
        foreach (string flag in (string[])["lstrip", "rstrip", "single_word"])
        {
            if (token.IsTrue(flag))
                throw token.Unsupported($"added token '{text}' with {flag} = true", "added tokens are matched as they are");
        }

        TokenizerField id = token.Require("id", JsonValueKind.Number);
        return id.Value.TryGetInt32(out int value)
            ? new AddedToken(text, value, token.IsTrue("special"))
            : throw id.Malformed($"'{id.Value.GetRawText()}' is not an id");
    }

    private static void WriteAddedToken(Utf8JsonWriter json, AddedToken token)
    {
        json.WriteStartObject();
        json.WriteNumber("id", token.Id);
        json.WriteString("content", token.Text);
        foreach (string flag in (string[])["single_word", "lstrip", "rstrip", "normalized"])
            json.WriteBoolean(flag, false);
        json.WriteBoolean("special", token.IsSpecial);
        json.WriteEndObject();
    }
}

/// <summary>A value of the file and the way to it, for messages such as <c>tokenizer.json: model.merges[3]: ...</c>.</summary>
internal readonly record struct TokenizerField(string Path, string Name, JsonElement Value)
{
    public string Text
    {
        get
        {
            if (Value.ValueKind != JsonValueKind.String)
                throw Malformed("is not a string");
            try
            {
                return Value.GetString()!;
            }
            catch (InvalidOperationException) // half a surrogate pair
            {
                throw Malformed("is not valid Unicode");
            }
        }
    }

    /// <summary>The name of one of the object's properties.</summary>
    public string NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException) // half a surrogate pair
        {
            throw Malformed("has a name that is not valid Unicode");
        }
    }

    /// <summary>The part's own <c>type</c>.</summary>
    public string TypeName => Find("type") is { } type ? type.Text : "without a type";

    /// <summary>The field of an object, or null where it is missing or null.</summary>
    public TokenizerField? Find(string name)
    {
        if (Value.ValueKind != JsonValueKind.Object)
            throw Malformed("is not an object");
        return Value.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null
            ? new TokenizerField(Path, Name.Length == 0 ? name : $"{Name}.{name}", value)
            : null;
    }

    public TokenizerField Require(string name, JsonValueKind kind) =>
        Find(name) is not { } field ? throw Malformed($"has no {name}")
        : field.Value.ValueKind == kind ? field
        : throw field.Malformed($"is {field.Value.ValueKind}; {kind} is expected");

    public bool Has(string name) => Find(name) is not null;

    public bool IsTrue(string name) => Find(name) is { } field && field.Value.ValueKind == JsonValueKind.True;

    public IEnumerable<TokenizerField> Items()
    {
        if (Value.ValueKind != JsonValueKind.Array)
            throw Malformed("is not an array");
        int i = 0;
        foreach (JsonElement item in Value.EnumerateArray())
            yield return new TokenizerField(Path, $"{Name}[{i++}]", item);
    }

    public InvalidDataException Malformed(string problem) => new($"{Place}: {problem}");

    public NotSupportedException Unsupported(string what, string instead) => new($"{Place}: {what} is not supported; {instead}");

    private string Place => Name.Length == 0 ? Path : $"{Path}: {Name}";
}
