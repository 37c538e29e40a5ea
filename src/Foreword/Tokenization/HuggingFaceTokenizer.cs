using System.Text.Encodings.Web;
using System.Text.Json;

namespace Foreword.Tokenization;

/// <summary>
/// A byte-level BPE in Hugging Face's <c>tokenizer.json</c>. Reading is strict: a part that changes ids and is not GPT-2's
/// is refused by its name, never skipped. Not read are <c>truncation</c> and <c>padding</c>, which are options of a call.
/// </summary>
public static class HuggingFaceTokenizer
{
    /// <summary>Reads a tokenizer.json.</summary>
    /// <exception cref="InvalidDataException">The file is malformed; the message names it and the line or field.</exception>
    /// <exception cref="NotSupportedException">The file describes another kind of tokenizer; the message names the part.</exception>
    public static ByteLevelBpe Read(string path)
    {
        using JsonDocument document = Parse(path);
        Field root = new(path, "", document.RootElement);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
            throw root.Malformed("is not a JSON object");
        RefuseOtherParts(root);

        Field model = root.Require("model", JsonValueKind.Object);
        ByteLevelVocabulary vocabulary = new();
        Field entries = model.Require("vocab", JsonValueKind.Object);
        foreach (JsonProperty token in entries.Value.EnumerateObject())
        {
            string text = entries.NameOf(token);
            string? problem = token.Value.ValueKind == JsonValueKind.Number && token.Value.TryGetInt32(out int id)
                ? vocabulary.AddToken(text, id)
                : $"token '{text}' has no whole number as its id";
            if (problem is not null)
                throw entries.Malformed(problem);
        }

        foreach (Field merge in model.Require("merges", JsonValueKind.Array).Items())
        {
            if (AddMerge(vocabulary, merge) is { } problem)
                throw merge.Malformed(problem);
        }

        if (root.Find("added_tokens") is { } added)
        {
            foreach (Field token in added.Items())
            {
                if (vocabulary.AddAddedToken(ReadAddedToken(token)) is { } problem)
                    throw token.Malformed(problem);
            }
        }

        return vocabulary.Build(path);
    }

