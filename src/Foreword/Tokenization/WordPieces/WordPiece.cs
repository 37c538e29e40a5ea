using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Foreword.Tokenization.Bpe;
using Foreword.Tokenization.Normalization;

namespace Foreword.Tokenization.WordPieces;

/// <summary>Specifies the units of text that <see cref="WordPiece"/> divides into tokens.</summary>
public enum WordPieceUnits
{
    /// <summary>The words of BERT's basic tokenizer, as in GPT2-Chinese. Each ideograph is a word.</summary>
    Words,

    /// <summary>Single characters without changes, including white space and capitals. Each character is one token, as in GPT2-chitchat.</summary>
    Characters,
}

/// <summary>
/// Encodes text with WordPiece as in BERT (Wu et al. 2016; google-research/bert, tokenization.py). From left to right, each word is divided into
/// the longest entries of the vocabulary. An entry that continues a word begins with <c>##</c>. A word that cannot be divided in this way becomes
/// <c>[UNK]</c>. The Chinese GPT-2 models use this tokenizer.
/// </summary>
public sealed class WordPiece : Tokenizer
{
    /// <summary>The token that replaces a word outside the vocabulary.</summary>
    public const string Unknown = "[UNK]";

    /// <summary>The prefix of a token that continues a word.</summary>
    public const string Continuation = "##";

    internal const string KindName = "wordpiece";

    /// <summary>The token that begins a text.</summary>
    internal const string Start = "[CLS]";

    /// <summary>The token that ends a document or an utterance.</summary>
    internal const string Separator = "[SEP]";

    private const string Mask = "[MASK]", Padding = "[PAD]";

    /// <summary>The first of the scripts that are written without spaces: CJK radicals, followed by ideographs, kana and full-width forms.</summary>
    private const int FirstEastAsian = 0x2E80;

    /// <summary>The largest number of characters in a word. A longer word is unknown (Hugging Face's default).</summary>
    private const int LongestWord = 100;

    internal static readonly string[] SpecialTexts = [Unknown, Start, Separator, Padding, Mask];

    private readonly TokenTexts _texts;
    private readonly int _unknown;
    private readonly int _longestPiece;
    private readonly EncoderPool<WordEncoder> _encoders;

    /// <summary>Creates the tokenizer from its vocabulary.</summary>
    /// <param name="tokens">The entries by id. They include <see cref="Unknown"/>, and the other special tokens if the model has them.</param>
    /// <param name="lowerCase">True to convert text to lowercase without accents. Ignored if the units are characters.</param>
    /// <param name="units">The units of text that are divided into tokens.</param>
    /// <exception cref="ArgumentException">An entry is empty or occurs twice, or <see cref="Unknown"/> is missing.</exception>
    public WordPiece(IReadOnlyList<string> tokens, bool lowerCase = true, WordPieceUnits units = WordPieceUnits.Words)
        : this(tokens, lowerCase, units, [], new HashSet<int>())
    {
    }

