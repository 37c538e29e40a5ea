using System.Text.Json;

namespace Foreword.Tokenization;

/// <summary>A byte-level BPE (GPT-2's kind) in <c>tokenizer.json</c>.</summary>
internal static class ByteLevelJson
{
    /// <summary>Reads the tokenizer; a part that changes ids and is not GPT-2's is refused by its name.</summary>
    public static ByteLevelBpe Read(TokenizerField root)
    {
        RefuseOtherParts(root);
        TokenizerField model = root.Require("model", JsonValueKind.Object);
        ByteLevelVocabulary vocabulary = new();
        TokenizerField entries = model.Require("vocab", JsonValueKind.Object);
        foreach ((string text, int id) in TokenizerJson.Vocabulary(entries))
        {
            if (vocabulary.AddToken(text, id) is { } problem)
                throw entries.Malformed(problem);
        }

        foreach (TokenizerField merge in model.Require("merges", JsonValueKind.Array).Items())
        {
            if (AddMerge(vocabulary, merge) is { } problem)
                throw merge.Malformed(problem);
        }

        foreach ((TokenizerField place, AddedToken token) in TokenizerJson.AddedTokens(root))
        {
            if (vocabulary.AddAddedToken(token) is { } problem)
                throw place.Malformed(problem);
        }

        return vocabulary.Build(root.Path);
    }

    /// <summary>Writes a tokenizer.json that Hugging Face's <c>tokenizers</c> opens.</summary>
    public static void Write(ByteLevelBpe tokenizer, string path)
    {
        TokenizerJson.Write(path, json =>
        {
            TokenizerJson.WriteHead(json, tokenizer.AddedTokens);
            json.WriteNull("normalizer");
            foreach (string part in (string[])["pre_tokenizer", "post_processor", "decoder"])
                WriteByteLevel(json, part);
            WriteModel(json, tokenizer);
        });
    }

    /// <summary>Writes the tokenizer_config.json that makes transformers open the directory as GPT-2's tokenizer.</summary>
    public static void WriteConfig(ByteLevelBpe tokenizer, string path)
    {
        TokenizerJson.Write(path, json =>
        {
            json.WriteString("tokenizer_class", "GPT2Tokenizer");
            json.WriteBoolean("add_prefix_space", false);
            if (tokenizer.EndOfTextId is null)
                return;
            foreach (string role in (string[])["bos_token", "eos_token", "unk_token"])
                json.WriteString(role, AddedToken.EndOfText);
        });
    }

    private static void RefuseOtherParts(TokenizerField root)
    {
        if (root.Find("normalizer") is { } normalizer)
            throw normalizer.Unsupported($"normalizer {normalizer.TypeName}", "GPT-2's tokenizer has none");
        RequireByteLevel(root, "pre_tokenizer", isOptional: false);
        RequireByteLevel(root, "decoder", isOptional: true);
        RequireByteLevel(root, "post_processor", isOptional: true);

        TokenizerField model = root.Require("model", JsonValueKind.Object);
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
    private static void RequireByteLevel(TokenizerField root, string part, bool isOptional)
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

    private static string? AddMerge(ByteLevelVocabulary vocabulary, TokenizerField merge)
    {
        if (merge.Value.ValueKind == JsonValueKind.String)
            return ByteLevelMerges.Add(vocabulary, merge.Text);
        if (merge.Value.ValueKind != JsonValueKind.Array || merge.Value.GetArrayLength() != 2)
            return "is not a merge: \"a b\" or [\"a\", \"b\"]";
        TokenizerField[] parts = [.. merge.Items()];
        return vocabulary.AddMerge(parts[0].Text, parts[1].Text);
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
        TokenizerJson.WriteVocabulary(json, tokenizer);
        json.WriteStartArray("merges");
        foreach (BpeMerge merge in tokenizer.Merges)
            json.WriteStringValue($"{tokenizer.TokenText(merge.Left)} {tokenizer.TokenText(merge.Right)}");
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
