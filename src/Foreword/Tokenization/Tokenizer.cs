using System.Text;

namespace Foreword.Tokenization;

/// <summary>Turns text into token ids and back. Implementations are immutable and safe to share between threads.</summary>
public abstract class Tokenizer
{
    private readonly Lazy<Searches> _everyAdded;
    private readonly Lazy<Searches> _notSpecial;
    private int[]? _stopIds;

    /// <summary>Its added tokens must not change.</summary>
    protected Tokenizer()
    {
        _everyAdded = new(() => SearchesFor(AddedTokens));
        _notSpecial = new(() => SearchesFor(AddedTokens.Where(token => !token.IsSpecial)));
    }

    /// <summary>The kind's name on the command line, such as <c>byte-bpe</c>.</summary>
    public abstract string Kind { get; }

    /// <summary>Number of ids; every id is at least 0 and below it.</summary>
    public abstract int VocabularySize { get; }

    /// <summary>
    /// The id that ends a document, or null where there is none. It is the <c>eos_token</c> that the tokenizer's files name, else the kind's own
    /// (GPT-2's <c>&lt;|endoftext|&gt;</c>), else the special token that the model's files beside it name.
    /// </summary>
    public abstract int? EndOfTextId { get; }

    /// <summary>The id that begins a text without a prompt: the <c>bos_token</c>, or <see cref="EndOfTextId"/> where the files name none.</summary>
    public int? StartOfTextId => Roles.StartOfText ?? EndOfTextId;

    /// <summary>
    /// The ids that end a generated text: <see cref="EndOfTextId"/> first, then those of <c>eos_token_id</c> in the model's generation_config.json or,
    /// where that names none, in its config.json.
    /// </summary>
    public IReadOnlyList<int> StopIds => _stopIds ??= EndOfTextId is { } end ? [end, .. Roles.Stops.Where(id => id != end)] : [.. Roles.Stops];

    /// <summary>
    /// The ids that the tokenizer's template (<c>TemplateProcessing</c>, <c>add_bos_token</c>) puts before a text. <see cref="Encode(string, bool)"/> leaves them
    /// out, <see cref="EncodeWithTemplate"/> does not.
    /// </summary>
    public IReadOnlyList<int> TemplateStart => Roles.Before;

    /// <summary>The ids that the tokenizer's template puts after a text.</summary>
    public IReadOnlyList<int> TemplateEnd => Roles.After;

    /// <summary>Whether <see cref="TokenBytes"/> puts a space behind every word, which <see cref="DecodeBytes"/> leaves out at the end, and so does a text that is written token by token.</summary>
    public virtual bool EndsWordsWithSpaces => false;

    /// <summary>Tokens that are found in text as a whole, before anything else is split; by ascending id.</summary>
    public virtual IReadOnlyList<AddedToken> AddedTokens => [];

    /// <summary>
    /// SHA-256, in lower-case hexadecimal, of everything that decides ids: vocabulary, merges and added tokens.
    /// The same for the same tokenizer whichever files it came from; shards and checkpoints record it.
    /// </summary>
    public abstract string Fingerprint { get; }

    /// <summary>
    /// Appends the ids of <paramref name="text"/> to <paramref name="ids"/>. A lone surrogate counts as U+FFFD. The text
    /// of a special token is plain text unless <paramref name="allowSpecial"/> is true.
    /// </summary>
    public void Encode(ReadOnlySpan<char> text, List<int> ids, bool allowSpecial = false) => Encode(text, ids, allowSpecial, continues: false);

    /// <summary>Appends the ids of a part of a text.</summary>
    /// <param name="text">The part.</param>
    /// <param name="ids">Receives the ids.</param>
    /// <param name="allowSpecial">Whether the texts of special tokens are these tokens.</param>
    /// <param name="continues">Whether other parts of the same text came before: nothing is put before it then.</param>
    internal void Encode(ReadOnlySpan<char> text, List<int> ids, bool allowSpecial, bool continues)
    {
        ArgumentNullException.ThrowIfNull(ids);
        Searches searches = (allowSpecial ? _everyAdded : _notSpecial).Value;
        if (searches.Exact is not { } search)
        {
            EncodeNormalized(text, ids, searches.Normalized, continues);
            return;
        }

        int from = 0, taken = 0;
        while (search.TryNext(text, ref from, taken, out AddedTokenSearch.Match match))
        {
            if (match.Start > taken)
                EncodeNormalized(text[taken..match.Start], ids, searches.Normalized, continues && taken == 0);
            ids.Add(match.Id);
            taken = match.End;
        }

        if (taken < text.Length)
            EncodeNormalized(text[taken..], ids, searches.Normalized, continues && taken == 0);
    }

    /// <summary>
    /// The ids of <paramref name="text"/>. A lone surrogate counts as U+FFFD. The text of a special token is plain
    /// text unless <paramref name="allowSpecial"/> is true.
    /// </summary>
    public int[] Encode(string text, bool allowSpecial = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<int> ids = new(text.Length / 4 + 4); // English has about 4.5 characters a token
        Encode(text.AsSpan(), ids, allowSpecial);
        return [.. ids];
    }

