using System.Text.Json;
using Foreword.Settings;
using Foreword.Tokenization.Files;

namespace Foreword.Tokenization.Words;

/// <summary>
/// Reads and writes <see cref="CharTokenizer"/> and <see cref="WordTokenizer"/> in <c>tokenizer.json</c>. Both are a WordLevel model. Its words
/// are single characters, or the text between white space after every line feed is replaced with <c>&lt;eos&gt;</c>.
/// </summary>
internal static class WordLevelJson
{
    /// <summary>A pattern for any character, in the syntax of Hugging Face's regular expressions.</summary>
    private const string AnyCharacter = @"[\s\S]";

    private const string LineEnd = $" {WordTokenizer.EndOfSentence} ";

    /// <summary>Reads either kind. The pre-tokenizer decides which kind it is.</summary>
    /// <exception cref="InvalidDataException">The vocabulary does not fit the kind.</exception>
    /// <exception cref="NotSupportedException">A part belongs to neither of the two kinds.</exception>
    public static Tokenizer Read(TokenizerField root)
    {
        TokenizerField model = root.Require("model", JsonValueKind.Object);
        TokenizerCompanions companions = TokenizerCompanions.Beside(root.Path);
        companions.RequireRole(TokenizerCompanions.UnknownKey, WordTokenizer.Unknown);
        VocabularyEntries vocabulary = TokenizerJson.ReadVocabulary(root, model.Require("vocab", JsonValueKind.Object), companions);
        string[] texts = vocabulary.Texts(root.Path);
        (IReadOnlyList<int> before, IReadOnlyList<int> after) = TemplateJson.Read(root, texts.Length);
        if (model.Find("unk_token") is { } unknown && unknown.Text != WordTokenizer.Unknown)
            throw unknown.Unsupported($"unk_token '{unknown.Text}'", $"it is {WordTokenizer.Unknown}");
        try
        {
            if (IsolatesCharacters(root))
                return companions.Assign(new CharTokenizer(texts, vocabulary.Added, vocabulary.Beyond), before, after);
            TokenizerField split = root.Find("pre_tokenizer") ?? throw root.Unsupported("pre_tokenizer null", "supported: WhitespaceSplit, Split");
            if (split.TypeName != "WhitespaceSplit")
                throw split.Unsupported($"pre_tokenizer {split.TypeName}", "a WordLevel model has WhitespaceSplit (words) or Split (characters)");
            RefuseOtherLineEnds(root);
            return companions.Assign(new WordTokenizer(texts, vocabulary.Added, vocabulary.Beyond), before, after);
        }
        catch (ArgumentException problem)
        {
            throw model.Malformed(ArgumentSentence.Of(problem));
        }
    }

    /// <summary>Writes <c>tokenizer.json</c> and <c>tokenizer_config.json</c> into an existing directory.</summary>
    public static void Save(Tokenizer tokenizer, string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        bool words = tokenizer is WordTokenizer;
        TokenizerJson.Write(Path.Combine(directory, TokenizerFileNames.TokenizerJson), json =>
        {
            TokenizerJson.WriteHead(json, tokenizer.AddedTokens);
            if (words)
                WriteWords(json);
            else
                WriteCharacters(json);
            TemplateJson.Write(json, tokenizer);
            if (words)
                json.WriteNull("decoder");
            else
                TokenizerJson.WritePart(json, "decoder", "Fuse");
            json.WriteStartObject("model");
            json.WriteString("type", "WordLevel");
            TokenizerJson.WriteVocabulary(json, tokenizer);
            json.WriteString("unk_token", WordTokenizer.Unknown);
            json.WriteEndObject();
        });
        HashSet<string> special = [.. tokenizer.AddedTokens.Select(token => token.Text)];
        Dictionary<string, string> roles = [];
        if (special.Contains(WordTokenizer.Unknown))
            roles[TokenizerCompanions.UnknownKey] = WordTokenizer.Unknown;
        TokenizerConfigJson.Write(tokenizer, directory, "PreTrainedTokenizerFast", roles);
    }

    /// <summary>Checks whether the pre-tokenizer makes every character a word.</summary>
    /// <exception cref="NotSupportedException">The pre-tokenizer splits in another way, or there is a normalizer before it.</exception>
    public static bool IsolatesCharacters(TokenizerField root)
    {
        if (root.Find("pre_tokenizer") is not { TypeName: "Split" } split)
            return false;
        if (root.Find("normalizer") is { } normalizer)
            throw normalizer.Unsupported($"normalizer {normalizer.TypeName}", "characters are not normalized");
        TokenizerField pattern = split.Require("pattern", JsonValueKind.Object);
        string text = (pattern.Find("Regex") ?? pattern.Require("String", JsonValueKind.String)).Text;
        if (text is not (AnyCharacter or "") || split.IsTrue("invert") || split.Require("behavior", JsonValueKind.String).Text != "Isolated")
            throw split.Unsupported($"Split at '{text}'", $"every match of {AnyCharacter} is isolated");
        return true;
    }

    /// <summary>Writes the parts before the model for a tokenizer in which every character is a word.</summary>
    public static void WriteCharacters(Utf8JsonWriter json)
    {
        json.WriteNull("normalizer");
        json.WriteStartObject("pre_tokenizer");
        json.WriteString("type", "Split");
        WritePattern(json, "Regex", AnyCharacter);
        json.WriteString("behavior", "Isolated");
        json.WriteBoolean("invert", false);
        json.WriteEndObject();
    }

    private static void RefuseOtherLineEnds(TokenizerField root)
    {
        if (root.Find("normalizer") is not { } normalizer)
            throw root.Unsupported("normalizer null", $"line feeds are written as {WordTokenizer.EndOfSentence}");
        if (normalizer.TypeName != "Replace"
            || normalizer.Require("pattern", JsonValueKind.Object).Require("String", JsonValueKind.String).Text != "\n"
            || normalizer.Require("content", JsonValueKind.String).Text != LineEnd)
        {
            throw normalizer.Unsupported($"normalizer {normalizer.TypeName}", $"a word tokenizer replaces line feeds with '{LineEnd}'");
        }
    }

    private static void WriteWords(Utf8JsonWriter json)
    {
        json.WriteStartObject("normalizer");
        json.WriteString("type", "Replace");
        WritePattern(json, "String", "\n");
        json.WriteString("content", LineEnd);
        json.WriteEndObject();
        TokenizerJson.WritePart(json, "pre_tokenizer", "WhitespaceSplit");
    }

    private static void WritePattern(Utf8JsonWriter json, string kind, string text)
    {
        json.WriteStartObject("pattern");
        json.WriteString(kind, text);
        json.WriteEndObject();
    }
}
