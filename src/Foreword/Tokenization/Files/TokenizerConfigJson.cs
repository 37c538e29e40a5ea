using System.Globalization;
using System.Text.Json;

namespace Foreword.Tokenization.Files;

/// <summary>
/// Writes <c>tokenizer_config.json</c>: the class, the switches, the special tokens by their roles, and the added tokens that the other files
/// do not distinguish from the vocabulary.
/// </summary>
internal static class TokenizerConfigJson
{
    /// <summary>Writes the file, and deletes files of an earlier tokenizer that would contradict it.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="directory">An existing directory.</param>
    /// <param name="tokenizerClass">The name of the tokenizer's class in transformers.</param>
    /// <param name="roles">The kind's own tokens by their keys. Tokens that were read from files win.</param>
    /// <param name="writeSwitches">Writes the kind's switches; may be null.</param>
    public static void Write(Tokenizer tokenizer, string directory, string tokenizerClass, Dictionary<string, string> roles, Action<Utf8JsonWriter>? writeSwitches = null)
    {
        if (tokenizer.EndOfTextId is { } end && tokenizer.AddedTokens.Any(token => token.Id == end))
            roles[TokenizerCompanions.EndKey] = tokenizer.TokenText(end);
        if (tokenizer.Roles.StartOfText is { } start)
            roles[TokenizerCompanions.StartKey] = tokenizer.TokenText(start);
        foreach ((string key, string text) in tokenizer.Roles.Names)
            roles[key] = text;
        foreach (string companion in (string[])[TokenizerCompanions.SpecialTokensMap, TokenizerCompanions.AddedTokensJson])
            File.Delete(Path.Combine(directory, companion));
        TokenizerJson.Write(Path.Combine(directory, TokenizerFileNames.TokenizerConfig), json =>
        {
            json.WriteString("tokenizer_class", tokenizerClass);
            writeSwitches?.Invoke(json);
            if (tokenizer.TemplateStart is [var first] && first == tokenizer.StartOfTextId)
                json.WriteBoolean("add_bos_token", true);
            if (tokenizer.TemplateEnd is [var last] && last == tokenizer.EndOfTextId)
                json.WriteBoolean("add_eos_token", true);
            foreach (string key in TokenizerCompanions.RoleKeys.Where(roles.ContainsKey))
                json.WriteString(key, roles[key]);
            WriteAdditional(json, tokenizer);
            WriteDecoder(json, tokenizer);
        });
    }

    private static void WriteAdditional(Utf8JsonWriter json, Tokenizer tokenizer)
    {
        if (tokenizer.Roles.Additional.Count == 0)
            return;
        json.WriteStartArray(TokenizerCompanions.AdditionalKey);
        foreach (string text in tokenizer.Roles.Additional)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }

    /// <summary>Writes the added tokens if at least one of them is more than a special token of the vocabulary.</summary>
    private static void WriteDecoder(Utf8JsonWriter json, Tokenizer tokenizer)
    {
        if (tokenizer.AddedTokens.All(token => token.Switches == 0 && !tokenizer.IsBeyondModel(token.Id)) && tokenizer.Roles.Additional.Count == 0)
            return;
        json.WriteStartObject(TokenizerCompanions.DecoderKey);
        foreach (AddedToken token in tokenizer.AddedTokens)
        {
            json.WriteStartObject(token.Id.ToString(CultureInfo.InvariantCulture));
            TokenizerJson.WriteToken(json, token);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