    /// <summary>The ids of <paramref name="text"/> between those that the tokenizer's template puts around every text, as Hugging Face's <c>encode</c> gives them.</summary>
    public int[] EncodeWithTemplate(string text, bool allowSpecial = false) => [.. TemplateStart, .. Encode(text, allowSpecial), .. TemplateEnd];

    /// <summary>
    /// The characters of the text that its ids do not hold, each once, by code point: those of unknown tokens, and those that are left
    /// out. Case, accents and white space that a kind of tokenizer changes do not count.
    /// </summary>
    public abstract IReadOnlyList<Rune> LostCharacters(ReadOnlySpan<char> text);

    /// <summary>The bytes that a token adds to a text that is written token by token; they may be part of a UTF-8 sequence.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary.</exception>
    public abstract ReadOnlySpan<byte> TokenBytes(int id);

    /// <summary>
    /// The bytes that the ids stand for: those of the tokens one after the other, without the white space that a kind of tokenizer
    /// leaves at the ends. They may end inside a UTF-8 sequence.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is outside the vocabulary.</exception>
    public virtual byte[] DecodeBytes(ReadOnlySpan<int> ids)
    {
        int length = 0;
        foreach (int id in ids)
            length = checked(length + TokenBytes(id).Length);
        byte[] bytes = new byte[length];
        int at = 0;
        foreach (int id in ids)
        {
            ReadOnlySpan<byte> token = TokenBytes(id);
            token.CopyTo(bytes.AsSpan(at));
            at += token.Length;
        }

        return bytes;
    }

    /// <summary>The token as it is written in the vocabulary file.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary.</exception>
    public abstract string TokenText(int id);

    /// <summary>Writes the tokenizer's files into an existing directory, each one whole or not at all.</summary>
    public abstract void Save(string directory);

    /// <summary>The text of the ids; each maximal invalid part of a UTF-8 sequence becomes one U+FFFD.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is outside the vocabulary.</exception>
    public string Decode(ReadOnlySpan<int> ids) => Encoding.UTF8.GetString(DecodeBytes(ids));

    /// <summary>Appends the ids of text that holds no added token, or none that is to be found.</summary>
    protected abstract void EncodePlain(ReadOnlySpan<char> text, List<int> ids);

    /// <summary>What the files say that some tokens are for.</summary>
    internal TokenRoles Roles { get; private set; } = TokenRoles.None;

    /// <summary>Returns the same tokenizer with these roles.</summary>
    internal Tokenizer With(TokenRoles roles)
    {
        Tokenizer other = (Tokenizer)MemberwiseClone();
        (other.Roles, other._stopIds) = (roles, null);
        return other;
    }

    /// <summary>True for an added token that no text could become otherwise, because the model proper does not hold it.</summary>
    internal virtual bool IsBeyondModel(int id) => false;

    /// <summary>Returns the text as the kind's normalizer makes it, or null where the kind has none.</summary>
    private protected virtual string? Normalize(ReadOnlySpan<char> text) => null;

    /// <summary>Appends the ids of text between added tokens.</summary>
    /// <param name="text">The text.</param>
    /// <param name="ids">Receives the ids.</param>
    /// <param name="continues">Whether it continues a text: nothing is put before it then.</param>
    /// <param name="normalized">Whether the normalizer has seen it.</param>
    private protected virtual void EncodePiece(ReadOnlySpan<char> text, List<int> ids, bool continues, bool normalized) => EncodePlain(text, ids);

    private void EncodeNormalized(ReadOnlySpan<char> text, List<int> ids, AddedTokenSearch? search, bool continues)
    {
        if (search is null)
        {
            EncodePiece(text, ids, continues, normalized: false);
            return;
        }

        text = Normalize(text) ?? text;
        int from = 0, taken = 0;
        while (search.TryNext(text, ref from, taken, out AddedTokenSearch.Match match))
        {
            if (match.Start > taken)
                EncodePiece(text[taken..match.Start], ids, continues && taken == 0, normalized: true);
            ids.Add(match.Id);
            taken = match.End;
        }

        if (taken < text.Length)
            EncodePiece(text[taken..], ids, continues && taken == 0, normalized: true);
    }

    private Searches SearchesFor(IEnumerable<AddedToken> tokens)
    {
        ILookup<bool, AddedToken> byOrder = tokens.ToLookup(token => token.Normalized);
        return new Searches(
            AddedTokenSearch.For(byOrder[false].Select(token => (token.Text, token))),
            AddedTokenSearch.For(byOrder[true].Select(token => (Normalize(token.Text) ?? token.Text, token))));
    }

    /// <summary>The tokens that are looked for before the normalizer and those that are looked for after it.</summary>
    private sealed record Searches(AddedTokenSearch? Exact, AddedTokenSearch? Normalized);
}
