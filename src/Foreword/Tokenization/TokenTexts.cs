using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Foreword.Tokenization;

/// <summary>A vocabulary whose entries are texts: both directions, added tokens, and the checks that hold for all such vocabularies.</summary>
internal sealed class TokenTexts
{
    private readonly string[] _texts;
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _bySpan;
    private readonly HashSet<int> _special;
    private readonly HashSet<int> _addedSpecial;
    private readonly IReadOnlySet<int> _beyond;

    /// <summary>A vocabulary by id.</summary>
    /// <param name="texts">The text of each id; no two are the same and none is empty.</param>
    /// <param name="special">The texts among them that stand for no text: only callers that allow special tokens find these.</param>
    /// <param name="declared">Added tokens that files name; of a special one they say the switches.</param>
    /// <param name="beyond">Ids among the declared ones that the model proper does not hold.</param>
    /// <exception cref="ArgumentException">A text is empty or stands twice, or a special or declared one is not there.</exception>
    public TokenTexts(IEnumerable<string> texts, IEnumerable<string> special, IReadOnlyCollection<AddedToken>? declared = null, IReadOnlySet<int>? beyond = null)
    {
        _texts = [.. texts];
        for (int id = 0; id < _texts.Length; id++)
        {
            if (string.IsNullOrEmpty(_texts[id]))
                throw new ArgumentException($"token {id} is empty");
            if (!_ids.TryAdd(_texts[id], id))
                throw new ArgumentException($"tokens {_ids[_texts[id]]} and {id} are both '{_texts[id]}'");
        }

        _bySpan = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
        AddedToken[] own = [.. special.Select(text => _ids.TryGetValue(text, out int id) ? new AddedToken(text, id) : throw new ArgumentException($"special token '{text}' is not in the vocabulary"))];
        foreach (AddedToken token in declared ?? [])
        {
            if ((uint)token.Id >= (uint)_texts.Length || _texts[token.Id] != token.Text)
                throw new ArgumentException($"added token '{token.Text}' is not the vocabulary's token {token.Id}");
        }

        _special = [.. own.Select(token => token.Id)];
        _beyond = beyond ?? new HashSet<int>();
        Added = [.. (declared ?? []).Select(token => token with { IsSpecial = token.IsSpecial || _special.Contains(token.Id) }).Concat(own).DistinctBy(token => token.Id).OrderBy(token => token.Id)];
        _addedSpecial = [.. Added.Where(token => token.IsSpecial).Select(token => token.Id)];
    }

    /// <summary>Number of ids.</summary>
    public int Count => _texts.Length;

    /// <summary>The special and declared tokens, by id.</summary>
    public IReadOnlyList<AddedToken> Added { get; }

    /// <summary>The text of an id.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary.</exception>
    public string this[int id] => (uint)id < (uint)_texts.Length
        ? _texts[id]
        : throw new ArgumentOutOfRangeException(null, $"token id {id} is outside the vocabulary of {_texts.Length}");

    /// <summary>The id of a text that the model proper holds and that is not a special token, or -1.</summary>
    public int Find(ReadOnlySpan<char> text) => _bySpan.TryGetValue(text, out int id) && !IsSpecial(id) && !IsBeyond(id) ? id : -1;

    /// <summary>The id of a text, special or not, or null.</summary>
    public int? IdOf(string text) => _ids.TryGetValue(text, out int id) ? id : null;

    /// <summary>True for one of the kind's own special tokens, which stand for no text.</summary>
    public bool IsSpecial(int id) => _special.Contains(id);

    /// <summary>True for an added token that the model proper does not hold.</summary>
    public bool IsBeyond(int id) => _beyond.Contains(id);

    /// <summary>True for an added token that stands for no text, the kind's own or a declared one.</summary>
    public bool IsAddedSpecial(int id) => _addedSpecial.Contains(id);

    /// <summary>SHA-256 of the kind, its settings and every entry, in lower-case hexadecimal.</summary>
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

        // Older versions of transformers write normalized = true for every special token.
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
