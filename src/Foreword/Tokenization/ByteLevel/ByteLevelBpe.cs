using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Foreword.Tokenization.Bpe;
using Foreword.Tokenization.Files;

namespace Foreword.Tokenization.ByteLevel;

/// <summary>
/// Encodes text with GPT-2's byte-level byte-pair encoding (Radford et al. 2019, section 2.2). <see cref="Gpt2Pattern"/> splits text into chunks.
/// The initial tokens of a chunk are its UTF-8 bytes. Merges join neighboring tokens: the lowest rank first, and the leftmost of equal rank. Every
/// byte has a token, so nothing is ever unknown, and decoding returns the original bytes.
/// </summary>
public sealed class ByteLevelBpe : Tokenizer
{
    internal const string KindName = "byte-bpe";

    private readonly byte[] _bytes; // of all tokens, by id
    private readonly int[] _starts; // the offset of each token's bytes, and one more entry for the end
    private readonly Lazy<string> _fingerprint; // of the constructor's arguments
    private readonly int? _literalEnd;
    private readonly EncoderPool<ChunkEncoder> _encoders;

    /// <summary>Creates the tokenizer from its vocabulary.</summary>
    /// <param name="tokens">The bytes of each token, by id. The bytes of an added token are the UTF-8 of its text.</param>
    /// <param name="merges">The merges by rank.</param>
    /// <param name="addedTokens">The tokens that are found in text as a whole; may be empty.</param>
    /// <exception cref="ArgumentException">
    /// A byte has no token, or two tokens have the same written form. A merge's parts do not form its result, or a pair is merged twice. An added
    /// token's text is empty or is not the text of its id. There are more than 2,097,152 ids.
    /// </exception>
    public ByteLevelBpe(IReadOnlyList<byte[]> tokens, IReadOnlyList<BpeMerge> merges, IReadOnlyList<AddedToken> addedTokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(merges);
        ArgumentNullException.ThrowIfNull(addedTokens);
        if (tokens.Count > Tokenizer.MaxVocabulary)
            throw new ArgumentException($"the vocabulary has {tokens.Count} tokens; at most {Tokenizer.MaxVocabulary} are possible", nameof(tokens));
        AddedTokens = [.. addedTokens.OrderBy(t => t.Id)];
        Merges = [.. merges];
        BpeChecks.AddedTokens(tokens, AddedTokens);
        int[] byteIds = BpeChecks.ByteIds(tokens, AddedTokens);
        BpeChecks.Merges(tokens, Merges);
        BpeChecks.DistinctTexts(tokens, AddedTokens);

        _starts = new int[tokens.Count + 1];
        for (int id = 0; id < tokens.Count; id++)
            _starts[id + 1] = checked(_starts[id] + tokens[id].Length);
        _bytes = new byte[_starts[^1]];
        for (int id = 0; id < tokens.Count; id++)
            tokens[id].CopyTo(_bytes, _starts[id]);

        MergeTable table = new(Merges, byteIds);
        _encoders = new EncoderPool<ChunkEncoder>(() => new ChunkEncoder(table));
        _literalEnd = AddedTokens.Where(t => t.Text == AddedToken.EndOfText).Select(t => (int?)t.Id).FirstOrDefault();
        _fingerprint = new Lazy<string>(ComputeFingerprint);
    }

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override int VocabSize => _starts.Length - 1;

    /// <inheritdoc/>
    public override int? EndOfTextId => Roles.EndOfText ?? _literalEnd;

    /// <inheritdoc/>
    public override IReadOnlyList<AddedToken> AddedTokens { get; }

    /// <inheritdoc/>
    public override string Fingerprint => Text.Signature + Roles.Signature(EndOfTextId) is { Length: > 0 } rest
        ? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{_fingerprint.Value} {rest}")))
        : _fingerprint.Value;

    /// <summary>Gets how text is prepared before its chunks are merged; as for GPT-2 by default.</summary>
    internal ByteLevelText Text { get; init; } = ByteLevelText.Gpt2;

    /// <summary>Gets the merges by rank.</summary>
    public IReadOnlyList<BpeMerge> Merges { get; }

