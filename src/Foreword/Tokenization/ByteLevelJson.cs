using System.Text;
using System.Text.Json;

namespace Foreword.Tokenization;

/// <summary>A byte-level BPE (GPT-2's kind) in <c>tokenizer.json</c>.</summary>
internal static class ByteLevelJson
{
    /// <summary>Reads the tokenizer; a part that changes ids and is not GPT-2's is refused by its name.</summary>
    public static ByteLevelBpe Read(TokenizerField root)
    {
        if (root.Find("normalizer") is { } normalizer)
            throw normalizer.Unsupported($"normalizer {normalizer.TypeName}", "GPT-2's tokenizer has none");
        RequireByteLevel(root, "pre_tokenizer", isOptional: false);
        RequireByteLevel(root, "decoder", isOptional: true);
        RequireByteLevel(root, "post_processor", isOptional: true);
        return Build(BpeModelJson.Read(root, endOfWord: ""), root.Path);
    }

    /// <summary>The tokenizer of what was read.</summary>
    /// <exception cref="InvalidDataException">Ids have gaps, a token is outside the alphabet, or a byte has no token; names the file.</exception>
    public static ByteLevelBpe Build(VocabularyEntries vocabulary, string path)
    {
        HashSet<int> added = [.. vocabulary.Added.Select(token => token.Id)];
        byte[][] tokens = [.. vocabulary.Texts(path).Select((text, id) => added.Contains(id)
            ? Encoding.UTF8.GetBytes(text)
            : ByteAlphabet.Read(text) ?? throw new InvalidDataException($"{path}: token {id} '{text}' has characters outside the byte-level alphabet"))];
        try
        {
            return new ByteLevelBpe(tokens, vocabulary.Merges, [.. vocabulary.Added]);
        }
        catch (ArgumentException problem)
        {
            throw new InvalidDataException($"{path}: {problem.Message}", problem);
        }
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
            BpeModelJson.Write(json, tokenizer, tokenizer.Merges, unknown: null, endOfWord: "");
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

    /// <summary>The three places around the model must hold ByteLevel; only the pre-tokenizer's options change ids.</summary>
    private static void RequireByteLevel(TokenizerField root, string part, bool isOptional)
    {
        if (root.Find(part) is not { } field)
        {
            if (isOptional)
                return;
            throw root.Unsupported($"{part} null", "GPT-2's is ByteLevel");
        }

        if (field.TypeName != "ByteLevel" && !(part == "post_processor" && TokenizerJson.IsTemplate(field.TypeName)))
            throw field.Unsupported($"{part} {field.TypeName}", "GPT-2's is ByteLevel");
        if (part != "pre_tokenizer")
            return;
        if (!field.Has("add_prefix_space") || field.IsTrue("add_prefix_space"))
            throw field.Unsupported("add_prefix_space = true", "text is encoded as it is");
        if (field.Has("use_regex") && !field.IsTrue("use_regex"))
            throw field.Unsupported("use_regex = false", "text is split by GPT-2's pattern");
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
}
