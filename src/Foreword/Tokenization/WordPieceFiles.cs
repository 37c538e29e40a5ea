using System.Text;
using System.Text.Json;

namespace Foreword.Tokenization;

/// <summary>
/// A WordPiece vocabulary as files: <c>vocab.txt</c>, one token a line, whose id is the line's number from 0, and <c>tokenizer.json</c>.
/// </summary>
public static class WordPieceFiles
{
    /// <summary>The key of tokenizer_config.json that asks for <see cref="WordPieceUnits.Characters"/>; only Foreword reads it.</summary>
    private const string CharactersKey = "one_character_one_token";

    private const string LowerCaseKey = "do_lower_case";

    /// <summary>
    /// Reads <c>vocab.txt</c>. Lines end at line feeds alone: the vocabulary of BERT-Base, Chinese has U+2028 as a token. What
    /// <c>tokenizer_config.json</c>, if it lies beside, says of lower case is heeded.
    /// </summary>
    /// <exception cref="InvalidDataException">The file is not UTF-8, a line is empty or stands twice, or <c>[UNK]</c> is missing; names file and line.</exception>
    public static WordPiece Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(path)).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException problem)
        {
            throw new InvalidDataException($"{path}: not UTF-8 at byte {problem.Index}", problem);
        }

        string[] lines = text.Split('\n');
        if (lines[^1].Length == 0)
            lines = lines[..^1];
        Dictionary<string, int> seen = [];
        for (int i = 0; i < lines.Length; i++)
        {
            lines[i] = lines[i].EndsWith('\r') && lines[i].Length > 1 ? lines[i][..^1] : lines[i];
            if (lines[i].Length == 0)
                throw new InvalidDataException($"{path}:{i + 1}: the token is empty");
            if (!seen.TryAdd(lines[i], i + 1))
                throw new InvalidDataException($"{path}:{i + 1}: token '{lines[i]}' stands in line {seen[lines[i]]} already");
        }

        (bool lowerCase, WordPieceUnits units) = Settings(path);
        return Build(lines, lowerCase, units, path);
    }

    /// <summary>Reads a tokenizer.json of this kind. What a post-processor puts around a text is an option of a call, and not read.</summary>
    internal static WordPiece Read(TokenizerField root)
    {
        TokenizerField model = root.Require("model", JsonValueKind.Object);
        string prefix = model.Find("continuing_subword_prefix")?.Text ?? WordPiece.Continuation;
        if (prefix != WordPiece.Continuation)
            throw model.Unsupported($"continuing_subword_prefix '{prefix}'", $"it is {WordPiece.Continuation}");
        string unknown = model.Find("unk_token")?.Text ?? WordPiece.Unknown;
        if (unknown != WordPiece.Unknown)
            throw model.Unsupported($"unk_token {unknown}", $"it is {WordPiece.Unknown}");
        if (model.Find("max_input_chars_per_word") is { } longest && longest.Value.GetRawText() != "100")
            throw longest.Unsupported($"max_input_chars_per_word = {longest.Value.GetRawText()}", "it is 100");
        string[] tokens = TokenizerJson.Texts(root, model.Require("vocab", JsonValueKind.Object));
        if (!WordLevelJson.IsolatesCharacters(root))
            return Build(tokens, BertJson.IsLowerCase(root), WordPieceUnits.Words, root.Path);
        return Build(tokens, false, WordPieceUnits.Characters, root.Path);
    }

    internal static void Save(WordPiece tokenizer, string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        DurableFile.Replace(Path.Combine(directory, TokenizerFiles.VocabTxt), stream =>
        {
            for (int id = 0; id < tokenizer.VocabularySize; id++)
                stream.Write(Encoding.UTF8.GetBytes(tokenizer.TokenText(id) + "\n"));
        });
        TokenizerJson.Write(Path.Combine(directory, TokenizerFiles.TokenizerConfig), json =>
        {
            json.WriteString("tokenizer_class", "BertTokenizer");
            json.WriteBoolean(LowerCaseKey, tokenizer.LowerCase);
            if (tokenizer.Units == WordPieceUnits.Characters)
                json.WriteBoolean(CharactersKey, true);
            foreach (AddedToken token in tokenizer.AddedTokens)
                json.WriteString($"{token.Text.Trim('[', ']').ToLowerInvariant()}_token", token.Text);
        });
        TokenizerJson.Write(Path.Combine(directory, TokenizerFiles.TokenizerJson), json =>
        {
            TokenizerJson.WriteHead(json, tokenizer.AddedTokens);
            if (tokenizer.Units == WordPieceUnits.Words)
                BertJson.Write(json, tokenizer.LowerCase);
            else
                WordLevelJson.WriteCharacters(json);
            json.WriteNull("post_processor");
            json.WriteStartObject("decoder");
            json.WriteString("type", "WordPiece");
            json.WriteString("prefix", WordPiece.Continuation);
            json.WriteBoolean("cleanup", true);
            json.WriteEndObject();
            json.WriteStartObject("model");
            json.WriteString("type", "WordPiece");
            json.WriteString("unk_token", WordPiece.Unknown);
            json.WriteString("continuing_subword_prefix", WordPiece.Continuation);
            json.WriteNumber("max_input_chars_per_word", 100);
            TokenizerJson.WriteVocabulary(json, tokenizer);
            json.WriteEndObject();
        });
    }

    private static (bool LowerCase, WordPieceUnits Units) Settings(string vocabulary)
    {
        if (TokenizerFiles.ConfigBeside(vocabulary) is not { } config)
            return (true, WordPieceUnits.Words);
        return (!config.Has(LowerCaseKey) || config.IsTrue(LowerCaseKey), config.IsTrue(CharactersKey) ? WordPieceUnits.Characters : WordPieceUnits.Words);
    }

    private static WordPiece Build(IReadOnlyList<string> tokens, bool lowerCase, WordPieceUnits units, string path)
    {
        try
        {
            return new WordPiece(tokens, lowerCase, units);
        }
        catch (ArgumentException problem)
        {
            throw new InvalidDataException($"{path}: {problem.Message}", problem);
        }
    }
}