    /// <summary>Returns an empty list, because every byte has a token.</summary>
    public override IReadOnlyList<Rune> LostCharacters(ReadOnlySpan<char> text) => [];

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> TokenBytes(int id)
    {
        if ((uint)id >= (uint)VocabSize)
            throw new ArgumentOutOfRangeException(nameof(id), $"token id {id} is outside the vocabulary of {VocabSize}");
        return _bytes.AsSpan(_starts[id].._starts[id + 1]);
    }

    /// <summary>
    /// Returns the token as vocabulary files write it: the text of an added token, or the bytes of any other token in <see cref="ByteAlphabet"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary.</exception>
    public override string TokenText(int id)
    {
        ReadOnlySpan<byte> bytes = TokenBytes(id);
        foreach (AddedToken token in AddedTokens)
        {
            if (token.Id == id)
                return token.Text;
        }

        return ByteAlphabet.Write(bytes);
    }

    /// <summary>
    /// Writes <c>tokenizer.json</c>, <c>tokenizer_config.json</c>, <c>vocab.json</c> and <c>merges.txt</c>, the file names of Hugging Face.
    /// Each file is written under a temporary name and then renamed.
    /// </summary>
    /// <param name="directory">An existing directory.</param>
    /// <exception cref="DirectoryNotFoundException">The directory does not exist.</exception>
    public override void Save(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ByteLevelJson.Write(this, Path.Combine(directory, TokenizerFileNames.TokenizerJson));
        ByteLevelJson.WriteConfig(this, directory);
        BpeText.Write(this, Merges, directory);
    }

    private protected override Tokenizer WithNewTokens(IReadOnlyList<string> texts)
    {
        byte[][] tokens = [.. Enumerable.Range(0, VocabSize).Select(id => TokenBytes(id).ToArray())], added = [.. texts.Select(Encoding.UTF8.GetBytes)];
        if (Array.FindIndex(added, bytes => tokens.Any(token => token.AsSpan().SequenceEqual(bytes))) is >= 0 and var at)
            throw new ArgumentException($"'{texts[at]}' is an ordinary token of this tokenizer; a special token needs a text of its own", nameof(texts));
        return new ByteLevelBpe([.. tokens, .. added], Merges, [.. AddedTokens, .. texts.Index().Select(text => new AddedToken(text.Item, VocabSize + text.Index))]) { Text = Text }.With(Roles);
    }

    private protected override string? Normalize(ReadOnlySpan<char> text) => Text.Normalizer?.Apply(text);

    private protected override void EncodeChunk(ReadOnlySpan<char> text, List<int> ids, bool continues, bool normalized)
    {
        if (!normalized)
            text = Normalize(text) ?? text;
        if (Text.AddPrefixSpace && !continues && text is [not ' ', ..])
            text = $" {text}";
        if (Text.Cuts.Count == 0)
            EncodePlain(text, ids);
        else
            EncodeCut(text, ids, 0);
    }

    /// <summary>Cuts the text by one rule after the other and encodes the resulting parts.</summary>
    private void EncodeCut(ReadOnlySpan<char> text, List<int> ids, int rule)
    {
        if (rule == Text.Cuts.Count)
        {
            EncodePlain(text, ids);
            return;
        }

        for (int start = 0, end; start < text.Length; start = end)
        {
            end = Text.Cuts[rule].ChunkEnd(text, start);
            EncodeCut(text[start..end], ids, rule + 1);
        }
    }

    /// <inheritdoc/>
    protected override void EncodePlain(ReadOnlySpan<char> text, List<int> ids)
    {
        ChunkEncoder encoder = _encoders.Take();
        try
        {
            encoder.Encode(text, ids);
        }
        finally
        {
            encoder.Trim();
            _encoders.PutBack(encoder);
        }
    }

    /// <summary>Computes the SHA-256 of all parts, each preceded by its length. All numbers are little-endian int32.</summary>
    private string ComputeFingerprint()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("foreword byte-bpe 1\n"u8);
        Number(VocabSize);
        for (int id = 0; id < VocabSize; id++)
        {
            Number(TokenBytes(id).Length);
            hash.AppendData(TokenBytes(id));
        }

        Number(Merges.Count);
        foreach (BpeMerge merge in Merges)
        {
            Number(merge.Left);
            Number(merge.Right);
            Number(merge.Result);
        }

        Number(AddedTokens.Count);
        foreach (AddedToken token in AddedTokens)
        {
            Number(token.Id);
            Number(token.IsSpecial ? 1 : 0);
        }