    /// <summary>Creates the tokenizer from its vocabulary and the added tokens that its files declare.</summary>
    internal WordPiece(IReadOnlyList<string> tokens, bool lowerCase, WordPieceUnits units, IReadOnlyCollection<AddedToken> added, IReadOnlySet<int> beyond)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        HashSet<string> there = [.. tokens];
        _texts = new TokenTexts(tokens, SpecialTexts.Where(text => text == Unknown || there.Contains(text)), added, beyond);
        _unknown = _texts.IdOf(Unknown)!.Value;
        _longestPiece = tokens.Max(text => text.Length);
        (LowerCase, StripAccents, Units) = (lowerCase, lowerCase, units);
        _encoders = new EncoderPool<WordEncoder>(() => new WordEncoder(this));
    }

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override int VocabSize => _texts.Count;

    /// <summary>Gets the id that ends a document: the one that the files name, or that of <c>[SEP]</c>; null if there is neither.</summary>
    public override int? EndOfTextId => Roles.EndOfText ?? _texts.IdOf(Separator);

    /// <inheritdoc/>
    public override int? UnknownId => _unknown;

    /// <inheritdoc/>
    public override IReadOnlyList<AddedToken> AddedTokens => _texts.Added;

    /// <inheritdoc/>
    public override string Fingerprint => _texts.Fingerprint($"{KindName} 1 {(Units == WordPieceUnits.Words && LowerCase ? "uncased" : "cased")} {Units}{Switches}{Roles.Signature(EndOfTextId)}");

    /// <summary>Gets whether letters are converted to lowercase.</summary>
    public bool LowerCase { get; }

    /// <summary>Gets whether accents are removed from letters; the same as <see cref="LowerCase"/> by default.</summary>
    public bool StripAccents { get; init; }

    /// <summary>Gets whether every ideograph is a word of its own; true by default.</summary>
    public bool SeparateIdeographs { get; init; } = true;

    /// <summary>Gets the units of text that are divided into tokens.</summary>
    public WordPieceUnits Units { get; }

    /// <summary>
    /// Returns the bytes of the token's text without the <c>##</c> prefix. A token that begins a word of letters or digits has a space before it.
    /// Ideographs have no spaces between them.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary.</exception>
    public override ReadOnlySpan<byte> TokenBytes(int id)
    {
        string text = _texts[id];
        if (Units == WordPieceUnits.Characters || _texts.IsAddedSpecial(id))
            return Encoding.UTF8.GetBytes(text);
        if (text.Length > Continuation.Length && text.StartsWith(Continuation, StringComparison.Ordinal))
            return Encoding.UTF8.GetBytes(text[Continuation.Length..]);
        Rune first = Rune.GetRuneAt(text, 0);
        return Encoding.UTF8.GetBytes(Rune.IsLetterOrDigit(first) && !BasicSplit.IsIdeograph(first) ? " " + text : text);
    }

    /// <summary>
    /// Returns the bytes of the ids. A word of letters or digits has a space before it, except at the beginning, after white space, after an opening
    /// bracket and after East Asian characters, which are written without spaces.
    /// </summary>
    /// <inheritdoc path="/exception"/>
    public override byte[] DecodeBytes(ReadOnlySpan<int> ids)
    {
        List<byte> bytes = [];
        int before = -1;
        foreach (int id in ids)
        {
            bytes.AddRange(BytesAfter(before, id));
            before = id;
        }

        return [.. bytes];
    }

    /// <inheritdoc/>
    public override string TokenText(int id) => _texts[id];

    /// <inheritdoc/>
    public override IReadOnlyList<Rune> LostCharacters(ReadOnlySpan<char> text)
    {
        DistinctRunes lost = new();
        if (Units == WordPieceUnits.Words)
            BasicSplit.AddDropped(text, lost);
        List<int> ids = [];
        WordEncoder encoder = new(this);
        Split(text, word =>
        {
            ids.Clear();
            encoder.Encode(word, ids);
            if (ids[0] == _unknown)
                lost.AddAll(word);
        });
        return lost.Sorted;
    }

    /// <summary>Writes <c>tokenizer.json</c>, <c>vocab.txt</c> and <c>tokenizer_config.json</c>, the file names of Hugging Face.</summary>
    /// <param name="directory">An existing directory.</param>
    /// <exception cref="DirectoryNotFoundException">The directory does not exist.</exception>
    public override void Save(string directory) => WordPieceFiles.Save(this, directory);

    private protected override Tokenizer WithNewTokens(IReadOnlyList<string> texts) =>
        _texts.With(texts, (all, added, beyond) => new WordPiece(all, LowerCase, Units, added, beyond) { StripAccents = StripAccents, SeparateIdeographs = SeparateIdeographs }).With(Roles);

    /// <inheritdoc/>
    protected override void EncodePlain(ReadOnlySpan<char> text, List<int> ids)
    {
        WordEncoder encoder = _encoders.Take();
        try
        {
            Split(text, word => encoder.Encode(word, ids));
        }
        finally
        {
            _encoders.PutBack(encoder);
        }
    }

    /// <inheritdoc/>
    internal override int? LineBreakId => Roles.StartOfText is { } start && start == _texts.IdOf(Mask) && EndOfTextId == _texts.IdOf(Start) ? _texts.IdOf(Separator) : null;

    /// <inheritdoc/>
    internal override bool IsBeyondModel(int id) => _texts.IsBeyond(id);

    /// <summary>
    /// Returns the bytes that a token adds to a generated text. The special tokens are its lines, as in GPT2-Chinese: <c>[SEP]</c> is a line break,
    /// <c>[CLS]</c> an empty line, and <c>[MASK]</c> and <c>[PAD]</c> are nothing.
    /// </summary>
    internal override ReadOnlySpan<byte> WrittenBytes(int before, int id) => LineOf(id) ?? BytesAfter(before >= VocabSize || LineOf(before) is not null ? -1 : before, id);

    private byte[]? LineOf(int id) => !_texts.IsAddedSpecial(id) ? null : _texts[id] switch
    {
        Separator => [(byte)'\n'],
        Start => [(byte)'\n', (byte)'\n'],
        Mask or Padding => [],
        _ => null,
    };

    /// <summary>Returns the bytes of a token after another one, which decides whether a space is between them.</summary>
    /// <param name="before">The token before; -1 if there is none.</param>
    /// <param name="id">The token.</param>
    private ReadOnlySpan<byte> BytesAfter(int before, int id)
    {
        ReadOnlySpan<byte> bytes = TokenBytes(id);
        return Units == WordPieceUnits.Words && bytes is [(byte)' ', ..] && (before < 0 || NeedsNoSpace(_texts[before])) ? bytes[1..] : bytes;
    }

    private static bool NeedsNoSpace(string before)
    {
        Rune.DecodeLastFromUtf16(before, out Rune last, out _);
        return last.Value >= FirstEastAsian || Rune.IsWhiteSpace(last) || Rune.GetUnicodeCategory(last) is UnicodeCategory.OpenPunctuation or UnicodeCategory.InitialQuotePunctuation;
    }

    private protected override string? Normalize(ReadOnlySpan<char> text) => Units == WordPieceUnits.Words ? Basic.Normalize(text) : null;

    private BasicSplit Basic => BasicSplit.Of(LowerCase, StripAccents, SeparateIdeographs);

    private string Switches => Units == WordPieceUnits.Words && (StripAccents != LowerCase || !SeparateIdeographs) ? $" accents {!StripAccents} ideographs {SeparateIdeographs} " : "";

    private void Split(ReadOnlySpan<char> text, CountChunk found)
    {
        if (Units == WordPieceUnits.Words)
        {
            Basic.Words(text, found);
            return;
        }

        Span<char> units = stackalloc char[2];
        foreach (Rune rune in text.EnumerateRunes()) // a lone surrogate is enumerated as U+FFFD
            found(units[..rune.EncodeToUtf16(units)]);
    }

    /// <summary>Encodes words and caches the ids of those it has encoded. One thread uses it at a time.</summary>
    private sealed class WordEncoder(WordPiece tokenizer)
    {
        private readonly ChunkCache _cache = new();
        private readonly char[] _piece = new char[Continuation.Length + tokenizer._longestPiece + 1];

        public void Encode(ReadOnlySpan<char> word, List<int> ids)
        {
            bool keyed = ChunkCache.Key.TryAscii(word, out ChunkCache.Key key);
            if (keyed && _cache.TryAppend(key, ids))
                return;
            int before = ids.Count;
            if (!TryCut(word, ids))
            {
                ids.RemoveRange(before, ids.Count - before);
                ids.Add(tokenizer._unknown);
            }

            if (keyed)
                _cache.Add(key, CollectionsMarshal.AsSpan(ids)[before..]);
        }

        /// <summary>Appends the ids of the word's parts. Returns false if a part is not in the vocabulary.</summary>
        private bool TryCut(ReadOnlySpan<char> word, List<int> ids)
        {
            if (word.Length > LongestWord && LengthInCharacters(word) > LongestWord)
                return false;
            Continuation.CopyTo(_piece);
            for (int start = 0, end; start < word.Length; start = end)
            {
                end = Math.Min(word.Length, start + tokenizer._longestPiece);
                int id = -1;
                for (; end > start; end--)
                {
                    ReadOnlySpan<char> chunk = word[start..end];
                    if (start > 0)
                    {
                        chunk.CopyTo(_piece.AsSpan(Continuation.Length));
                        chunk = _piece.AsSpan(0, Continuation.Length + chunk.Length);
                    }

                    id = tokenizer._texts.Find(chunk);
                    if (id >= 0)
                        break;
                }

                if (id < 0)
                    return false;
                ids.Add(id);
            }

            return true;
        }

        private static int LengthInCharacters(ReadOnlySpan<char> word)
        {
            int length = 0;
            foreach (Rune _ in word.EnumerateRunes())
                length++;
            return length;
        }
    }
}

