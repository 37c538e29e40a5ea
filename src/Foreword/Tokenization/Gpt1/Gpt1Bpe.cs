using System.Text;
using Foreword.Tokenization.Bpe;
using Foreword.Tokenization.Normalization;

namespace Foreword.Tokenization.Gpt1;

/// <summary>What happens to text before <see cref="Gpt1Bpe"/> merges its words.</summary>
public enum Gpt1Words
{
    /// <summary>BERT's basic tokenizer, which Hugging Face's OpenAIGPTTokenizer takes where spaCy and ftfy are not installed.</summary>
    Basic,

    /// <summary>
    /// OpenAI's <c>text_standardize</c> first (<see cref="Gpt1Standardize"/>), which keeps line feeds as words; then the basic tokenizer
    /// in place of spaCy.
    /// </summary>
    Standardize,
}

/// <summary>
/// GPT-1's byte-pair encoding (Radford et al. 2018, section 4.1; Sennrich et al. 2016): words in lower case, their characters the first
/// symbols, the last one marked by <c>&lt;/w&gt;</c>; merges join neighbours, lowest rank first and leftmost of equals. A character
/// outside the vocabulary becomes <c>&lt;unk&gt;</c>.
/// </summary>
public sealed class Gpt1Bpe : Tokenizer
{
    /// <summary>What a character outside the vocabulary becomes.</summary>
    public const string Unknown = "<unk>";

    /// <summary>The mark behind a token that ends a word.</summary>
    public const string EndOfWord = "</w>";

    internal const string KindName = "gpt1-bpe";

    private readonly TokenTexts _texts;
    private readonly Symbols _symbols;
    private readonly EncoderPool<WordEncoder> _encoders;

    /// <summary>Builds the tokenizer from its vocabulary.</summary>
    /// <param name="tokens">The entries by id, those that end a word with <see cref="EndOfWord"/>; <see cref="Unknown"/> is among them.</param>
    /// <param name="merges">The merges by rank.</param>
    /// <param name="special">Entries that stand for no text, such as fine-tuning's task tokens; <see cref="Unknown"/> always is one.</param>
    /// <param name="words">What happens to text before its words are merged.</param>
    /// <exception cref="ArgumentException">An entry stands twice, <see cref="Unknown"/> is missing, a merge does not make its result, or a pair is merged twice.</exception>
    public Gpt1Bpe(IReadOnlyList<string> tokens, IReadOnlyList<BpeMerge> merges, IEnumerable<string>? special = null, Gpt1Words words = Gpt1Words.Basic)
        : this(tokens, merges, special ?? [], words, [], new HashSet<int>())
    {
    }

    /// <summary>Builds the tokenizer from its vocabulary and the added tokens that its files name.</summary>
    internal Gpt1Bpe(IReadOnlyList<string> tokens, IReadOnlyList<BpeMerge> merges, IEnumerable<string> special, Gpt1Words words, IReadOnlyCollection<AddedToken> added, IReadOnlySet<int> beyond)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(merges);
        if (tokens.Count > MergeTable.MaxVocabulary)
            throw new ArgumentException($"the vocabulary has {tokens.Count} tokens; at most {MergeTable.MaxVocabulary} are possible");
        _texts = new TokenTexts(tokens, [.. special.Append(Unknown).Distinct()], added, beyond);
        Merges = [.. merges];
        Words = words;
        for (int rank = 0; rank < Merges.Count; rank++)
        {
            (int left, int right, int result) = Merges[rank];
            if (_texts[left] + _texts[right] != _texts[result])
                throw new ArgumentException($"merge {rank} joins '{_texts[left]}' and '{_texts[right]}', but makes '{_texts[result]}'");
        }