        bool normalizes = Text.Normalizer is not null; // without a normalizer, Normalized has no effect
        foreach (AddedToken token in AddedTokens.Where(token => token.LooksAround || (normalizes && token.Normalized)))
        {
            Number(token.Id);
            Number((token with { Normalized = normalizes && token.Normalized }).Switches);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void Number(int value)
        {
            Span<byte> bytes = stackalloc byte[sizeof(int)];
            BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
            hash.AppendData(bytes);
        }
    }
}

/// <summary>Checks a byte-level vocabulary. Each check throws an <see cref="ArgumentException"/> that names the problem.</summary>
file static class BpeChecks
{
    public static void AddedTokens(IReadOnlyList<byte[]> tokens, IReadOnlyList<AddedToken> added)
    {
        for (int i = 0; i < added.Count; i++)
        {
            (string text, int id, _) = added[i];
            if (string.IsNullOrEmpty(text))
                throw new ArgumentException($"added token {id} has no text", nameof(added));
            if ((uint)id >= (uint)tokens.Count)
                throw new ArgumentException($"added token '{text}' has id {id}, which is outside the vocabulary of {tokens.Count}", nameof(added));
            if (i > 0 && added[i - 1].Id == id)
                throw new ArgumentException($"added tokens '{added[i - 1].Text}' and '{text}' share id {id}", nameof(added));
            if (!tokens[id].AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(text)))
                throw new ArgumentException($"added token '{text}' has id {id}, which the vocabulary gives to '{ByteAlphabet.Write(tokens[id])}'", nameof(added));
        }
    }

    /// <summary>Returns the id of each byte's token.</summary>
    public static int[] ByteIds(IReadOnlyList<byte[]> tokens, IReadOnlyList<AddedToken> added)
    {
        HashSet<int> addedIds = [.. added.Select(t => t.Id)];
        int[] ids = new int[256];
        Array.Fill(ids, -1);
        for (int id = 0; id < tokens.Count; id++)
        {
            if (tokens[id].Length == 0)
                throw new ArgumentException($"token {id} is empty", nameof(tokens));
            if (tokens[id].Length == 1 && (ids[tokens[id][0]] < 0 || !addedIds.Contains(id)))
                ids[tokens[id][0]] = id;
        }

        int missing = Array.IndexOf(ids, -1);
        return missing < 0 ? ids : throw new ArgumentException($"the vocabulary has no token for byte 0x{missing:X2} ('{ByteAlphabet.Write([(byte)missing])}')", nameof(tokens));
    }

    public static void Merges(IReadOnlyList<byte[]> tokens, IReadOnlyList<BpeMerge> merges)
    {
        for (int rank = 0; rank < merges.Count; rank++)
        {
            (int left, int right, int result) = merges[rank];
            int largest = Math.Max(left, Math.Max(right, result));
            if (Math.Min(left, Math.Min(right, result)) < 0 || largest >= tokens.Count)
                throw new ArgumentException($"merge {rank} ({left}, {right} -> {result}) names an id outside the vocabulary of {tokens.Count}", nameof(merges));
            ReadOnlySpan<byte> made = tokens[result];
            if (made.Length != tokens[left].Length + tokens[right].Length || !made.StartsWith(tokens[left]) || !made.EndsWith(tokens[right]))
                throw new ArgumentException($"merge {rank} ({left}, {right} -> {result}) does not make its result's bytes", nameof(merges));
        }
    }

    /// <summary>Throws if two tokens have the same written form. Files identify tokens by this form.</summary>
    public static void DistinctTexts(IReadOnlyList<byte[]> tokens, IReadOnlyList<AddedToken> added)
    {
        Dictionary<int, string> textOfAdded = added.ToDictionary(t => t.Id, t => t.Text);
        Dictionary<string, int> seen = new(tokens.Count, StringComparer.Ordinal);
        for (int id = 0; id < tokens.Count; id++)
        {
            string text = textOfAdded.GetValueOrDefault(id) ?? ByteAlphabet.Write(tokens[id]);
            if (!seen.TryAdd(text, id))
                throw new ArgumentException($"tokens {seen[text]} and {id} are both written '{text}'", nameof(tokens));
        }
    }
}