/// <summary>
/// Trains a <see cref="WordPiece"/> vocabulary by the counts of pairs, as Hugging Face's WordPieceTrainer does. The vocabulary has BERT's five
/// special tokens, the characters of the text (both as the beginning and as the continuation of a word) and the results of merges.
/// All text is lowercase.
/// </summary>
public sealed record WordPieceTrainer : TokenizerTrainer
{
    /// <summary>The vocabulary size of BERT-Base, Chinese.</summary>
    private const int DefaultVocabulary = 21_128;

    private static readonly string[] Special = ["[PAD]", WordPiece.Unknown, "[CLS]", "[SEP]", "[MASK]"];

    /// <summary>Creates a trainer with its defaults: 21,128 ids, and a minimum frequency of 2.</summary>
    public WordPieceTrainer() : base(minFrequency: 2) => VocabSize = DefaultVocabulary;

    /// <inheritdoc/>
    public override string Kind => WordPiece.KindName;

    /// <summary>Gets the smallest vocabulary size, 6: the five special tokens and one character.</summary>
    public override int SmallestVocabulary => Special.Length + 1;

    /// <inheritdoc/>
    public override WordPiece Train(IEnumerable<string> texts, IProgress<TokenizerProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        TokenizerProgress read = default;
        Dictionary<string, long> words = Count(
            texts, BasicSplit.Uncased.Words, (count, characters) => progress?.Report(read = new(count, characters, 0, 0)), cancellationToken);
        SymbolBpe.Vocabulary learned = SymbolBpe.Learn(
            words, Special.Length, this, SymbolsOf, (left, right) => left + right[WordPiece.Continuation.Length..],
            (merges, wanted) => progress?.Report(read with { Merges = merges, MergesWanted = wanted }), cancellationToken);
        return new WordPiece([.. Special, .. learned.Tokens]);
    }

    private static IEnumerable<string> SymbolsOf(string word)
    {
        for (int at = 0, length; at < word.Length; at += length)
        {
            length = char.IsSurrogatePair(word, at) ? 2 : 1;
            string character = word.Substring(at, length);
            yield return at == 0 ? character : WordPiece.Continuation + character;
        }
    }
}
