using System.Text;
using Foreword.Tokenization.Bpe;
using Foreword.Tokenization.Normalization;

namespace Foreword.Tokenization.Gpt1;

/// <summary>Specifies how text is prepared before <see cref="Gpt1Bpe"/> merges the symbols of its words.</summary>
public enum Gpt1Words
{
    /// <summary>Only BERT's basic tokenizer, which Hugging Face's OpenAIGPTTokenizer uses if spaCy and ftfy are not installed.</summary>
    Basic,

    /// <summary>
    /// OpenAI's <c>text_standardize</c> (<see cref="Gpt1Standardize"/>), which keeps line feeds as words, followed by BERT's basic tokenizer
    /// in place of spaCy.
    /// </summary>
    Standardize,
}

/// <summary>
/// Encodes text with GPT-1's byte-pair encoding (Radford et al. 2018, section 4.1; Sennrich et al. 2016). Words are in lowercase. The initial
/// symbols of a word are its characters, and <c>&lt;/w&gt;</c> marks the last one. Merges join neighboring symbols: the lowest rank first, and
/// the leftmost of equal rank. A character outside the vocabulary becomes <c>&lt;unk&gt;</c>.
/// </summary>
public sealed class Gpt1Bpe : Tokenizer
{
    /// <summary>The token that replaces a character outside the vocabulary.</summary>
    public const string Unknown = "<unk>";

    /// <summary>The suffix of a token that ends a word.</summary>
    public const string EndOfWord = "</w>";

    internal const string KindName = "gpt1-bpe";

    private readonly TokenTexts _texts;
    private readonly SymbolIds _symbols;
    private readonly EncoderPool<WordEncoder> _encoders;

    /// <summary>Creates the tokenizer from its vocabulary.</summary>
    /// <param name="tokens">The entries by id, including <see cref="Unknown"/>. Entries that end a word have the suffix <see cref="EndOfWord"/>.</param>
    /// <param name="merges">The merges by rank.</param>
    /// <param name="special">Entries that stand for no text, such as the special tokens of a fine-tuning task. <see cref="Unknown"/> is always one.</param>
    /// <param name="words">How text is prepared before the symbols of its words are merged.</param>
    /// <exception cref="ArgumentException">
    /// An entry occurs twice, <see cref="Unknown"/> is missing, a merge's parts do not form its result, or a pair is merged twice.
    /// </exception>
    public Gpt1Bpe(IReadOnlyList<string> tokens, IReadOnlyList<BpeMerge> merges, IEnumerable<string>? special = null, Gpt1Words words = Gpt1Words.Basic)
        : this(tokens, merges, special ?? [], words, [], new HashSet<int>())
    {
    }

    /// <summary>Creates the tokenizer from its vocabulary and the added tokens that its files declare.</summary>
    internal Gpt1Bpe(IReadOnlyList<string> tokens, IReadOnlyList<BpeMerge> merges, IEnumerable<string> special, Gpt1Words words, IReadOnlyCollection<AddedToken> added, IReadOnlySet<int> beyond)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(merges);
        if (tokens.Count > Tokenizer.MaxVocabulary)
            throw new ArgumentException($"the vocabulary has {tokens.Count} tokens; at most {Tokenizer.MaxVocabulary} are possible", nameof(tokens));
        _texts = new TokenTexts(tokens, [.. special.Append(Unknown).Distinct()], added, beyond);
        Merges = [.. merges];
        Words = words;
        for (int rank = 0; rank < Merges.Count; rank++)
        {
            (int left, int right, int result) = Merges[rank];
            if (_texts[left] + _texts[right] != _texts[result])
                throw new ArgumentException($"merge {rank} joins '{_texts[left]}' and '{_texts[right]}', but makes '{_texts[result]}'", nameof(merges));
        }

