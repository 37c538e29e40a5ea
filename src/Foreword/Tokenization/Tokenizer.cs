using System.Text;

namespace Foreword.Tokenization;

/// <summary>Encodes text as token ids and decodes ids to text. Implementations are immutable, so threads can share them.</summary>
public abstract class Tokenizer
{
    /// <summary>The exclusive upper bound of ids. Two of them and a rank fit into 64 bits (see <c>MergeTable</c>).</summary>
    internal const int MaxVocabulary = 1 << 21;

    private readonly Lazy<Searches> _everyAdded;
    private readonly Lazy<Searches> _notSpecial;
    private int[]? _stopIds;

    /// <summary>Initializes a tokenizer. Its <see cref="AddedTokens"/> must not change later.</summary>
    protected Tokenizer()
    {
        _everyAdded = new(() => SearchesFor(AddedTokens));
        _notSpecial = new(() => SearchesFor(AddedTokens.Where(token => !token.IsSpecial)));
    }

    /// <summary>Gets the kind's name on the command line, such as <c>byte-bpe</c>.</summary>
    public abstract string Kind { get; }

    /// <summary>Gets the number of ids. Ids range from 0 to this number minus 1.</summary>
    public abstract int VocabSize { get; }

    /// <summary>
    /// Gets the id that ends a document, or null if there is none. It is the <c>eos_token</c> that the tokenizer's files name. Without one, it is the
    /// kind's own (GPT-2's <c>&lt;|endoftext|&gt;</c>). Without either, it is the special token that the model's files in the same directory name.
    /// </summary>
    public abstract int? EndOfTextId { get; }

    /// <summary>Gets the id that begins a text without a prompt: the <c>bos_token</c>, or <see cref="EndOfTextId"/> if the files name none.</summary>
    public int? StartOfTextId => Roles.StartOfText ?? EndOfTextId;

    /// <summary>
    /// Gets the ids that end a generated text. The first is <see cref="EndOfTextId"/>. The others come from <c>eos_token_id</c> in the model's
    /// generation_config.json, or in its config.json if generation_config.json names none.
    /// </summary>
    public IReadOnlyList<int> StopIds => _stopIds ??= EndOfTextId is { } end ? [end, .. Roles.Stops.Where(id => id != end)] : [.. Roles.Stops];

    /// <summary>
    /// Gets the ids that the tokenizer's template (<c>TemplateProcessing</c>, <c>add_bos_token</c>) puts before a text.
    /// <see cref="Encode(string, bool)"/> omits them; <see cref="EncodeWithTemplate"/> includes them.
    /// </summary>
    public IReadOnlyList<int> TemplateStart => Roles.Before;

    /// <summary>Gets the ids that the tokenizer's template puts after a text.</summary>
    public IReadOnlyList<int> TemplateEnd => Roles.After;

    /// <summary>
    /// Gets the id of the token that replaces what the vocabulary does not contain, such as <c>[UNK]</c>; null if there is none. Generation does not
    /// draw it.
    /// </summary>
    public virtual int? UnknownId => null;

    /// <summary>
    /// Gets whether <see cref="TokenBytes"/> puts a space after every word. <see cref="DecodeBytes"/> omits that space at the end of the text.
    /// A caller that writes a text token by token must omit it as well.
    /// </summary>
    public virtual bool EndsWordsWithSpaces => false;

    /// <summary>Gets the tokens that are found in text as a whole, before the text is split in any other way, in ascending order of their ids.</summary>
    public virtual IReadOnlyList<AddedToken> AddedTokens => [];

    /// <summary>
    /// Gets the SHA-256, in lowercase hexadecimal, of everything that decides ids: vocabulary, merges and added tokens. It does not depend
    /// on which files the tokenizer was read from. Shards and checkpoints record it.
    /// </summary>
    public abstract string Fingerprint { get; }

    /// <summary>Appends the ids of a text to a list. A lone surrogate is treated as U+FFFD.</summary>
    /// <param name="text">The text.</param>
    /// <param name="ids">Receives the ids.</param>
    /// <param name="allowSpecial">True if the text of a special token becomes that token; false if it is plain text.</param>
    public void Encode(ReadOnlySpan<char> text, List<int> ids, bool allowSpecial = false) => Encode(text, ids, allowSpecial, continues: false);

