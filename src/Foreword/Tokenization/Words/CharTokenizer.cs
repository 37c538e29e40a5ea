using System.Text;
using Foreword.Tokenization.Normalization;

namespace Foreword.Tokenization.Words;

/// <summary>
/// Encodes each character (Unicode code point) as one token, as in minGPT's play_char and nanoGPT's shakespeare_char. The ids are the same as
/// in those programs: the characters of the training text in order of code point, from 0.
/// </summary>
public sealed class CharTokenizer : Tokenizer
{
    /// <summary>
    /// The token that replaces a character outside the vocabulary. If the vocabulary does not contain this token, such a character is omitted.
    /// </summary>
    public const string Unknown = "<unk>";

    internal const string KindName = "char";

    private const int None = -1;

    private readonly TokenTexts _texts;
    private readonly int _unknown;

    /// <summary>The ids of the characters up to U+FFFF.</summary>
    private readonly int[] _ids = new int[char.MaxValue + 1];

    /// <summary>Creates the tokenizer from its vocabulary.</summary>
    /// <param name="tokens">The entries by id: single characters, and optionally <see cref="Unknown"/> and <see cref="AddedToken.EndOfText"/>.</param>
    /// <exception cref="ArgumentException">An entry is something else, or occurs twice.</exception>
    public CharTokenizer(IReadOnlyList<string> tokens)
        : this(tokens, [], new HashSet<int>())
    {
    }

    /// <summary>Creates the tokenizer from its vocabulary and the added tokens that its files declare.</summary>
    internal CharTokenizer(IReadOnlyList<string> tokens, IReadOnlyCollection<AddedToken> added, IReadOnlySet<int> beyond)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        HashSet<string> whole = [.. added.Select(token => token.Text)];
        string? strange = tokens.FirstOrDefault(text => text is not (Unknown or AddedToken.EndOfText) && !whole.Contains(text) && !IsOneCharacter(text));
        if (strange is not null)
            throw new ArgumentException($"token '{strange}' is not one character", nameof(tokens));
        _texts = new TokenTexts(tokens, tokens.Where(text => text is Unknown or AddedToken.EndOfText), added, beyond);
        _unknown = _texts.IdOf(Unknown) ?? None;
        for (int unit = 0; unit < _ids.Length; unit++)
            _ids[unit] = char.IsSurrogate((char)unit) ? None : _texts.Find([(char)unit]);
    }

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override int VocabSize => _texts.Count;

    /// <inheritdoc/>
    public override int? EndOfTextId => Roles.EndOfText ?? _texts.IdOf(AddedToken.EndOfText);

    /// <inheritdoc/>
    public override int? UnknownId => _unknown == None ? null : _unknown;

    /// <inheritdoc/>
    public override IReadOnlyList<AddedToken> AddedTokens => _texts.Added;

    /// <inheritdoc/>
    public override string Fingerprint => _texts.Fingerprint($"char 1{Roles.Signature(EndOfTextId)}");

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> TokenBytes(int id) => Encoding.UTF8.GetBytes(_texts[id]);

    /// <inheritdoc/>
    public override string TokenText(int id) => _texts[id];

    /// <inheritdoc/>
    public override void Save(string directory) => WordLevelJson.Save(this, directory);

    /// <inheritdoc/>
    public override IReadOnlyList<Rune> LostCharacters(ReadOnlySpan<char> text)
    {
        DistinctRunes lost = new();
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (IdOf(rune) == None)
                lost.Add(rune);
        }

        return lost.Sorted;
    }

    /// <inheritdoc/>
    internal override bool IsBeyondModel(int id) => _texts.IsBeyond(id);

    private protected override Tokenizer WithNewTokens(IReadOnlyList<string> texts) =>
        _texts.With(texts, (all, added, beyond) => new CharTokenizer(all, added, beyond)).With(Roles);

    /// <inheritdoc/>
    protected override void EncodePlain(ReadOnlySpan<char> text, List<int> ids)
    {
        foreach (Rune rune in text.EnumerateRunes()) // a lone surrogate is enumerated as U+FFFD
        {
            int id = IdOf(rune);
            if (id == None)
                id = _unknown;
            if (id != None)
                ids.Add(id);
        }
    }

    private int IdOf(Rune rune)
    {
        if (rune.IsBmp)
            return _ids[rune.Value];
        Span<char> units = stackalloc char[2];
        return _texts.Find(units[..rune.EncodeToUtf16(units)]);
    }

    private static bool IsOneCharacter(string text) => Rune.TryGetRuneAt(text, 0, out Rune rune) && rune.Utf16SequenceLength == text.Length;
}

/// <summary>Trains a <see cref="CharTokenizer"/>: the characters in order of code point, then <c>&lt;unk&gt;</c> and <c>&lt;|endoftext|&gt;</c>.</summary>
public sealed record CharTrainer : TokenizerTrainer
{
    /// <summary>Creates a trainer that includes every character.</summary>
    public CharTrainer() : base(minFrequency: 1)
    {
    }

    /// <inheritdoc/>
    public override string Kind => CharTokenizer.KindName;

    /// <summary>Gets the smallest vocabulary size, 2: the tokens that stand for no character.</summary>
    public override int SmallestVocabulary => 2;

    /// <inheritdoc/>
    public override CharTokenizer Train(IEnumerable<string> texts, IProgress<TokenizerProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        Rune[] characters = [.. MostFrequent(texts, Split, progress, cancellationToken).Select(text => Rune.GetRuneAt(text, 0)).Order()];
        return characters.Length > 0
            ? new CharTokenizer([.. characters.Select(rune => rune.ToString()), CharTokenizer.Unknown, AddedToken.EndOfText])
            : throw new ArgumentException("the text contains no characters to learn", nameof(texts));
    }

    private static void Split(ReadOnlySpan<char> text, CountChunk count)
    {
        Span<char> units = stackalloc char[2];
        foreach (Rune rune in text.EnumerateRunes())
            count(units[..rune.EncodeToUtf16(units)]);
    }
}