        MergeTable table = new(Merges);
        _symbols = new SymbolIds(_texts, _texts.IdOf(Unknown)!.Value);
        _encoders = new EncoderPool<WordEncoder>(() => new WordEncoder(table, _symbols));
    }

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override int VocabSize => _texts.Count;

    /// <summary>Gets the id that ends a document, or null. GPT-1's own vocabulary has no such token.</summary>
    public override int? EndOfTextId => Roles.EndOfText ?? _texts.IdOf(AddedToken.EndOfText);

    /// <inheritdoc/>
    public override bool EndsWordsWithSpaces => true;

    /// <inheritdoc/>
    public override IReadOnlyList<AddedToken> AddedTokens => _texts.Added;

    /// <inheritdoc/>
    public override string Fingerprint => _texts.Fingerprint($"{KindName} 1 {Words} {string.Join(',', Merges.Select(merge => $"{merge.Left}+{merge.Right}"))}{Roles.Signature(EndOfTextId)}");

    /// <summary>Gets the merges by rank.</summary>
    public IReadOnlyList<BpeMerge> Merges { get; }

    /// <summary>Gets how text is prepared before the symbols of its words are merged.</summary>
    public Gpt1Words Words { get; }

    /// <summary>Returns the bytes of the token's text, with a space in place of the suffix that ends a word.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary.</exception>
    public override ReadOnlySpan<byte> TokenBytes(int id)
    {
        string text = _texts[id];
        return Encoding.UTF8.GetBytes(text.EndsWith(EndOfWord, StringComparison.Ordinal) ? text[..^EndOfWord.Length] + " " : text);
    }

    /// <inheritdoc/>
    public override byte[] DecodeBytes(ReadOnlySpan<int> ids) => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(base.DecodeBytes(ids)).Trim(' '));

    /// <inheritdoc/>
    public override string TokenText(int id) => _texts[id];

    /// <inheritdoc/>
    public override IReadOnlyList<Rune> LostCharacters(ReadOnlySpan<char> text)
    {
        DistinctRunes lost = new();
        BasicSplit.AddDropped(text, lost);
        ForWords(text, word =>
        {
            for (int at = 0; at < word.Length;)
            {
                _ = Rune.DecodeFromUtf16(word[at..], out Rune rune, out int length);
                at += length;
                if (!_symbols.Has(rune, at == word.Length))
                    lost.Add(rune);
            }
        });
        return lost.Sorted;
    }

    /// <summary>
    /// Writes <c>vocab.json</c>, <c>merges.txt</c> and <c>tokenizer_config.json</c>, the file names of Hugging Face. With
    /// <see cref="Gpt1Words.Basic"/> it also writes <c>tokenizer.json</c>, a format that cannot express other words.
    /// </summary>
    /// <param name="directory">An existing directory.</param>
    /// <exception cref="DirectoryNotFoundException">The directory does not exist.</exception>
    public override void Save(string directory) => Gpt1Json.Save(this, directory);

    /// <summary>Returns the ids of one word without splitting it or changing its case (OpenAI's <c>bpe</c>, text_utils.py).</summary>
    internal int[] EncodeWord(string word)
    {
        ArgumentNullException.ThrowIfNull(word);
        List<int> ids = [];
        if (word.Length > 0)
            new WordEncoder(new MergeTable(Merges), _symbols).Encode(word, ids);
        return [.. ids];
    }

    private protected override Tokenizer WithNewTokens(IReadOnlyList<string> texts) =>
        _texts.With(texts, (all, added, beyond) => new Gpt1Bpe(all, Merges, [.. AddedTokens.Where(token => _texts.IsSpecial(token.Id)).Select(token => token.Text)], Words, added, beyond)).With(Roles);

    /// <inheritdoc/>
    protected override void EncodePlain(ReadOnlySpan<char> text, List<int> ids)
    {
        WordEncoder encoder = _encoders.Take();
        try
        {
            ForWords(text, word => encoder.Encode(word, ids));
        }
        finally
        {
            encoder.Trim();
            _encoders.PutBack(encoder);
        }
    }

    /// <inheritdoc/>
    internal override bool IsBeyondModel(int id) => _texts.IsBeyond(id);

    private protected override string? Normalize(ReadOnlySpan<char> text) => Words == Gpt1Words.Basic ? BasicSplit.Uncased.Normalize(text) : null;

    private void ForWords(ReadOnlySpan<char> text, CountChunk found) => Split(text, Words, found);

    /// <summary>Calls <paramref name="found"/> for every word.</summary>
    internal static void Split(ReadOnlySpan<char> text, Gpt1Words words, CountChunk found)
    {
        if (words == Gpt1Words.Basic)
        {
            BasicSplit.Uncased.Words(text, found);
            return;
        }

        ReadOnlySpan<char> standard = Gpt1Standardize.Apply(text.ToString());
        foreach (Range line in standard.Split('\n'))
        {
            if (line.Start.Value > 0)
                found("\n");
            BasicSplit.Uncased.Words(standard[line], found);
        }
    }

    /// <summary>Maps single characters to ids, separately for characters inside a word and at its end.</summary>
    private sealed class SymbolIds
    {
        private readonly TokenTexts _texts;
        private readonly int _unknown;
        private readonly int[] _inside = new int[char.MaxValue + 1];
        private readonly int[] _last = new int[char.MaxValue + 1];

        public SymbolIds(TokenTexts texts, int unknown)
        {
            (_texts, _unknown) = (texts, unknown);
            Array.Fill(_inside, unknown);
            Array.Fill(_last, unknown);
            for (int id = 0; id < texts.Count; id++)
            {
                if (texts.IsBeyond(id))
                    continue;
                string text = texts[id];
                if (text.Length == 1)
                    _inside[text[0]] = id;
                else if (text.Length == 1 + EndOfWord.Length && text.EndsWith(EndOfWord, StringComparison.Ordinal))
                    _last[text[0]] = id;
            }
        }

        public bool Has(Rune rune, bool isLast) => Of(rune, isLast) != _unknown;

        public int Of(Rune rune, bool isLast)
        {
            if (rune.IsBmp)
                return (isLast ? _last : _inside)[rune.Value];
            int id = _texts.Find(isLast ? rune + EndOfWord : rune.ToString());
            return id < 0 ? _unknown : id;
        }
    }

    /// <summary>Encodes words. It looks a word up in the cache first, and merges its symbols if it is not there. One thread uses it at a time.</summary>
    private sealed class WordEncoder(MergeTable merges, SymbolIds symbols)
    {
        private readonly ChunkCache _cache = new();
        private readonly BpeMerger _merger = new(merges);

        public void Encode(ReadOnlySpan<char> word, List<int> ids)
        {
            bool keyed = ChunkCache.Key.TryAscii(word, out ChunkCache.Key key);
            if (keyed && _cache.TryAppend(key, ids))
                return;
            Span<int> first = _merger.Start(word.Length);
            int count = 0;
            for (int at = 0; at < word.Length;)
            {
                _ = Rune.DecodeFromUtf16(word[at..], out Rune rune, out int length);
                at += length;
                first[count++] = symbols.Of(rune, at == word.Length);
            }

            ReadOnlySpan<int> merged = _merger.Merge(count);
            ids.AddRange(merged);
            if (keyed)
                _cache.Add(key, merged);
        }

        public void Trim() => _merger.Trim();
    }
}

