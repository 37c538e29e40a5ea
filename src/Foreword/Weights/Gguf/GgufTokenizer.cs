using System.Globalization;
using Foreword.Tokenization;

namespace Foreword.Weights.Gguf;

/// <summary>A byte-level BPE in the metadata of a GGUF file, as llama.cpp's <c>gpt2</c> vocabulary (keys <c>tokenizer.ggml.*</c>).</summary>
internal static class GgufTokenizer
{
    private const string ModelKey = "tokenizer.ggml.model", Model = "gpt2", NoModel = "none";
    private const string SplitKey = "tokenizer.ggml.pre", Split = "gpt-2";
    private const string TokensKey = "tokenizer.ggml.tokens", TypesKey = "tokenizer.ggml.token_type", MergesKey = "tokenizer.ggml.merges";
    private const int Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5; // llama.h, enum llama_token_type

    /// <summary>Adds the tokenizer's keys; ids of the model that the tokenizer does not have become unused tokens.</summary>
    /// <exception cref="NotSupportedException">It is another kind of tokenizer, which llama.cpp could not compute with.</exception>
    public static void Write(GgufWriter writer, Tokenizer? tokenizer, int vocabularySize)
    {
        if (tokenizer is null)
        {
            writer.Add(ModelKey, NoModel);
            return;
        }

        if (tokenizer is not ByteLevelBpe bpe)
            throw new NotSupportedException($"a GGUF file holds a byte-level BPE; the model's tokenizer is of the kind {tokenizer.Kind}");
        writer.Add(ModelKey, Model);
        writer.Add(SplitKey, Split);
        Dictionary<int, AddedToken> added = bpe.AddedTokens.ToDictionary(token => token.Id);
        int[] ids = [.. Enumerable.Range(0, vocabularySize)];
        writer.Add(TokensKey, (string[])[.. ids.Select(id => id < bpe.VocabularySize ? bpe.TokenText(id) : UnusedText(id))]);
        writer.Add(TypesKey, (int[])[.. ids.Select(id => id >= bpe.VocabularySize ? Unused
            : added.TryGetValue(id, out AddedToken token) ? token.IsSpecial ? Control : UserDefined : Normal)]);
        writer.Add(MergesKey, (string[])[.. bpe.Merges.Select(merge => $"{bpe.TokenText(merge.Left)} {bpe.TokenText(merge.Right)}")]);
        writer.Add("tokenizer.ggml.add_bos_token", false);
        writer.Add("tokenizer.ggml.add_eos_token", false);
        if (bpe.EndOfTextId is not { } end)
            return;
        writer.Add("tokenizer.ggml.bos_token_id", (uint)end);
        writer.Add("tokenizer.ggml.eos_token_id", (uint)end);
    }

    /// <summary>Whether the file holds a tokenizer.</summary>
    public static bool IsIn(GgufFile file) => file.Text(ModelKey) is not (null or NoModel);

    /// <summary>Reads the tokenizer; unused tokens at the end are the model's alone.</summary>
    /// <exception cref="InvalidDataException">It is malformed.</exception>
    /// <exception cref="NotSupportedException">It is no byte-level BPE that splits text as GPT-2 does.</exception>
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
            throw new InvalidDataException($"{path}: there are {tokens.Length} tokens and {types.Length} types of tokens");
        int count = tokens.Length;
        while (count > 0 && types?[count - 1] == Unused && tokens[count - 1] == UnusedText(count - 1))
            count--;
        VocabularyEntries vocabulary = new();
        for (int id = 0; id < count; id++)
            Require(vocabulary.AddToken(tokens[id], id));
        foreach (string line in file.Array(MergesKey, "an array of texts", value => value.AsTexts(file.File, MergesKey)) ?? [])
            Require(BpeFiles.AddMerge(vocabulary, line));
        if (types is null)
            vocabulary.MarkUnmadeAsSpecial(text => ByteAlphabet.Read(text) is { Length: 1 });
        for (int id = 0; types is not null && id < count; id++)
        {
            if (types[id] is Unknown or Control or UserDefined)
                Require(vocabulary.AddAddedToken(new AddedToken(tokens[id], id, types[id] != UserDefined)));
        }

        return ByteLevelJson.Build(vocabulary, path);

        void Require(string? problem)
        {
            if (problem is not null)
                throw new InvalidDataException($"{path}: {problem}");
        }
    }

    /// <summary>As llama.cpp's converter names them.</summary>
    private static string UnusedText(int id) => string.Create(CultureInfo.InvariantCulture, $"[PAD{id}]");
}
