using System.Text.Json;
using Foreword.Tokenization.Files;
using Foreword.Tokenization.Normalization;

namespace Foreword.Tokenization.WordPieces;

/// <summary>Reads and writes BERT's normalizer and pre-tokenizer in <c>tokenizer.json</c>. <see cref="BasicSplit"/> applies them.</summary>
internal static class BertJson
{
    public const string LowerCaseKey = "do_lower_case", StripAccentsKey = "strip_accents", IdeographsKey = "tokenize_chinese_chars"; // keys of tokenizer_config.json

    /// <summary>Reads the switches of the two parts. If tokenizer_config.json also sets a switch, its value wins, as in transformers.</summary>
    /// <param name="root">The root of the file.</param>
    /// <param name="companions">The files in the same directory; null to ignore them.</param>
    /// <exception cref="NotSupportedException">One of the two parts has another type, or a switch has a value that is not supported.</exception>
    public static (bool LowerCase, bool StripAccents, bool SeparateIdeographs) Read(TokenizerField root, TokenizerCompanions? companions)
    {
        TokenizerField normalizer = root.Find("normalizer") ?? throw root.Unsupported("normalizer null", "only BertNormalizer is supported");
        if (normalizer.TypeName != "BertNormalizer")
            throw normalizer.Unsupported($"normalizer {normalizer.TypeName}", "only BertNormalizer is supported");
        TokenizerField split = root.Find("pre_tokenizer") ?? throw root.Unsupported("pre_tokenizer null", "only BertPreTokenizer is supported");
        if (split.TypeName != "BertPreTokenizer")
            throw split.Unsupported($"pre_tokenizer {split.TypeName}", "only BertPreTokenizer is supported");
        if (normalizer.Has("clean_text") && !normalizer.IsTrue("clean_text"))
            throw normalizer.Unsupported("clean_text = false", "text is cleaned");
        return Read(companions, Switch("lowercase"), Switch("strip_accents"), Switch("handle_chinese_chars"));

        bool? Switch(string name) => normalizer.Has(name) ? normalizer.IsTrue(name) : null;
    }

    /// <summary>
    /// Reads the switches of tokenizer_config.json. A switch that is not set there has the given value, or BERT's default if that value is null.
    /// </summary>
    public static (bool LowerCase, bool StripAccents, bool SeparateIdeographs) Read(TokenizerCompanions? companions, bool? lowerCase = null, bool? stripAccents = null, bool? separateIdeographs = null)
    {
        bool lower = companions?.Switch(LowerCaseKey) ?? lowerCase ?? true;
        return (lower, companions?.Switch(StripAccentsKey) ?? stripAccents ?? lower, companions?.Switch(IdeographsKey) ?? separateIdeographs ?? true);
    }

    /// <summary>Writes the two parts.</summary>
    public static void Write(Utf8JsonWriter json, bool lowerCase, bool stripAccents, bool separateIdeographs)
    {
        json.WriteStartObject("normalizer");
        json.WriteString("type", "BertNormalizer");
        json.WriteBoolean("clean_text", true);
        json.WriteBoolean("handle_chinese_chars", separateIdeographs);
        if (stripAccents == lowerCase)
            json.WriteNull("strip_accents"); // null means the same value as lowercase
        else
            json.WriteBoolean("strip_accents", stripAccents);
        json.WriteBoolean("lowercase", lowerCase);
        json.WriteEndObject();
        TokenizerJson.WritePart(json, "pre_tokenizer", "BertPreTokenizer");
    }
}
