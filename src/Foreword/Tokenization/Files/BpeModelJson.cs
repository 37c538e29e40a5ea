using System.Text.Json;
using Foreword.Tokenization.Bpe;

namespace Foreword.Tokenization.Files;

/// <summary>Reads and writes the BPE model of a <c>tokenizer.json</c>, which the byte-level kind and GPT-1's kind share.</summary>
internal static class BpeModelJson
{
    /// <summary>Reads vocabulary, merges and added tokens. Throws, naming the part, if a part changes ids and is not supported.</summary>
    /// <param name="root">The root of the file.</param>
    /// <param name="companions">The accompanying files.</param>
    /// <param name="endOfWord">The suffix of a word's last token; empty if there is none.</param>
    public static VocabularyEntries Read(TokenizerField root, TokenizerCompanions companions, string endOfWord)
    {
        TokenizerField model = root.Require("model", JsonValueKind.Object);
        Refuse(model, endOfWord);
        VocabularyEntries vocabulary = new();
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

        TokenizerJson.AddAdded(root, vocabulary, companions);
        return vocabulary;
    }

    /// <summary>Writes the model part.</summary>
    public static void Write(Utf8JsonWriter json, Tokenizer tokenizer, IReadOnlyList<BpeMerge> merges, string? unknown, string endOfWord)
    {
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        json.WriteNull("dropout");
        json.WriteString("unk_token", unknown);
        json.WriteString("continuing_subword_prefix", "");
        json.WriteString("end_of_word_suffix", endOfWord);
        json.WriteBoolean("fuse_unk", false);
        json.WriteBoolean("byte_fallback", false);
        json.WriteBoolean("ignore_merges", false);
        TokenizerJson.WriteVocabulary(json, tokenizer);
        json.WriteStartArray("merges");
        foreach (BpeMerge merge in merges)
            json.WriteStringValue($"{tokenizer.TokenText(merge.Left)} {tokenizer.TokenText(merge.Right)}");
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Refuse(TokenizerField model, string endOfWord)
    {
        if (model.Find("continuing_subword_prefix") is { Text.Length: > 0 } prefix)
            throw model.Unsupported($"continuing_subword_prefix '{prefix.Text}'", "GPT's tokenizers have none");
        string suffix = model.Find("end_of_word_suffix")?.Text ?? "";
        if (suffix != endOfWord)
            throw model.Unsupported($"end_of_word_suffix '{suffix}'", endOfWord.Length == 0 ? "a byte-level BPE has none" : $"GPT-1's is {endOfWord}");
        foreach (string flag in (string[])["byte_fallback", "ignore_merges", "fuse_unk"])
        {
            if (model.IsTrue(flag))
                throw model.Unsupported($"{flag} = true", "GPT's tokenizers set it to false");
        }

        if (model.Find("dropout") is { } dropout && !(dropout.Value.ValueKind == JsonValueKind.Number && dropout.Value.GetDouble() == 0))
            throw model.Unsupported($"dropout {dropout.Value.GetRawText()}", "encoding is deterministic");
    }

    private static string? AddMerge(VocabularyEntries vocabulary, TokenizerField merge)
    {
        if (merge.Value.ValueKind == JsonValueKind.String)
            return BpeText.AddMerge(vocabulary, merge.Text);
        if (merge.Value.ValueKind != JsonValueKind.Array || merge.Value.GetArrayLength() != 2)
            return "is not a merge; expected \"a b\" or [\"a\", \"b\"]";
        TokenizerField[] parts = [.. merge.Items()];
        return vocabulary.AddMerge(parts[0].Text, parts[1].Text);
    }
}
