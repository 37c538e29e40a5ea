using System.Globalization;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Files;

namespace Foreword.Weights.Gguf;

/// <summary>
/// Reads and writes a byte-level BPE in the metadata of a GGUF file, as llama.cpp's <c>gpt2</c> vocabulary (keys <c>tokenizer.ggml.*</c>).
/// </summary>
internal static class GgufTokenizer
{
    private const string ModelKey = "tokenizer.ggml.model", Model = "gpt2", NoModel = "none";
    private const string SplitKey = "tokenizer.ggml.pre", Split = "gpt-2";
    private const string TokensKey = "tokenizer.ggml.tokens", TypesKey = "tokenizer.ggml.token_type", MergesKey = "tokenizer.ggml.merges";
    private const string StartKey = "tokenizer.ggml.bos_token_id", EndKey = "tokenizer.ggml.eos_token_id", AddStartKey = "tokenizer.ggml.add_bos_token", AddEndKey = "tokenizer.ggml.add_eos_token";
    private const string StopsKey = "foreword.stop_token_ids"; // all stop ids; only Foreword reads this key

    /// <summary>The keys of further ids that end a generated text in llama.cpp.</summary>
    private static readonly string[] FurtherEndKeys = ["tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"];

    private const int Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5; // llama.h, enum llama_token_type

    /// <summary>Adds the keys of the tokenizer.</summary>
    /// <param name="writer">Receives the keys.</param>
    /// <param name="tokenizer">The tokenizer, or null if the model has none.</param>
    /// <param name="vocabSize">
    /// The number of ids of the model. Ids that the tokenizer does not have become unused tokens. Added tokens for which the model has no row are
    /// omitted.
    /// </param>
    /// <exception cref="NotSupportedException">The tokenizer is of another kind or uses a feature that llama.cpp does not support.</exception>
    public static void Write(GgufWriter writer, Tokenizer? tokenizer, int vocabSize)
    {
        if (tokenizer is null)
        {
            writer.Add(ModelKey, NoModel);
            return;
        }

        if (tokenizer is not ByteLevelBpe bpe)
            throw new NotSupportedException($"a GGUF file holds a byte-level BPE; the model's tokenizer is of the kind {tokenizer.Kind}");
        RefuseUnsupported(bpe);
        if (bpe.Merges.Any(merge => merge.Result >= vocabSize))
            throw new NotSupportedException($"merges produce ids that the model does not have (vocab_size is {vocabSize}); a GGUF file cannot hold them");
        writer.Add(ModelKey, Model);
        writer.Add(SplitKey, Split);
        Dictionary<int, AddedToken> added = bpe.AddedTokens.ToDictionary(token => token.Id);
        int[] ids = [.. Enumerable.Range(0, vocabSize)];
        writer.Add(TokensKey, (string[])[.. ids.Select(id => id < bpe.VocabSize ? bpe.TokenText(id) : UnusedText(id))]);
        writer.Add(TypesKey, (int[])[.. ids.Select(id => id >= bpe.VocabSize ? Unused
            : added.TryGetValue(id, out AddedToken token) ? token.IsSpecial ? Control : UserDefined : Normal)]);
        writer.Add(MergesKey, (string[])[.. bpe.Merges.Select(merge => $"{bpe.TokenText(merge.Left)} {bpe.TokenText(merge.Right)}")]);
        writer.Add(AddStartKey, bpe.TemplateStart.Count > 0);
        writer.Add(AddEndKey, bpe.TemplateEnd.Count > 0);
        if (bpe.StartOfTextId is { } start && start < vocabSize)
            writer.Add(StartKey, (uint)start);
        if (bpe.EndOfTextId is { } end && end < vocabSize)
            writer.Add(EndKey, (uint)end);
        int[] stops = [.. bpe.StopIds.Where(id => id < vocabSize)], further = [.. stops.Where(id => id != bpe.EndOfTextId)];
        for (int i = 0; i < Math.Min(further.Length, FurtherEndKeys.Length); i++)
            writer.Add(FurtherEndKeys[i], (uint)further[i]);
        if (further.Length > 0)
            writer.Add(StopsKey, stops);
    }