/// <summary>
/// Trains a <see cref="Gpt1Bpe"/>. Its vocabulary has <c>&lt;unk&gt;</c>, the characters of the text inside and at the end of words, the results
/// of merges, and <c>&lt;|endoftext|&gt;</c>, which GPT-1's own vocabulary does not have.
/// </summary>
public sealed record Gpt1Trainer : TokenizerTrainer
{
    /// <summary>The size of GPT-1's vocabulary: 40,000 merges, the characters and the special token.</summary>
    private const int DefaultVocabulary = 40_478;

    /// <summary>Creates a trainer with its defaults: 40,478 ids, a minimum frequency of 2, and <see cref="Gpt1Words.Basic"/>.</summary>
    public Gpt1Trainer() : base(minFrequency: 2) => VocabSize = DefaultVocabulary;

    /// <summary>Gets how text is prepared before the symbols of its words are merged.</summary>
    public Gpt1Words Words { get; init; }

    /// <inheritdoc/>
    public override string Kind => Gpt1Bpe.KindName;

    /// <summary>Gets the smallest vocabulary size, 3: the special tokens and one character.</summary>
    public override int SmallestVocabulary => 3;

    /// <inheritdoc/>
    public override Gpt1Bpe Train(IEnumerable<string> texts, IProgress<TokenizerProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        TokenizerProgress read = default;
        Dictionary<string, long> words = Count(
            texts, (text, count) => Gpt1Bpe.Split(text, Words, count), (count, characters) => progress?.Report(read = new(count, characters, 0, 0)), cancellationToken);
        SymbolBpe.Vocabulary learned = SymbolBpe.Learn(
            words, reserved: 1, this with { VocabSize = VocabSize - 1 }, SymbolsOf, (left, right) => left + right,
            (merges, wanted) => progress?.Report(read with { Merges = merges, MergesWanted = wanted }), cancellationToken);
        return new Gpt1Bpe([Gpt1Bpe.Unknown, .. learned.Tokens, AddedToken.EndOfText], learned.Merges, [AddedToken.EndOfText], Words);
    }

    private static IEnumerable<string> SymbolsOf(string word)
    {
        for (int at = 0, length; at < word.Length; at += length)
        {
            length = char.IsSurrogatePair(word, at) ? 2 : 1;
            string character = word.Substring(at, length);
            yield return at + length == word.Length ? character + Gpt1Bpe.EndOfWord : character;
        }
    }
}
