using System.Text;
using System.Text.Json;
using Foreword.Settings;
using Foreword.Tokenization.Files;
using Foreword.Tokenization.WordPieces;

namespace Foreword.Tokenization.Gpt1;

/// <summary>Reads and writes GPT-1's kind in <c>tokenizer.json</c> and its accompanying files, as Hugging Face writes OpenAIGPTTokenizerFast.</summary>
internal static class Gpt1Json
{
    /// <summary>The key of tokenizer_config.json that selects <see cref="Gpt1Words.Standardize"/>. Only Foreword reads it.</summary>
    public const string StandardizeKey = "text_standardize";

    /// <summary>Reads the tokenizer. Throws, naming the part, if a part changes ids and is not GPT-1's.</summary>
    public static Gpt1Bpe Read(TokenizerField root)
    {
        TokenizerCompanions companions = TokenizerCompanions.Beside(root.Path);
        RefuseOtherSwitches(companions);
        (bool lowerCase, bool stripAccents, bool separateIdeographs) = BertJson.Read(root, companions: null);
        if (!lowerCase || !stripAccents || !separateIdeographs)
        {
            throw root.Require("normalizer", JsonValueKind.Object).Unsupported(
                !lowerCase ? "lowercase = false" : !stripAccents ? "strip_accents = false" : "handle_chinese_chars = false", "GPT-1's text is lower case, without accents, and with spaces around ideographs");
        }

        TokenizerField model = root.Require("model", JsonValueKind.Object);
        string unknown = model.Find("unk_token")?.Text ?? "null";
        if (unknown != Gpt1Bpe.Unknown)
            throw model.Unsupported($"unk_token {unknown}", $"GPT-1's is {Gpt1Bpe.Unknown}");
        Gpt1Bpe tokenizer = Create(BpeModelJson.Read(root, companions, Gpt1Bpe.EndOfWord), root.Path, Gpt1Words.Basic);
        (IReadOnlyList<int> before, IReadOnlyList<int> after) = TemplateJson.Read(root, tokenizer.VocabSize);
        return (Gpt1Bpe)companions.Assign(tokenizer, before, after);
    }

    /// <summary>Throws if tokenizer_config.json requires something that GPT-1's tokenizer does not do.</summary>
    /// <exception cref="NotSupportedException">A switch or token is not GPT-1's; the message names it.</exception>
    public static void RefuseOtherSwitches(TokenizerCompanions companions)
    {
        companions.RequireRole(TokenizerCompanions.UnknownKey, Gpt1Bpe.Unknown);
        companions.RequireSwitch(BertJson.LowerCaseKey, true, "GPT-1's text is lower case");
        companions.RequireSwitch(BertJson.StripAccentsKey, true, "GPT-1's text has no accents");
        companions.RequireSwitch(BertJson.IdeographsKey, true, "GPT-1's text has spaces around ideographs");
    }

    /// <summary>Creates the tokenizer from the entries that were read.</summary>
    /// <exception cref="InvalidDataException">The ids have gaps, or an entry occurs twice; the message names the file.</exception>
    public static Gpt1Bpe Create(VocabularyEntries vocabulary, string path, Gpt1Words words)
    {
        string[] tokens = vocabulary.Texts(path);
        try
        {
            return new Gpt1Bpe(tokens, vocabulary.Merges, [], words, vocabulary.Added, vocabulary.Beyond);
        }
        catch (ArgumentException problem)
        {
            throw new InvalidDataException($"{path}: {ArgumentSentence.Of(problem)}", problem);
        }
    }

    /// <summary>Checks whether a text is a single character, inside a word or at its end.</summary>
    public static bool IsOneSymbol(string text)
    {
        string character = text.EndsWith(Gpt1Bpe.EndOfWord, StringComparison.Ordinal) ? text[..^Gpt1Bpe.EndOfWord.Length] : text;
        return character.Length > 0 && Rune.DecodeFromUtf16(character, out _, out int length) == System.Buffers.OperationStatus.Done && length == character.Length;
    }

    /// <summary>Writes every file of the tokenizer into an existing directory.</summary>
    public static void Save(Gpt1Bpe tokenizer, string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        bool basic = tokenizer.Words == Gpt1Words.Basic;
        BpeText.Write(tokenizer, tokenizer.Merges, directory);
        TokenizerConfigJson.Write(tokenizer, directory, "OpenAIGPTTokenizer", new() { [TokenizerCompanions.UnknownKey] = Gpt1Bpe.Unknown }, json =>
        {
            json.WriteBoolean(BertJson.LowerCaseKey, true);
            if (!basic)
                json.WriteBoolean(StandardizeKey, true);
        });
        string whole = Path.Combine(directory, TokenizerFileNames.TokenizerJson);
        if (basic)
            Write(tokenizer, whole);
        else
            File.Delete(whole); // left by an earlier tokenizer; this format cannot express text_standardize
    }

    private static void Write(Gpt1Bpe tokenizer, string path) => TokenizerJson.Write(path, json =>
    {
        TokenizerJson.WriteHead(json, tokenizer.AddedTokens);
        BertJson.Write(json, lowerCase: true, stripAccents: true, separateIdeographs: true);
        TemplateJson.Write(json, tokenizer);
        json.WriteStartObject("decoder");
        json.WriteString("type", "BPEDecoder");
        json.WriteString("suffix", Gpt1Bpe.EndOfWord);
        json.WriteEndObject();
        BpeModelJson.Write(json, tokenizer, tokenizer.Merges, Gpt1Bpe.Unknown, Gpt1Bpe.EndOfWord);
    });
}