    /// <summary>Writes a tokenizer.json that Hugging Face's <c>tokenizers</c> opens.</summary>
    public static void Write(ByteLevelBpe tokenizer, string path)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        WriteJson(path, json =>
        {
            json.WriteString("version", "1.0");
            json.WriteNull("truncation");
            json.WriteNull("padding");
            json.WriteStartArray("added_tokens");
            foreach (AddedToken token in tokenizer.AddedTokens)
                WriteAddedToken(json, token);
            json.WriteEndArray();
            json.WriteNull("normalizer");
            foreach (string part in (string[])["pre_tokenizer", "post_processor", "decoder"])
                WriteByteLevel(json, part);
            WriteModel(json, tokenizer);
        });
    }

    /// <summary>Writes the tokenizer_config.json that makes transformers open the directory as GPT-2's tokenizer.</summary>
    public static void WriteConfig(ByteLevelBpe tokenizer, string path)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        WriteJson(path, json =>
        {
            json.WriteString("tokenizer_class", "GPT2Tokenizer");
            json.WriteBoolean("add_prefix_space", false);
            if (tokenizer.EndOfTextId is null)
                return;
            foreach (string role in (string[])["bos_token", "eos_token", "unk_token"])
                json.WriteString(role, AddedToken.EndOfText);
        });
    }

    private static JsonDocument Parse(string path)
    {
        byte[] file = File.ReadAllBytes(path);
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

    private static void RefuseOtherParts(Field root)
    {
        if (root.Find("normalizer") is { } normalizer)
            throw normalizer.Unsupported($"normalizer {normalizer.TypeName}", "GPT-2's tokenizer has none");
        RequireByteLevel(root, "pre_tokenizer", isOptional: false);
        RequireByteLevel(root, "decoder", isOptional: true);
        RequireByteLevel(root, "post_processor", isOptional: true);

        Field model = root.Require("model", JsonValueKind.Object);
        if (model.Find("type") is { } type && type.Text != "BPE")
            throw model.Unsupported($"model {type.Text}", "only BPE is read");
        foreach (string affix in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (model.Find(affix) is { } value && value.Text.Length > 0)
                throw model.Unsupported($"{affix} '{value.Text}'", "a byte-level BPE has none");
        }

        foreach (string flag in (string[])["byte_fallback", "ignore_merges"])
        {
            if (model.IsTrue(flag))
                throw model.Unsupported($"{flag} = true", "GPT-2's tokenizer has it false");
        }

        if (model.Find("dropout") is { } dropout && !(dropout.Value.ValueKind == JsonValueKind.Number && dropout.Value.GetDouble() == 0))
            throw model.Unsupported($"dropout {dropout.Value.GetRawText()}", "encoding is deterministic");
    }

    /// <summary>The three places around the model must hold ByteLevel; only the pre-tokenizer's options change ids.</summary>
    private static void RequireByteLevel(Field root, string part, bool isOptional)
    {
        if (root.Find(part) is not { } field)
        {
            if (isOptional)
                return;
            throw root.Unsupported($"{part} null", "GPT-2's is ByteLevel");
        }

        if (field.TypeName != "ByteLevel")
            throw field.Unsupported($"{part} {field.TypeName}", "GPT-2's is ByteLevel");
        if (part != "pre_tokenizer")
            return;
        if (!field.Has("add_prefix_space") || field.IsTrue("add_prefix_space"))
            throw field.Unsupported("add_prefix_space = true", "text is encoded as it is");
        if (field.Has("use_regex") && !field.IsTrue("use_regex"))
            throw field.Unsupported("use_regex = false", "text is split by GPT-2's pattern");
    }

    private static string? AddMerge(ByteLevelVocabulary vocabulary, Field merge)
    {
        if (merge.Value.ValueKind == JsonValueKind.String)
            return ByteLevelMerges.Add(vocabulary, merge.Text);
        if (merge.Value.ValueKind != JsonValueKind.Array || merge.Value.GetArrayLength() != 2)
            return "is not a merge: \"a b\" or [\"a\", \"b\"]";
        Field[] parts = [.. merge.Items()];
        return vocabulary.AddMerge(parts[0].Text, parts[1].Text);
    }

    private static AddedToken ReadAddedToken(Field token)
    {
        string text = token.Require("content", JsonValueKind.String).Text;
        foreach (string flag in (string[])["lstrip", "rstrip", "single_word"])
        {
            if (token.IsTrue(flag))
                throw token.Unsupported($"added token '{text}' with {flag} = true", "added tokens are matched as they are");
        }

        Field id = token.Require("id", JsonValueKind.Number);
        return id.Value.TryGetInt32(out int value)
            ? new AddedToken(text, value, token.IsTrue("special"))
            : throw id.Malformed($"'{id.Value.GetRawText()}' is not an id");
    }

    private static void WriteJson(string path, Action<Utf8JsonWriter> writeFields) =>
        DurableFile.Replace(path, stream =>
        {
            using Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
            json.WriteStartObject();
            writeFields(json);
            json.WriteEndObject();
        });

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

    private static void WriteByteLevel(Utf8JsonWriter json, string part)
    {
        json.WriteStartObject(part);
        json.WriteString("type", "ByteLevel");
        json.WriteBoolean("add_prefix_space", false);
        json.WriteBoolean("trim_offsets", part != "post_processor"); // as in the released file; ids do not depend on it
        json.WriteBoolean("use_regex", true);
        json.WriteEndObject();
    }

    private static void WriteModel(Utf8JsonWriter json, ByteLevelBpe tokenizer)
    {
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        json.WriteNull("dropout");
        json.WriteNull("unk_token");
        json.WriteString("continuing_subword_prefix", "");
        json.WriteString("end_of_word_suffix", "");
        json.WriteBoolean("fuse_unk", false);
        json.WriteBoolean("byte_fallback", false);
        json.WriteBoolean("ignore_merges", false);
        json.WriteStartObject("vocab");
        for (int id = 0; id < tokenizer.VocabularySize; id++)
            json.WriteNumber(tokenizer.TokenText(id), id);
        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach (BpeMerge merge in tokenizer.Merges)
            json.WriteStringValue($"{tokenizer.TokenText(merge.Left)} {tokenizer.TokenText(merge.Right)}");
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>A value of the file and the way to it, for messages such as <c>tokenizer.json: model.merges[3]: ...</c>.</summary>
    private readonly record struct Field(string Path, string Name, JsonElement Value)
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
        public Field? Find(string name)
        {
            if (Value.ValueKind != JsonValueKind.Object)
                throw Malformed("is not an object");
            return Value.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null
                ? new Field(Path, Name.Length == 0 ? name : $"{Name}.{name}", value)
                : null;
        }

        public Field Require(string name, JsonValueKind kind) =>
            Find(name) is not { } field ? throw Malformed($"has no {name}")
            : field.Value.ValueKind == kind ? field
            : throw field.Malformed($"is {field.Value.ValueKind}; {kind} is expected");

        public bool Has(string name) => Find(name) is not null;

        public bool IsTrue(string name) => Find(name) is { } field && field.Value.ValueKind == JsonValueKind.True;

        public IEnumerable<Field> Items()
        {
            if (Value.ValueKind != JsonValueKind.Array)
                throw Malformed("is not an array");
            int i = 0;
            foreach (JsonElement item in Value.EnumerateArray())
                yield return new Field(Path, $"{Name}[{i++}]", item);
        }

        public InvalidDataException Malformed(string problem) => new($"{Place}: {problem}");

        public NotSupportedException Unsupported(string what, string instead) => new($"{Place}: {what} is not supported; {instead}");

        private string Place => Name.Length == 0 ? Path : $"{Path}: {Name}";
    }
}
