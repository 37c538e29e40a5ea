using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Foreword.Tokenization;

/// <summary>
/// A vocabulary whose entries are texts. It maps ids to texts and texts to ids, stores the added tokens, and checks the rules that
/// every such vocabulary must follow.
/// </summary>
internal sealed class TokenTexts
{
    private readonly string[] _texts;
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _bySpan;
    private readonly HashSet<int> _special;
    private readonly HashSet<int> _addedSpecial;
    private readonly IReadOnlySet<int> _beyond;

    /// <summary>Creates a vocabulary from its texts.</summary>
    /// <param name="texts">The text of each id. The texts are distinct and not empty.</param>
    /// <param name="special">The texts among them that stand for no text. They are found only when the caller allows special tokens.</param>
    /// <param name="declared">
    /// The added tokens that files declare. For a token that is also in <paramref name="special"/>, the files decide the switches.
    /// </param>
    /// <param name="beyond">The ids of declared tokens that the model's own vocabulary does not contain.</param>
    /// <exception cref="ArgumentException">A text is empty or occurs twice, or a special or declared token is not in the vocabulary.</exception>
    public TokenTexts(IEnumerable<string> texts, IEnumerable<string> special, IReadOnlyCollection<AddedToken>? declared = null, IReadOnlySet<int>? beyond = null)
    {
        _texts = [.. texts];
        for (int id = 0; id < _texts.Length; id++)
        {
            if (string.IsNullOrEmpty(_texts[id]))
                throw new ArgumentException($"token {id} is empty", nameof(texts));
            if (!_ids.TryAdd(_texts[id], id))
                throw new ArgumentException($"tokens {_ids[_texts[id]]} and {id} are both '{_texts[id]}'", nameof(texts));
        }

        _bySpan = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
        AddedToken[] own = [.. special.Select(text => _ids.TryGetValue(text, out int id) ? new AddedToken(text, id) : throw new ArgumentException($"special token '{text}' is not in the vocabulary", nameof(special)))];
        foreach (AddedToken token in declared ?? [])
        {
            if ((uint)token.Id >= (uint)_texts.Length || _texts[token.Id] != token.Text)
                throw new ArgumentException($"added token '{token.Text}' is not the vocabulary's token {token.Id}", nameof(declared));
        }

        _special = [.. own.Select(token => token.Id)];
        _beyond = beyond ?? new HashSet<int>();
        Added = [.. (declared ?? []).Select(token => token with { IsSpecial = token.IsSpecial || _special.Contains(token.Id) }).Concat(own).DistinctBy(token => token.Id).OrderBy(token => token.Id)];
        _addedSpecial = [.. Added.Where(token => token.IsSpecial).Select(token => token.Id)];
    }

    /// <summary>Gets the number of ids.</summary>
    public int Count => _texts.Length;

    /// <summary>Gets the special and declared tokens, by id.</summary>
    public IReadOnlyList<AddedToken> Added { get; }

    /// <summary>Returns a tokenizer whose vocabulary also has these special tokens, with the next ids. The model's own vocabulary does not contain them.</summary>
    /// <param name="texts">The texts of the tokens; distinct.</param>
    /// <param name="create">Creates the tokenizer from its texts, the added tokens and the ids that the model's own vocabulary does not contain.</param>
    /// <exception cref="ArgumentException">A text is in the vocabulary.</exception>
    public Tokenizer With(IReadOnlyList<string> texts, Func<string[], AddedToken[], IReadOnlySet<int>, Tokenizer> create)
    {
        if (texts.FirstOrDefault(_ids.ContainsKey) is { } ordinary)
            throw new ArgumentException($"'{ordinary}' is an ordinary token of this tokenizer; a special token needs a text of its own", nameof(texts));
        AddedToken[] added = [.. texts.Select((text, i) => new AddedToken(text, Count + i))];
        return create([.. _texts, .. texts], [.. Added, .. added], new HashSet<int>([.. _beyond, .. added.Select(token => token.Id)]));
    }

    /// <summary>Gets the text of an id.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary.</exception>
    public string this[int id] => (uint)id < (uint)_texts.Length
        ? _texts[id]
        : throw new ArgumentOutOfRangeException(nameof(id), $"token id {id} is outside the vocabulary of {_texts.Length}");

    /// <summary>Returns the id of a text that the model's own vocabulary contains and that is not a special token; -1 if there is none.</summary>
    public int Find(ReadOnlySpan<char> text) => _bySpan.TryGetValue(text, out int id) && !IsSpecial(id) && !IsBeyond(id) ? id : -1;

    /// <summary>Returns the id of a text, special or not, or null.</summary>
    public int? IdOf(string text) => _ids.TryGetValue(text, out int id) ? id : null;

    /// <summary>Checks whether an id is one of the kind's own special tokens, which stand for no text.</summary>
    public bool IsSpecial(int id) => _special.Contains(id);

    /// <summary>Checks whether an id is an added token that the model's own vocabulary does not contain.</summary>
    public bool IsBeyond(int id) => _beyond.Contains(id);

    /// <summary>Checks whether an id is an added token that stands for no text, either one of the kind's own or a declared one.</summary>
    public bool IsAddedSpecial(int id) => _addedSpecial.Contains(id);

    /// <summary>Computes the SHA-256 of the kind, its settings and every entry, in lowercase hexadecimal.</summary>
    public string Fingerprint(string kindAndSettings)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append($"foreword {kindAndSettings}\n");
        foreach (string text in _texts)
            Append(text);
        foreach (AddedToken token in Added)
            Append(token.Text);
        foreach (AddedToken token in Added.Where(token => SwitchesOf(token) != 0))
            Append($"{token.Id} {SwitchesOf(token)} {IsBeyond(token.Id)}");
        return Convert.ToHexStringLower(hash.GetHashAndReset());

        // Older versions of transformers write normalized = true for every special token, so the fingerprint ignores it there.
        static int SwitchesOf(AddedToken token) => (token.IsSpecial ? token with { Normalized = false } : token).Switches;

        void Append(string text)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            Span<byte> length = stackalloc byte[sizeof(int)];
            BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }
    }
}
