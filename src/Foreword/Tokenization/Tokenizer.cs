using System.Text;

namespace Foreword.Tokenization;

/// <summary>Turns text into token ids and back. Implementations are immutable and safe to share between threads.</summary>
public abstract class Tokenizer
{
    private readonly Lazy<AddedTokenSearch?> _everyAdded;
    private readonly Lazy<AddedTokenSearch?> _notSpecial;

    /// <summary>Its added tokens must not change.</summary>
    protected Tokenizer()
    {
        _everyAdded = new(() => AddedTokenSearch.For(AddedTokens));
        _notSpecial = new(() => AddedTokenSearch.For(AddedTokens.Where(token => !token.IsSpecial)));
    }

    /// <summary>The kind's name on the command line, such as <c>byte-bpe</c>.</summary>
    public abstract string Kind { get; }

    /// <summary>Number of ids; every id is at least 0 and below it.</summary>
    public abstract int VocabularySize { get; }

    /// <summary>The id that ends a document (GPT-2's <c>&lt;|endoftext|&gt;</c>), or null where the vocabulary has none.</summary>
    public abstract int? EndOfTextId { get; }

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
    public void Encode(ReadOnlySpan<char> text, List<int> ids, bool allowSpecial = false)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if ((allowSpecial ? _everyAdded : _notSpecial).Value is { } search)
        {
            for (int at; (at = search.Find(text, out AddedToken token)) >= 0; text = text[(at + token.Text.Length)..])
            {
                EncodePlain(text[..at], ids);
                ids.Add(token.Id);
            }
        }

        EncodePlain(text, ids);
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
}
