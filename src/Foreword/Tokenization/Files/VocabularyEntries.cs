using Foreword.Tokenization.Bpe;

namespace Foreword.Tokenization.Files;

/// <summary>
/// Collects a vocabulary while it is read from files: tokens by their texts, and merges by the texts of their parts. A method that cannot add
/// an entry returns the problem as a sentence. The reader of the file then adds the place.
/// </summary>
internal sealed class VocabularyEntries
{
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<int, string> _texts = [];
    private readonly Dictionary<int, AddedToken> _added = [];
    private readonly HashSet<(int Left, int Right)> _pairs = [];
    private readonly HashSet<int> _made = [];
    private readonly HashSet<int> _beyond = [];
    private readonly List<BpeMerge> _merges = [];

    /// <summary>Adds an entry. Returns the problem with it, or null.</summary>
    public string? AddToken(string text, int id)
    {
        if (id is < 0 or >= Tokenizer.MaxVocabulary)
            return $"token '{text}' has id {id}; ids are 0 to {Tokenizer.MaxVocabulary - 1}";
        if (text.Length == 0)
            return $"token {id} is empty";
        if (!_ids.TryAdd(text, id))
            return $"token '{text}' occurs twice; its first id is {_ids[text]}";
        return _texts.TryAdd(id, text) ? null : $"tokens '{_texts[id]}' and '{text}' share id {id}";
    }

    /// <summary>Adds the next merge. Returns the problem with it, or null.</summary>
    public string? AddMerge(string left, string right)
    {
        if (!_ids.TryGetValue(left, out int leftId))
            return $"merge '{left} {right}': '{left}' is not in the vocabulary";
        if (!_ids.TryGetValue(right, out int rightId))
            return $"merge '{left} {right}': '{right}' is not in the vocabulary";
        if (!_ids.TryGetValue(left + right, out int resultId))
            return $"merge '{left} {right}': its result '{left + right}' is not in the vocabulary";
        if (!_pairs.Add((leftId, rightId)))
            return $"merge '{left} {right}' occurs twice";
        _made.Add(resultId);
        _merges.Add(new BpeMerge(leftId, rightId, resultId));
        return null;
    }

    /// <summary>
    /// Adds a token that is found in text as a whole, whether or not the vocabulary already contains its text. Returns the problem with it, or null.
    /// </summary>
    public string? AddAddedToken(AddedToken token) =>
        _added.ContainsKey(token.Id) && _texts[token.Id] == token.Text ? $"added token '{token.Text}' occurs twice" : Declare(token);

    /// <summary>Does the same as <see cref="AddAddedToken"/>, except that adding the same token again changes nothing and is not a problem.</summary>
    public string? Declare(AddedToken token)
    {
        if (!_ids.TryGetValue(token.Text, out int known))
        {
            if (AddToken(token.Text, token.Id) is { } problem)
                return problem;
            _beyond.Add(token.Id);
        }
        else if (known != token.Id)
        {
            return $"added token '{token.Text}' has id {token.Id}, but {known} in the vocabulary";
        }

        _added.TryAdd(token.Id, token);
        return null;
    }

    /// <summary>Returns the id of a text, or null.</summary>
    public int? IdOf(string text) => _ids.TryGetValue(text, out int id) ? id : null;

    /// <summary>Gets the id that the next token without an id would get.</summary>
    public int NextId => _texts.Count;

    /// <summary>Gets the ids of added tokens that the model's own vocabulary does not contain.</summary>
    public IReadOnlySet<int> Beyond => _beyond;

    /// <summary>Gets the merges by rank.</summary>
    public IReadOnlyList<BpeMerge> Merges => _merges;

    /// <summary>Gets the tokens that are found in text as a whole.</summary>
    public IReadOnlyCollection<AddedToken> Added => _added.Values;

    /// <summary>Checks whether an entry has the text.</summary>
    public bool Has(string text) => _ids.ContainsKey(text);

    /// <summary>
    /// Declares as special every entry that is neither an initial symbol nor the result of a merge, because such an entry could otherwise never be
    /// encoded from text. In GPT-2's vocabulary, <c>&lt;|endoftext|&gt;</c> is the only such entry.
    /// </summary>
    /// <param name="isSymbol">Returns true for the text of an initial symbol.</param>
    public void MarkUnmadeAsSpecial(Func<string, bool> isSymbol)
    {
        foreach ((string text, int id) in _ids)
        {
            if (!_made.Contains(id) && !isSymbol(text))
                _added.TryAdd(id, new AddedToken(text, id));
        }
    }

    /// <summary>Returns the text of an entry that only a merge can produce but that no merge produces; null if there is none.</summary>
    /// <param name="isWord">Returns true for the text of an entry that cannot be a special token.</param>
    public string? FindUnmade(Func<string, bool> isWord) => _ids.FirstOrDefault(entry => !_made.Contains(entry.Value) && !_added.ContainsKey(entry.Value) && isWord(entry.Key)).Key;

    /// <summary>Returns the texts by id.</summary>
    /// <exception cref="InvalidDataException">The ids have gaps; the message names the file.</exception>
    public string[] Texts(string path)
    {
        string[] texts = new string[_texts.Count];
        for (int id = 0; id < texts.Length; id++)
        {
            texts[id] = _texts.TryGetValue(id, out string? text) ? text
                : throw new InvalidDataException($"{path}: the vocabulary has {texts.Length} tokens, but none has id {id}; ids must run from 0 without gaps");
        }

        return texts;
    }
}
