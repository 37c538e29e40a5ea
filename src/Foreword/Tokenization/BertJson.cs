using System.Text.Json;

namespace Foreword.Tokenization;

/// <summary>BERT's normalizer and pre-tokenizer in <c>tokenizer.json</c>: what <see cref="BasicSplit"/> does.</summary>
internal static class BertJson
{
    /// <summary>True for lower case without accents, false for letters as they are.</summary>
    /// <exception cref="NotSupportedException">One of the two parts is another one, or has a switch that is not done here.</exception>
    public static bool IsLowerCase(TokenizerField root)
    {
        TokenizerField normalizer = root.Find("normalizer") ?? throw root.Unsupported("normalizer null", "BertNormalizer is read");
        if (normalizer.TypeName != "BertNormalizer")
            throw normalizer.Unsupported($"normalizer {normalizer.TypeName}", "BertNormalizer is read");
        TokenizerField split = root.Find("pre_tokenizer") ?? throw root.Unsupported("pre_tokenizer null", "BertPreTokenizer is read");
        if (split.TypeName != "BertPreTokenizer")
            throw split.Unsupported($"pre_tokenizer {split.TypeName}", "BertPreTokenizer is read");
        foreach (string needed in (string[])["clean_text", "handle_chinese_chars"])
        {
            if (normalizer.Has(needed) && !normalizer.IsTrue(needed))
                throw normalizer.Unsupported($"{needed} = false", "text is cleaned and ideographs are spaced out");
        }

        bool lowerCase = !normalizer.Has("lowercase") || normalizer.IsTrue("lowercase");
        if (normalizer.Has("strip_accents") && normalizer.IsTrue("strip_accents") != lowerCase)
            throw normalizer.Unsupported($"strip_accents = {(lowerCase ? "false" : "true")} with lowercase = {(lowerCase ? "true" : "false")}", "accents go with lower case");
        return lowerCase;
    }

    /// <summary>Writes the two parts.</summary>
    public static void Write(Utf8JsonWriter json, bool lowerCase)
    {
        json.WriteStartObject("normalizer");
        json.WriteString("type", "BertNormalizer");
        json.WriteBoolean("clean_text", true);
        json.WriteBoolean("handle_chinese_chars", true);
        json.WriteNull("strip_accents"); // as lowercase
        json.WriteBoolean("lowercase", lowerCase);
        json.WriteEndObject();
        TokenizerJson.WritePart(json, "pre_tokenizer", "BertPreTokenizer");
    }
}