    /// <summary>Rejects features for which llama.cpp has no key. Without this check, llama.cpp would silently compute other ids.</summary>
    /// <exception cref="NotSupportedException">The tokenizer uses such a feature. The message names it.</exception>
    private static void RefuseUnsupported(ByteLevelBpe bpe)
    {
        if (bpe.Text.AddPrefixSpace)
            throw Unsupported("add_prefix_space = true");
        if (!bpe.Text.IsGpt2)
            throw Unsupported($"text splitting that differs from GPT-2's ({bpe.Text.Signature.Trim()})");
        if (bpe.AddedTokens.FirstOrDefault(token => token.LooksAround) is { Text: { } text })
            throw Unsupported($"added token '{text}' with lstrip, rstrip or single_word");
        if (bpe.TemplateStart is not ([] or [_]) || bpe.TemplateEnd is not ([] or [_]) || (bpe.TemplateStart is [var first] && first != bpe.StartOfTextId) || (bpe.TemplateEnd is [var last] && last != bpe.EndOfTextId))
            throw Unsupported("a template with tokens other than bos_token and eos_token");

        static NotSupportedException Unsupported(string what) => new($"the model's tokenizer has {what}, which a GGUF file cannot hold");
    }

    /// <summary>Returns whether the file holds a tokenizer.</summary>
    public static bool IsIn(GgufFile file) => file.Text(ModelKey) is not (null or NoModel);

    /// <summary>Reads the tokenizer. Unused tokens at the end of the vocabulary are omitted, because they only pad the model's vocabulary.</summary>
    /// <exception cref="InvalidDataException">The tokenizer is malformed.</exception>
    /// <exception cref="NotSupportedException">The tokenizer is not a byte-level BPE that splits text as GPT-2 does.</exception>
    public static Tokenizer Read(GgufFile file)
    {
        string path = file.File.Path;
        if (file.Text(ModelKey) is not Model and var model)
            throw new NotSupportedException($"{path}: {ModelKey} is '{model}'; only {Model}, a byte-level BPE, is supported");
        if (file.Text(SplitKey) is not (null or Split) and var split)
            throw new NotSupportedException($"{path}: {SplitKey} is '{split}'; only {Split} is supported, which splits text as GPT-2 does");
        string[] tokens = file.Array(TokensKey, "an array of texts", value => value.AsTexts(file.File, TokensKey))?.ToArray() ?? throw new InvalidDataException($"{path}: {TokensKey} is missing");
        int[]? types = file.Array(TypesKey, "an array of INT32", value => value.AsIntegers(file.File));
        if (types is not null && types.Length != tokens.Length)
            throw new InvalidDataException($"{path}: there are {tokens.Length} tokens and {types.Length} token types");
        int count = tokens.Length;
        while (count > 0 && types?[count - 1] == Unused && tokens[count - 1] == UnusedText(count - 1))
            count--;
        VocabularyEntries vocabulary = new();
        for (int id = 0; id < count; id++)
            Require(vocabulary.AddToken(tokens[id], id));
        foreach (string line in file.Array(MergesKey, "an array of texts", value => value.AsTexts(file.File, MergesKey)) ?? [])
            Require(BpeText.AddMerge(vocabulary, line));
        if (types is null)
            vocabulary.MarkUnmadeAsSpecial(text => ByteAlphabet.Read(text) is { Length: 1 });
        for (int id = 0; types is not null && id < count; id++)
        {
            if (types[id] is Unknown or Control or UserDefined)
                Require(vocabulary.AddAddedToken(new AddedToken(tokens[id], id, types[id] != UserDefined)));
        }

        return WithRoles(file, ByteLevelJson.Create(vocabulary, path));

        void Require(string? problem)
        {
            if (problem is not null)
                throw new InvalidDataException($"{path}: {problem}");
        }
    }

    private static Tokenizer WithRoles(GgufFile file, ByteLevelBpe tokenizer)
    {
        int? end = Id(EndKey) ?? tokenizer.EndOfTextId, start = Id(StartKey);
        int[] stops = file.Array(StopsKey, "an array of INT32", value => value.AsIntegers(file.File)) ?? [.. FurtherEndKeys.Select(Id).OfType<int>()];
        return tokenizer.With(new TokenRoles
        {
            StartOfText = start == end ? null : start,
            EndOfText = end == tokenizer.EndOfTextId ? null : end,
            Stops = [.. stops.Where(id => id >= 0 && id < tokenizer.VocabSize && id != end)],
            Before = IsOn(AddStartKey) && (start ?? end) is { } first ? [first] : [],
            After = IsOn(AddEndKey) && end is { } last ? [last] : [],
        });

        int? Id(string key) => file.Optional<long>(key, "a whole number", value => value.AsInteger(file.File)) is { } id && id >= 0 && id < tokenizer.VocabSize ? (int)id : null;

        bool IsOn(string key) => file.Optional<bool>(key, "true or false", value => value.AsBoolean(file.File)) == true;
    }

    /// <summary>Returns the text of an unused token, as in llama.cpp's converter.</summary>
    private static string UnusedText(int id) => string.Create(CultureInfo.InvariantCulture, $"[PAD{id}]");
}
