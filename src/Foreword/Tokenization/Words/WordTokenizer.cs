using System.Text;
using Foreword.Tokenization.Normalization;

namespace Foreword.Tokenization.Words;

/// <summary>
/// Encodes each word as one token. Words are separated by white space, as in the language-modeling data sets PTB and WikiText (Mikolov et
/// al. 2010; Merity et al. 2016). The end of a line is <see cref="EndOfSentence"/>; a word outside the vocabulary is <see cref="Unknown"/>.
/// Decoding puts single spaces between words.
/// </summary>
public sealed class WordTokenizer : Tokenizer
{
    /// <summary>The token that replaces a word outside the vocabulary.</summary>
    public const string Unknown = "<unk>";

    /// <summary>The token for the end of a line and of a document.</summary>
    public const string EndOfSentence = "<eos>";

    internal const string KindName = "word";

    private readonly TokenTexts _texts;
    private readonly int _unknown;
    private readonly int _endOfSentence;

    /// <summary>Creates the tokenizer from its vocabulary.</summary>
    /// <param name="tokens">The entries by id. They include <see cref="Unknown"/> and <see cref="EndOfSentence"/>. No entry contains white space.</param>
    /// <exception cref="ArgumentException">One of the two tokens is missing, or an entry is empty, contains white space or occurs twice.</exception>
    public WordTokenizer(IReadOnlyList<string> tokens)
        : this(tokens, [], new HashSet<int>())
    {
    }

    /// <summary>Creates the tokenizer from its vocabulary and the added tokens that its files declare.</summary>
    internal WordTokenizer(IReadOnlyList<string> tokens, IReadOnlyCollection<AddedToken> added, IReadOnlySet<int> beyond)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        HashSet<string> whole = [.. added.Select(token => token.Text)];
        string? spaced = tokens.FirstOrDefault(text => text.Any(char.IsWhiteSpace) && !whole.Contains(text));
        if (spaced is not null)
            throw new ArgumentException($"token '{spaced}' contains white space, which separates words", nameof(tokens));
        _texts = new TokenTexts(tokens, [Unknown, EndOfSentence], added, beyond);
        _unknown = _texts.IdOf(Unknown)!.Value;
        _endOfSentence = _texts.IdOf(EndOfSentence)!.Value;
    }

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override int VocabSize => _texts.Count;

    /// <inheritdoc/>
    public override int? EndOfTextId => Roles.EndOfText ?? _endOfSentence;

    /// <inheritdoc/>
    public override int? UnknownId => _unknown;

    /// <inheritdoc/>
    public override bool EndsWordsWithSpaces => true;

    /// <inheritdoc/>
    public override IReadOnlyList<AddedToken> AddedTokens => _texts.Added;

    /// <inheritdoc/>
    public override string Fingerprint => _texts.Fingerprint($"word 1{Roles.Signature(EndOfTextId)}");

    /// <summary>Returns the bytes of the word followed by a space, or a line feed for <see cref="EndOfSentence"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary.</exception>
    public override ReadOnlySpan<byte> TokenBytes(int id) => id == _endOfSentence ? "\n"u8 : Encoding.UTF8.GetBytes(_texts[id] + " ");

    /// <inheritdoc/>
    public override byte[] DecodeBytes(ReadOnlySpan<int> ids)
    {
        string text = Encoding.UTF8.GetString(base.DecodeBytes(ids)).Replace(" \n", "\n", StringComparison.Ordinal);
        return Encoding.UTF8.GetBytes(text.EndsWith(' ') ? text[..^1] : text);
    }

    /// <inheritdoc/>
    public override string TokenText(int id) => _texts[id];

    /// <inheritdoc/>
    public override void Save(string directory) => WordLevelJson.Save(this, directory);

    /// <inheritdoc/>
    public override IReadOnlyList<Rune> LostCharacters(ReadOnlySpan<char> text)
    {
        DistinctRunes lost = new();
        Words(text, word =>
        {
            if (!IsLineEnd(word) && IdOf(word) < 0)
                lost.AddAll(word);
        });
        return lost.Sorted;
    }

    /// <summary>Calls <paramref name="found"/> for every word and every line feed.</summary>
    internal static void Words(ReadOnlySpan<char> text, CountChunk found)
    {
        int at = 0;
        while (at < text.Length)
        {
            int start = at++;
            if (text[start] == '\n')
                found(text[start..at]);
            if (char.IsWhiteSpace(text[start]))
                continue;
            while (at < text.Length && !char.IsWhiteSpace(text[at]))
                at++;
            found(text[start..at]);
        }
    }

    /// <inheritdoc/>
    internal override bool IsBeyondModel(int id) => _texts.IsBeyond(id);

    private protected override Tokenizer WithNewTokens(IReadOnlyList<string> texts) =>
        _texts.With(texts, (all, added, beyond) => new WordTokenizer(all, added, beyond)).With(Roles);

    /// <inheritdoc/>
    protected override void EncodePlain(ReadOnlySpan<char> text, List<int> ids) => Words(text, word =>
    {
        int id = IsLineEnd(word) ? _endOfSentence : IdOf(word);
        ids.Add(id < 0 ? _unknown : id);
    });

    private int IdOf(ReadOnlySpan<char> word) => _texts.Find(Repaired(word));

    /// <summary>Replaces each lone surrogate with U+FFFD.</summary>
    internal static ReadOnlySpan<char> Repaired(ReadOnlySpan<char> word) =>
        word.ContainsAnyInRange('\uD800', '\uDFFF') ? Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(word.ToArray())) : word;

    private static bool IsLineEnd(ReadOnlySpan<char> word) => word is "\n";
}

/// <summary>
/// Trains a <see cref="WordTokenizer"/>: <c>&lt;unk&gt;</c>, <c>&lt;eos&gt;</c>, then the words by descending frequency. Words of equal frequency are
/// in ordinal order.
/// </summary>
public sealed record WordTrainer : TokenizerTrainer
{
    /// <summary>Creates a trainer that includes every word.</summary>
    public WordTrainer() : base(minFrequency: 1)
    {
    }

    /// <inheritdoc/>
    public override string Kind => WordTokenizer.KindName;

    /// <summary>Gets the smallest vocabulary size, 2: the tokens that stand for no word.</summary>
    public override int SmallestVocabulary => 2;

    /// <inheritdoc/>
    public override WordTokenizer Train(IEnumerable<string> texts, IProgress<TokenizerProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        string[] words = [.. MostFrequent(texts, Split, progress, cancellationToken)];
        return words.Length > 0
            ? new WordTokenizer([WordTokenizer.Unknown, WordTokenizer.EndOfSentence, .. words])
            : throw new ArgumentException("the text contains no words to learn", nameof(texts));
    }

    private static void Split(ReadOnlySpan<char> text, CountChunk count) => WordTokenizer.Words(text, word =>
    {
        if (word is not ("\n" or WordTokenizer.Unknown or WordTokenizer.EndOfSentence))
            count(WordTokenizer.Repaired(word));
    });
}
