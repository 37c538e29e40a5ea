using System.Text;
using Foreword.Settings;
using Foreword.Tokenization.Files;

namespace Foreword.Tokenization.ByteLevel;

/// <summary>Reads and writes a byte-level BPE (GPT-2's kind) in <c>tokenizer.json</c>.</summary>
internal static class ByteLevelJson
{
    public const string PrefixSpaceKey = "add_prefix_space"; // a key of tokenizer_config.json

    /// <summary>Reads the tokenizer. Throws, naming the part, if a part changes ids and is not supported.</summary>
    public static ByteLevelBpe Read(TokenizerField root)
    {
        TokenizerCompanions companions = TokenizerCompanions.Beside(root.Path);
        if (root.Find("decoder") is { } decoder && decoder.TypeName != ByteLevelTextJson.ByteLevel)
            throw decoder.Unsupported($"decoder {decoder.TypeName}", "GPT-2's is ByteLevel");
        ByteLevelText text = ByteLevelTextJson.Read(root, companions);
        ByteLevelBpe tokenizer = Create(BpeModelJson.Read(root, companions, endOfWord: ""), root.Path, text);
        (IReadOnlyList<int> before, IReadOnlyList<int> after) = TemplateJson.Read(root, tokenizer.VocabSize);
        return (ByteLevelBpe)companions.Assign(tokenizer, before, after);
    }

    /// <summary>Creates the tokenizer from the entries that were read.</summary>
    /// <exception cref="InvalidDataException">
    /// The ids have gaps, a token has characters outside the alphabet, or a byte has no token; the message names the file.
    /// </exception>
    public static ByteLevelBpe Create(VocabularyEntries vocabulary, string path, ByteLevelText? text = null)
    {
        HashSet<int> added = [.. vocabulary.Added.Select(token => token.Id)];
        byte[][] tokens = [.. vocabulary.Texts(path).Select((text, id) => added.Contains(id)
            ? Encoding.UTF8.GetBytes(text)
            : ByteAlphabet.Read(text) ?? throw new InvalidDataException($"{path}: token {id} '{text}' has characters outside the byte-level alphabet"))];
        try
        {
            return new ByteLevelBpe(tokens, vocabulary.Merges, [.. vocabulary.Added]) { Text = text ?? ByteLevelText.Gpt2 };
        }
        catch (ArgumentException problem)
        {
            throw new InvalidDataException($"{path}: {ArgumentSentence.Of(problem)}", problem);
        }
    }

    /// <summary>Writes a tokenizer.json that Hugging Face's <c>tokenizers</c> can read.</summary>
    public static void Write(ByteLevelBpe tokenizer, string path)
    {
        TokenizerJson.Write(path, json =>
        {
            TokenizerJson.WriteHead(json, tokenizer.AddedTokens);
            ByteLevelTextJson.Write(json, tokenizer.Text);
            if (tokenizer.TemplateStart.Count + tokenizer.TemplateEnd.Count > 0)
                TemplateJson.Write(json, tokenizer);
            else
                ByteLevelTextJson.WriteByteLevel(json, "post_processor");
            ByteLevelTextJson.WriteByteLevel(json, "decoder");
            BpeModelJson.Write(json, tokenizer, tokenizer.Merges, unknown: null, endOfWord: "");
        });
    }

    /// <summary>
    /// Writes a tokenizer_config.json with which transformers opens the directory as GPT-2's tokenizer. If text is not prepared as for GPT-2,
    /// transformers uses tokenizer.json instead.
    /// </summary>
    public static void WriteConfig(ByteLevelBpe tokenizer, string directory)
    {
        Dictionary<string, string> roles = [];
        if (tokenizer.EndOfTextId is { } end)
        {
            foreach (string role in (string[])[TokenizerCompanions.StartKey, TokenizerCompanions.EndKey, TokenizerCompanions.UnknownKey])
                roles[role] = tokenizer.TokenText(end);
        }

        string name = tokenizer.Text.IsGpt2 ? "GPT2Tokenizer" : "PreTrainedTokenizerFast";
        TokenizerConfigJson.Write(tokenizer, directory, name, roles, json => json.WriteBoolean(PrefixSpaceKey, tokenizer.Text.AddPrefixSpace));
    }
}
