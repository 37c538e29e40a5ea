using System.Runtime.InteropServices;
using System.Text;
using Foreword.Tokenization.Bpe;
using Foreword.Tokenization.Normalization;

namespace Foreword.Tokenization.WordPieces;

/// <summary>What <see cref="WordPiece"/> cuts into pieces.</summary>
public enum WordPieceUnits
{
    /// <summary>The words of BERT's basic tokenizer, as GPT2-Chinese does; each ideograph is one.</summary>
    Words,

    /// <summary>Single characters as they are, white space and capitals too: one character, one token, as GPT2-chitchat does.</summary>
    Characters,
}

/// <summary>
/// WordPiece as BERT has it (Wu et al. 2016; google-research/bert, tokenization.py): each word is cut from the left into the longest
/// pieces in the vocabulary, those after the first with <c>##</c> before them; a word that cannot be cut is <c>[UNK]</c>. The
/// tokenizer of the Chinese GPT-2 models.
/// </summary>
public sealed class WordPiece : Tokenizer
{
    /// <summary>What a word outside the vocabulary becomes.</summary>
    public const string Unknown = "[UNK]";

    /// <summary>What stands before a piece that continues a word.</summary>
    public const string Continuation = "##";

    internal const string KindName = "wordpiece";

    /// <summary>Ends a document or an utterance.</summary>
    private const string Separator = "[SEP]";

    /// <summary>Characters of a word above which it is unknown (Hugging Face's default).</summary>
    private const int LongestWord = 100;

    internal static readonly string[] SpecialTexts = [Unknown, "[CLS]", Separator, "[PAD]", "[MASK]"];

    private readonly TokenTexts _texts;
    private readonly int _unknown;
    private readonly int _longestPiece;
    private readonly EncoderPool<WordEncoder> _encoders;

    /// <summary>Builds the tokenizer from its vocabulary.</summary>
    /// <param name="tokens">The entries by id; <see cref="Unknown"/> is among them, and the other special tokens where the models have them.</param>
    /// <param name="lowerCase">True for lower case without accents; not looked at where the units are characters.</param>
    /// <param name="units">What is cut into pieces.</param>
    /// <exception cref="ArgumentException">An entry is empty or stands twice, or <see cref="Unknown"/> is missing.</exception>
    public WordPiece(IReadOnlyList<string> tokens, bool lowerCase = true, WordPieceUnits units = WordPieceUnits.Words)
        : this(tokens, lowerCase, units, [], new HashSet<int>())
    {
    }

    /// <summary>Builds the tokenizer from its vocabulary and the added tokens that its files name.</summary>
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
    public override int VocabularySize => _texts.Count;

    /// <summary><c>[SEP]</c>, where the vocabulary has it.</summary>
    public override int? EndOfTextId => Roles.EndOfText ?? _texts.IdOf(Separator);

    /// <inheritdoc/>
    public override IReadOnlyList<AddedToken> AddedTokens => _texts.Added;

    /// <inheritdoc/>
    public override string Fingerprint => _texts.Fingerprint($"{KindName} 1 {(Units == WordPieceUnits.Words && LowerCase ? "uncased" : "cased")} {Units}{Switches}{Roles.Signature(EndOfTextId)}");

    /// <summary>True where letters become lower case.</summary>
    public bool LowerCase { get; }

    /// <summary>True where letters lose their accents; as <see cref="LowerCase"/> unless set.</summary>
    public bool StripAccents { get; init; }

    /// <summary>True where every ideograph is a word of its own, which it is unless set otherwise.</summary>
    public bool SeparateIdeographs { get; init; } = true;

    /// <summary>What is cut into pieces.</summary>
    public WordPieceUnits Units { get; }

    /// <summary>The piece; a space before it where it begins a word of letters or digits, none between ideographs.</summary>
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

    /// <inheritdoc/>
    public override byte[] DecodeBytes(ReadOnlySpan<int> ids)
    {
        byte[] bytes = base.DecodeBytes(ids);
        return Units == WordPieceUnits.Words && bytes is [(byte)' ', ..] ? bytes[1..] : bytes;
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

    /// <summary>Writes <c>tokenizer.json</c>, <c>vocab.txt</c> and <c>tokenizer_config.json</c> as Hugging Face names them.</summary>
    /// <exception cref="DirectoryNotFoundException">The directory does not exist.</exception>
    public override void Save(string directory) => WordPieceFiles.Save(this, directory);

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
    internal override bool IsBeyondModel(int id) => _texts.IsBeyond(id);

    private protected override string? Normalize(ReadOnlySpan<char> text) => Units == WordPieceUnits.Words ? Basic.Normalize(text) : null;

    private BasicSplit Basic => BasicSplit.Of(LowerCase, StripAccents, SeparateIdeographs);

    private string Switches => Units == WordPieceUnits.Words && (StripAccents != LowerCase || !SeparateIdeographs) ? $" accents {!StripAccents} ideographs {SeparateIdeographs} " : "";

    private void Split(ReadOnlySpan<char> text, CountPiece found)
    {
        if (Units == WordPieceUnits.Words)
        {
            Basic.Words(text, found);
            return;
        }

        Span<char> units = stackalloc char[2];
        foreach (Rune rune in text.EnumerateRunes()) // a lone surrogate is U+FFFD
            found(units[..rune.EncodeToUtf16(units)]);
    }

    /// <summary>Encodes words, those met before from memory. One thread uses it at a time.</summary>
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

        /// <summary>Appends the word's pieces; false where a part of it has none.</summary>
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
                    ReadOnlySpan<char> piece = word[start..end];
                    if (start > 0)
                    {
                        piece.CopyTo(_piece.AsSpan(Continuation.Length));
                        piece = _piece.AsSpan(0, Continuation.Length + piece.Length);
                    }

                    id = tokenizer._texts.Find(piece);
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
/// Trains a <see cref="WordPiece"/> vocabulary as Hugging Face's WordPieceTrainer does, by the counts of pairs: BERT's five special
/// tokens, the characters of the text at the beginning of and inside words, and what merges make of them. Lower case.
/// </summary>
public sealed record WordPieceTrainer : TokenizerTrainer
{
    /// <summary>As large as that of BERT-Base, Chinese.</summary>
    private const int DefaultVocabulary = 21_128;

    private static readonly string[] Special = ["[PAD]", WordPiece.Unknown, "[CLS]", "[SEP]", "[MASK]"];

    /// <summary>A trainer with its defaults: 21,128 ids, pairs seen twice.</summary>
    public WordPieceTrainer() : base(minFrequency: 2) => VocabularySize = DefaultVocabulary;

    /// <inheritdoc/>
    public override string Kind => WordPiece.KindName;

    /// <summary>6: the special tokens and a character.</summary>
    public override int SmallestVocabulary => Special.Length + 1;

    /// <inheritdoc/>
    public override WordPiece Train(IEnumerable<string> texts, IProgress<TokenizerProgress>? progress = null, CancellationToken cancellation = default)
    {
        TokenizerProgress read = default;
        Dictionary<string, long> words = Count(
            texts, BasicSplit.Uncased.Words, (count, characters) => progress?.Report(read = new(count, characters, 0, 0)), cancellation);
        SymbolBpe.Vocabulary learned = SymbolBpe.Learn(
            words, Special.Length, this, SymbolsOf, (left, right) => left + right[WordPiece.Continuation.Length..],
            (merges, wanted) => progress?.Report(read with { Merges = merges, MergesWanted = wanted }), cancellation);
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
