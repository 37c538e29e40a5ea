using System.Text.Json;
using Foreword.IO;

namespace Foreword.Tokenization.Files;

/// <summary>The functions that all readers and writers of <c>tokenizer.json</c> share.</summary>
internal static class TokenizerJson
{
    /// <summary>Reads the tokens of <c>added_tokens</c>, each with its place in the file; none if the field is missing.</summary>
    public static IEnumerable<(TokenizerField Place, AddedToken Token)> AddedTokens(TokenizerField root)
    {
        if (root.Find("added_tokens") is not { } added)
            yield break;
        foreach (TokenizerField token in added.Items())
            yield return (token, ReadAddedToken(token));
    }

    /// <summary>Reads the entries of a vocabulary object, in the file's order.</summary>
    public static IEnumerable<(string Text, int Id)> Vocabulary(TokenizerField entries)
    {
        foreach (JsonProperty token in entries.Value.EnumerateObject())
        {
            string text = entries.NameOf(token);
            yield return token.Value.ValueKind == JsonValueKind.Number && token.Value.TryGetInt32(out int id)
                ? (text, id)
                : throw entries.Malformed($"token '{text}' has an id that is not a whole number");
        }
    }

    /// <summary>Reads a vocabulary object, the file's added tokens, and the added tokens of the accompanying files.</summary>
    /// <exception cref="InvalidDataException">Two texts have the same id, a text has two ids, or a text is empty.</exception>
    public static VocabularyEntries ReadVocabulary(TokenizerField root, TokenizerField entries, TokenizerCompanions companions)
    {
        VocabularyEntries vocabulary = new();
        foreach ((string text, int id) in Vocabulary(entries))
        {
            if (vocabulary.AddToken(text, id) is { } problem)
                throw entries.Malformed(problem);
        }

        AddAdded(root, vocabulary, companions);
        return vocabulary;
    }

    /// <summary>Adds the file's added tokens to a vocabulary, and then those of the accompanying files.</summary>
    public static void AddAdded(TokenizerField root, VocabularyEntries vocabulary, TokenizerCompanions companions)
    {
        foreach ((TokenizerField place, AddedToken token) in AddedTokens(root))
        {
            if (vocabulary.AddAddedToken(token) is { } problem)
                throw place.Malformed(problem);
        }

        companions.AddTo(vocabulary);
    }

    /// <summary>Writes a file that contains one JSON object. The file is written completely or not at all.</summary>
    public static void Write(string path, Action<Utf8JsonWriter> writeFields) =>
        DurableFile.Replace(path, stream =>
        {
            using Utf8JsonWriter json = new(stream, ReadableJson.Indented);
            json.WriteStartObject();
            writeFields(json);
            json.WriteEndObject();
        });

    /// <summary>Writes the beginning that all kinds share, up to and including <c>added_tokens</c>.</summary>
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
        for (int id = 0; id < tokenizer.VocabSize; id++)
        {
            if (!tokenizer.IsBeyondModel(id))
                json.WriteNumber(tokenizer.TokenText(id), id);
        }

        json.WriteEndObject();
    }

    /// <summary>Writes an object whose only field is its type.</summary>
    public static void WritePart(Utf8JsonWriter json, string part, string type)
    {
        json.WriteStartObject(part);
        json.WriteString("type", type);
        json.WriteEndObject();
    }

    /// <summary>Reads the text and the switches of an added token.</summary>
    /// <param name="token">The token's object.</param>
    /// <param name="id">The token's id.</param>
    /// <param name="isSpecial">True if the token is special even if the object does not say so.</param>
    public static AddedToken ReadToken(TokenizerField token, int id, bool isSpecial)
    {
        string text = token.Require("content", JsonValueKind.String).Text;
        if (text.Length == 0)
            throw token.Malformed("its content is empty; a token must have a text");
        bool special = isSpecial || token.IsTrue("special");
        return new AddedToken(text, id, special)
        {
            SingleWord = token.IsTrue("single_word"),
            LeftStrip = token.IsTrue("lstrip"),
            RightStrip = token.IsTrue("rstrip"),
            Normalized = token.Has("normalized") ? token.IsTrue("normalized") : !special,
        };
    }

    /// <summary>Writes the text and the switches of an added token.</summary>
    public static void WriteToken(Utf8JsonWriter json, AddedToken token)
    {
        json.WriteString("content", token.Text);
        json.WriteBoolean("single_word", token.SingleWord);
        json.WriteBoolean("lstrip", token.LeftStrip);
        json.WriteBoolean("rstrip", token.RightStrip);
        json.WriteBoolean("normalized", token.Normalized);
        json.WriteBoolean("special", token.IsSpecial);
    }

    private static AddedToken ReadAddedToken(TokenizerField token)
    {
        _ = token.Require("content", JsonValueKind.String);
        TokenizerField id = token.Require("id", JsonValueKind.Number);
        return id.Value.TryGetInt32(out int value) ? ReadToken(token, value, isSpecial: false) : throw id.Malformed($"'{id.Value.GetRawText()}' is not an id");
    }

    private static void WriteAddedToken(Utf8JsonWriter json, AddedToken token)
    {
        json.WriteStartObject();
        json.WriteNumber("id", token.Id);
        WriteToken(json, token);
        json.WriteEndObject();
    }
}

/// <summary>A value of a JSON file with its path and its name in the file, for messages such as <c>tokenizer.json: model.merges[3]: ...</c>.</summary>
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
            catch (InvalidOperationException) // a lone surrogate
            {
                throw Malformed("is not valid Unicode");
            }
        }
    }

    /// <summary>Returns the name of one of the object's properties.</summary>
    public string NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException) // a lone surrogate
        {
            throw Malformed("has a name that is not valid Unicode");
        }
    }

    /// <summary>Gets the value of the object's <c>type</c> field.</summary>
    public string TypeName => Find("type") is { } type ? type.Text : "without a type";

    /// <summary>Returns a field of an object, or null if it is missing or null.</summary>
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

    /// <summary>Returns the properties of an object, in the file's order.</summary>
    /// <exception cref="InvalidDataException">The value is not an object.</exception>
    public IEnumerable<(string Name, TokenizerField Value)> Properties()
    {
        if (Value.ValueKind != JsonValueKind.Object)
            throw Malformed("is not an object");
        foreach (JsonProperty property in Value.EnumerateObject())
        {
            string name = NameOf(property);
            yield return (name, new TokenizerField(Path, $"{Name}.{name}", property.Value));
        }
    }

    public InvalidDataException Malformed(string problem) => new($"{Place}: {problem}");

    public NotSupportedException Unsupported(string what, string instead) => new($"{Place}: {what} is not supported; {instead}");

    private string Place => Name.Length == 0 ? Path : $"{Path}: {Name}";
}