    /// <summary>Appends the ids of a part of a text.</summary>
    /// <param name="text">The part.</param>
    /// <param name="ids">Receives the ids.</param>
    /// <param name="allowSpecial">True if the text of a special token becomes that token; false if it is plain text.</param>
    /// <param name="continues">True if other parts of the same text came before. The tokenizer then puts no space before this part.</param>
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
    /// Appends the ids of a part of a text, with an id between its lines. A line ends at a line feed, and a carriage return before it is left out.
    /// </summary>
    /// <param name="text">The part.</param>
    /// <param name="lineBreak">The id between lines, see <see cref="LineBreakId"/>.</param>
    /// <param name="ids">Receives the ids.</param>
    /// <param name="allowSpecial">True if the text of a special token becomes that token; false if it is plain text.</param>
    /// <param name="continues">True if other parts of the same line came before. The tokenizer then puts no space before this part.</param>
    internal void EncodeLines(ReadOnlySpan<char> text, int lineBreak, List<int> ids, bool allowSpecial = false, bool continues = false)
    {
        foreach (Range line in text.Split('\n'))
        {
            if (line.Start.Value > 0)
                ids.Add(lineBreak);
            Encode(text[line].TrimEnd('\r'), ids, allowSpecial, continues);
            continues = false;
        }
    }

    /// <summary>Returns the ids of a text. A lone surrogate is treated as U+FFFD.</summary>
    /// <param name="text">The text.</param>
    /// <param name="allowSpecial">True if the text of a special token becomes that token; false if it is plain text.</param>
    public int[] Encode(string text, bool allowSpecial = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<int> ids = new(text.Length / 4 + 4); // English has about 4.5 characters per token
        Encode(text.AsSpan(), ids, allowSpecial);
        return [.. ids];
    }

    /// <summary>Returns a tokenizer that also has these special tokens, with the next ids. Tokens that it has already stay as they are.</summary>
    /// <param name="texts">The texts of the tokens.</param>
    /// <exception cref="NotSupportedException">This kind of tokenizer cannot be given further tokens.</exception>
    /// <exception cref="ArgumentException">A text is that of an ordinary token.</exception>
    public Tokenizer WithSpecialTokens(IEnumerable<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        string[] missing = [.. texts.Distinct().Where(text => !AddedTokens.Any(token => token.IsSpecial && token.Text == text))];
        return missing.Length == 0 ? this : WithNewTokens(missing);
    }

    private protected virtual Tokenizer WithNewTokens(IReadOnlyList<string> texts) =>
        throw new NotSupportedException($"a {Kind} tokenizer cannot be given the tokens {string.Join(", ", texts)}; expected one that has them");

    /// <summary>
    /// Returns the ids of a text between the ids that the tokenizer's template puts around every text. Hugging Face's <c>encode</c> returns the same ids.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="allowSpecial">True if the text of a special token becomes that token; false if it is plain text.</param>
    public int[] EncodeWithTemplate(string text, bool allowSpecial = false) => [.. TemplateStart, .. Encode(text, allowSpecial), .. TemplateEnd];

    /// <summary>
    /// Returns the characters of a text that its ids do not represent, without duplicates, in order of code point. These are the characters of
    /// unknown tokens and the characters that the tokenizer omits. Changes of case, accents and white space are not counted as losses.
    /// </summary>
    public abstract IReadOnlyList<Rune> LostCharacters(ReadOnlySpan<char> text);

    /// <summary>Returns the bytes that a token adds to a text that is written token by token. They may be part of a UTF-8 sequence.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary.</exception>
    public abstract ReadOnlySpan<byte> TokenBytes(int id);

    /// <summary>
    /// Returns the bytes that the ids stand for: the bytes of all tokens in order. White space that a kind of tokenizer adds at the beginning, the end
    /// or next to East Asian characters is left out. The bytes may end inside a UTF-8 sequence.
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

