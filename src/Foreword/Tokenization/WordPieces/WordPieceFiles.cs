using System.Text;
using System.Text.Json;
using Foreword.IO;
using Foreword.Settings;
using Foreword.Tokenization.Files;
using Foreword.Tokenization.Words;

namespace Foreword.Tokenization.WordPieces;

/// <summary>
/// Reads and writes a WordPiece vocabulary as files: <c>tokenizer.json</c> and <c>vocab.txt</c>. The latter has one token per line; the token's
/// id is the number of its line, counted from 0.
/// </summary>
internal static class WordPieceFiles
{
    /// <summary>The key of tokenizer_config.json that selects <see cref="WordPieceUnits.Characters"/>. Only Foreword reads it.</summary>
    private const string CharactersKey = "one_character_one_token";

    /// <summary>The key of tokenizer_config.json that says whether [CLS] and [SEP] are put around a text. Only Foreword reads it.</summary>
    private const string AroundKey = "add_cls_and_sep";

    private const string ClassKey = "tokenizer_class";

    /// <summary>
    /// Reads <c>vocab.txt</c>. Lines end only at line feeds, because the vocabulary of BERT-Base, Chinese contains U+2028 as a token. If the directory
    /// also contains <c>tokenizer_config.json</c>, its switches, such as that for lowercase, apply.
    /// </summary>
    /// <param name="path">The path of <c>vocab.txt</c>.</param>
    /// <exception cref="InvalidDataException">
    /// The file is not UTF-8, a line is empty or occurs twice, or <c>[UNK]</c> is missing; the message names file and line.
    /// </exception>
    public static WordPiece Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        GitLfsPointer.Refuse(path);
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
                throw new InvalidDataException($"{path}:{i + 1}: token '{lines[i]}' is already in line {seen[lines[i]]}");
        }

        TokenizerCompanions companions = TokenizerCompanions.Beside(path);
        RefuseOtherSwitches(companions);
        VocabularyEntries vocabulary = new();
        for (int id = 0; id < lines.Length; id++)
        {
            if (vocabulary.AddToken(lines[id], id) is { } problem)
                throw new InvalidDataException($"{path}:{id + 1}: {problem}");
        }

        companions.AddTo(vocabulary);
        WordPieceUnits units = companions.Switch(CharactersKey) == true ? WordPieceUnits.Characters : WordPieceUnits.Words;
        return Create(vocabulary, BertJson.Read(companions), units, companions, path, TemplateOfClass(vocabulary, companions));
    }

    /// <summary>Reads a tokenizer.json of this kind.</summary>
    public static WordPiece Read(TokenizerField root)
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
        TokenizerCompanions companions = TokenizerCompanions.Beside(root.Path);
        RefuseOtherSwitches(companions);
        VocabularyEntries vocabulary = TokenizerJson.ReadVocabulary(root, model.Require("vocab", JsonValueKind.Object), companions);
        (IReadOnlyList<int>, IReadOnlyList<int>) template = TemplateJson.Read(root, vocabulary.NextId);
        return WordLevelJson.IsolatesCharacters(root)
            ? Create(vocabulary, (false, false, true), WordPieceUnits.Characters, companions, root.Path, template)
            : Create(vocabulary, BertJson.Read(root, companions), WordPieceUnits.Words, companions, root.Path, template);
    }

    public static void Save(WordPiece tokenizer, string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        int last = tokenizer.VocabSize - 1; // added tokens at the end do not belong to the model's own vocabulary
        while (tokenizer.IsBeyondModel(last))
            last--;
        DurableFile.Replace(Path.Combine(directory, TokenizerFileNames.VocabTxt), stream =>
        {
            for (int id = 0; id <= last; id++)
                stream.Write(Encoding.UTF8.GetBytes(tokenizer.TokenText(id) + "\n"));
        });
        HashSet<string> texts = [.. tokenizer.AddedTokens.Select(token => token.Text)];
        Dictionary<string, string> roles = WordPiece.SpecialTexts.Where(texts.Contains).ToDictionary(text => $"{text.Trim('[', ']').ToLowerInvariant()}_token");
        TokenizerConfigJson.Write(tokenizer, directory, "BertTokenizer", roles, json =>
        {
            json.WriteBoolean(BertJson.LowerCaseKey, tokenizer.LowerCase);
            if (tokenizer.StripAccents != tokenizer.LowerCase)
                json.WriteBoolean(BertJson.StripAccentsKey, tokenizer.StripAccents);
            if (!tokenizer.SeparateIdeographs)
                json.WriteBoolean(BertJson.IdeographsKey, false);
            if (tokenizer.Units == WordPieceUnits.Characters)
                json.WriteBoolean(CharactersKey, true);
            if (!IsBerts(tokenizer))
                json.WriteBoolean(AroundKey, false); // the class would say otherwise
        });
        TokenizerJson.Write(Path.Combine(directory, TokenizerFileNames.TokenizerJson), json =>
        {
            TokenizerJson.WriteHead(json, tokenizer.AddedTokens);
            if (tokenizer.Units == WordPieceUnits.Words)
                BertJson.Write(json, tokenizer.LowerCase, tokenizer.StripAccents, tokenizer.SeparateIdeographs);
            else
                WordLevelJson.WriteCharacters(json);
            WriteTemplate(json, tokenizer);
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

    /// <summary>
    /// Returns the ids around a text for a vocabulary without a tokenizer.json: [CLS] and [SEP] if the class in tokenizer_config.json, or else in the
    /// model's config.json, is BERT's. The released Chinese GPT-2 models were trained with them.
    /// </summary>
    private static (IReadOnlyList<int> Before, IReadOnlyList<int> After) TemplateOfClass(VocabularyEntries vocabulary, TokenizerCompanions companions)
    {
        bool isBert = (companions.Config?.Find(ClassKey)?.Text ?? TextEnds.TokenizerClass(companions.Directory)) is "BertTokenizer" or "BertTokenizerFast";
        bool around = companions.Switch(AroundKey) ?? (isBert && companions.Switch("add_bos_token") is null);
        return around && vocabulary.IdOf(WordPiece.Start) is { } start && vocabulary.IdOf(WordPiece.Separator) is { } end ? ([start], [end]) : ([], []);
    }

    /// <summary>Returns whether [CLS] and [SEP] are put around a text.</summary>
    private static bool IsBerts(WordPiece tokenizer) =>
        tokenizer.TemplateStart is [var start] && tokenizer.TemplateEnd is [var end] && tokenizer.TokenText(start) == WordPiece.Start && tokenizer.TokenText(end) == WordPiece.Separator;

    /// <summary>Writes the ids around a text. A pair in BERT's form has [CLS] only once.</summary>
    private static void WriteTemplate(Utf8JsonWriter json, WordPiece tokenizer)
    {
        if (!IsBerts(tokenizer))
        {
            TemplateJson.Write(json, tokenizer);
            return;
        }

        (int start, int end) = (tokenizer.TemplateStart[0], tokenizer.TemplateEnd[0]);
        TemplatePart[] single = [new(null, start, 0), new("A", 0, 0), new(null, end, 0)];
        json.WritePropertyName("post_processor");
        TemplateJson.Write(json, single, [.. single, new("B", 0, 1), new(null, end, 1)], tokenizer.TokenText);
    }

    /// <summary>Throws if tokenizer_config.json requires something that is not supported.</summary>
    private static void RefuseOtherSwitches(TokenizerCompanions companions)
    {
        companions.RequireRole(TokenizerCompanions.UnknownKey, WordPiece.Unknown);
        companions.RequireSwitch("do_basic_tokenize", true, "text is split into words first");
        if (companions.Config is not { } config)
            return;
        if (config.Find("wordpieces_prefix") is { } prefix && prefix.Text != WordPiece.Continuation)
            throw config.Unsupported($"wordpieces_prefix '{prefix.Text}'", $"it is {WordPiece.Continuation}");
        foreach (TokenizerField never in config.Find("never_split")?.Items() ?? [])
        {
            if (!WordPiece.SpecialTexts.Contains(never.Text))
                throw never.Unsupported($"'{never.Text}'", "only special tokens can be excluded from splitting; make other tokens added tokens");
        }
    }

    private static WordPiece Create(
        VocabularyEntries vocabulary, (bool LowerCase, bool StripAccents, bool SeparateIdeographs) text, WordPieceUnits units, TokenizerCompanions companions, string path,
        (IReadOnlyList<int> Before, IReadOnlyList<int> After) template)
    {
        string[] tokens = vocabulary.Texts(path);
        try
        {
            WordPiece tokenizer = new(tokens, text.LowerCase, units, vocabulary.Added, vocabulary.Beyond) { StripAccents = text.StripAccents, SeparateIdeographs = text.SeparateIdeographs };
            return (WordPiece)companions.Assign(tokenizer, template.Before, template.After);
        }
        catch (ArgumentException problem)
        {
            throw new InvalidDataException($"{path}: {ArgumentSentence.Of(problem)}", problem);
        }
    }
}