        MergeTable table = new(Merges);
        _symbols = new Symbols(_texts, _texts.IdOf(Unknown)!.Value);
        _encoders = new EncoderPool<WordEncoder>(() => new WordEncoder(table, _symbols));
    }

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override int VocabularySize => _texts.Count;

    /// <summary>GPT-1's own vocabulary has none.</summary>
    public override int? EndOfTextId => Roles.EndOfText ?? _texts.IdOf(AddedToken.EndOfText);

    /// <inheritdoc/>
    public override bool EndsWordsWithSpaces => true;

    /// <inheritdoc/>
    public override IReadOnlyList<AddedToken> AddedTokens => _texts.Added;

    /// <inheritdoc/>
    public override string Fingerprint => _texts.Fingerprint($"{KindName} 1 {Words} {string.Join(',', Merges.Select(merge => $"{merge.Left}+{merge.Right}"))}{Roles.Signature(EndOfTextId)}");

    /// <summary>The merges by rank.</summary>
    public IReadOnlyList<BpeMerge> Merges { get; }

    /// <summary>What happens to text before its words are merged.</summary>
    public Gpt1Words Words { get; }

    /// <summary>The token's text; a space in place of the mark that ends a word.</summary>
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
    /// Writes <c>vocab.json</c>, <c>merges.txt</c> and <c>tokenizer_config.json</c> as Hugging Face names them, and, where the words are
    /// the basic ones, <c>tokenizer.json</c>, which cannot say anything else.
    /// </summary>
    /// <exception cref="DirectoryNotFoundException">The directory does not exist.</exception>
    public override void Save(string directory) => Gpt1Json.Save(this, directory);

    /// <summary>The ids of one word as it is: no splitting, no lower case (OpenAI's <c>bpe</c>, text_utils.py).</summary>
    public int[] EncodeWord(string word)
    {
        ArgumentNullException.ThrowIfNull(word);
        List<int> ids = [];
        if (word.Length > 0)
            new WordEncoder(new MergeTable(Merges), _symbols).Encode(word, ids);
        return [.. ids];
    }

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

    private void ForWords(ReadOnlySpan<char> text, CountPiece found) => Split(text, Words, found);

    /// <summary>Calls <paramref name="found"/> for every word.</summary>
    internal static void Split(ReadOnlySpan<char> text, Gpt1Words words, CountPiece found)
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

    /// <summary>The ids of single characters, inside a word and at its end.</summary>
    private sealed class Symbols
    {
        private readonly TokenTexts _texts;
        private readonly int _unknown;
        private readonly int[] _inside = new int[char.MaxValue + 1];
        private readonly int[] _last = new int[char.MaxValue + 1];

        public Symbols(TokenTexts texts, int unknown)
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

    /// <summary>Encodes words: cache first, merges where that misses. One thread uses it at a time.</summary>
    private sealed class WordEncoder(MergeTable merges, Symbols symbols)
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
/// Trains a <see cref="Gpt1Bpe"/>: <c>&lt;unk&gt;</c>, the characters of the text inside and at the end of words, the merges, and
/// <c>&lt;|endoftext|&gt;</c>, which GPT-1's own vocabulary does not have.
/// </summary>
public sealed record Gpt1Trainer : TokenizerTrainer
{
    /// <summary>GPT-1's 40,000 merges, characters and the rest.</summary>
    private const int DefaultVocabulary = 40_478;

    /// <summary>A trainer with its defaults: 40,478 ids, pairs seen twice, the basic words.</summary>
    public Gpt1Trainer() : base(minFrequency: 2) => VocabularySize = DefaultVocabulary;

    /// <summary>What happens to text before its words are merged.</summary>
    public Gpt1Words Words { get; init; }

    /// <inheritdoc/>
    public override string Kind => Gpt1Bpe.KindName;

    /// <summary>3: the special tokens and a character.</summary>
    public override int SmallestVocabulary => 3;

    /// <inheritdoc/>
    public override Gpt1Bpe Train(IEnumerable<string> texts, IProgress<TokenizerProgress>? progress = null, CancellationToken cancellation = default)
    {
        TokenizerProgress read = default;
        Dictionary<string, long> words = Count(
            texts, (text, count) => Gpt1Bpe.Split(text, Words, count), (count, characters) => progress?.Report(read = new(count, characters, 0, 0)), cancellation);
        SymbolBpe.Vocabulary learned = SymbolBpe.Learn(
            words, reserved: 1, this with { VocabularySize = VocabularySize - 1 }, SymbolsOf, (left, right) => left + right,
            (merges, wanted) => progress?.Report(read with { Merges = merges, MergesWanted = wanted }), cancellation);
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