    /// <summary>Returns the text of a token as the vocabulary file writes it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary.</exception>
    public abstract string TokenText(int id);

    /// <summary>Writes the tokenizer's files into a directory. Each file is written completely or not at all.</summary>
    /// <param name="directory">An existing directory.</param>
    public abstract void Save(string directory);

    /// <summary>Returns the text of the ids. Each maximal invalid part of a UTF-8 sequence becomes one U+FFFD.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is outside the vocabulary.</exception>
    public string Decode(ReadOnlySpan<int> ids) => Encoding.UTF8.GetString(DecodeBytes(ids));

    /// <summary>Appends the ids of text without looking for added tokens.</summary>
    protected abstract void EncodePlain(ReadOnlySpan<char> text, List<int> ids);

    /// <summary>Gets the roles of tokens that the tokenizer's files declare.</summary>
    internal TokenRoles Roles { get; private set; } = TokenRoles.None;

    /// <summary>Returns the same tokenizer with other roles.</summary>
    internal Tokenizer With(TokenRoles roles)
    {
        Tokenizer other = (Tokenizer)MemberwiseClone();
        (other.Roles, other._stopIds) = (roles, null);
        return other;
    }

    /// <summary>
    /// Gets the id that stands between the lines of a text where the roles of the tokens say so, although the tokenizer itself leaves line breaks out.
    /// Null if a text is encoded as it is.
    /// </summary>
    internal virtual int? LineBreakId => null;

    /// <summary>
    /// Checks whether an id is an added token that the model's own vocabulary does not contain. Text can become such a token only by containing
    /// the token's whole text.
    /// </summary>
    internal virtual bool IsBeyondModel(int id) => false;

    /// <summary>
    /// Returns the bytes that a token adds to a generated text. They can differ from <see cref="TokenBytes"/> where the token before decides about a
    /// space, and for special tokens that stand for the lines of a text.
    /// </summary>
    /// <param name="before">The token before, also one of the prompt; -1 if there is none.</param>
    /// <param name="id">The token.</param>
    internal virtual ReadOnlySpan<byte> WrittenBytes(int before, int id) => TokenBytes(id);

    /// <summary>Returns the text as the kind's normalizer changes it, or null if the kind has no normalizer.</summary>
    private protected virtual string? Normalize(ReadOnlySpan<char> text) => null;

    /// <summary>Appends the ids of text between added tokens.</summary>
    /// <param name="text">The text.</param>
    /// <param name="ids">Receives the ids.</param>
    /// <param name="continues">True if it continues a text. The tokenizer then puts no space before it.</param>
    /// <param name="normalized">True if the normalizer has already been applied.</param>
    private protected virtual void EncodeChunk(ReadOnlySpan<char> text, List<int> ids, bool continues, bool normalized) => EncodePlain(text, ids);

    private void EncodeNormalized(ReadOnlySpan<char> text, List<int> ids, AddedTokenSearch? search, bool continues)
    {
        if (search is null)
        {
            EncodeChunk(text, ids, continues, normalized: false);
            return;
        }

        text = Normalize(text) ?? text;
        int from = 0, taken = 0;
        while (search.TryNext(text, ref from, taken, out AddedTokenSearch.Match match))
        {
            if (match.Start > taken)
                EncodeChunk(text[taken..match.Start], ids, continues && taken == 0, normalized: true);
            ids.Add(match.Id);
            taken = match.End;
        }

        if (taken < text.Length)
            EncodeChunk(text[taken..], ids, continues && taken == 0, normalized: true);
    }

    private Searches SearchesFor(IEnumerable<AddedToken> tokens)
    {
        ILookup<bool, AddedToken> byOrder = tokens.ToLookup(token => token.Normalized);
        return new Searches(
            AddedTokenSearch.For(byOrder[false].Select(token => (token.Text, token))),
            AddedTokenSearch.For(byOrder[true].Select(token => (Normalize(token.Text) ?? token.Text, token))));
    }

    /// <summary>The search for tokens before the normalizer runs, and the search for those after it; null where there are no such tokens.</summary>
    private sealed record Searches(AddedTokenSearch? Exact, AddedTokenSearch? Normalized);
}
