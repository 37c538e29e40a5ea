using System.Text;

namespace Foreword.Tokenization;

/// <summary>
/// A vocabulary while it is read from files: tokens by their text, merges by the texts of their parts. What does not fit
/// comes back as a sentence, to which the reader of the file adds the place.
/// </summary>
internal sealed class ByteLevelVocabulary
{
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<int, string> _texts = [];
    private readonly Dictionary<int, AddedToken> _added = [];
    private readonly HashSet<(int Left, int Right)> _pairs = [];
    private readonly HashSet<int> _made = [];
    private readonly List<BpeMerge> _merges = [];

    /// <summary>Adds an entry; answers what is wrong with it, or null.</summary>
    public string? AddToken(string text, int id)
    {
        if (id is < 0 or >= MergeTable.MaxVocabulary)
            return $"token '{text}' has id {id}; ids are 0 to {MergeTable.MaxVocabulary - 1}";
        if (text.Length == 0)
            return $"token {id} is empty";
        if (!_ids.TryAdd(text, id))
            return $"token '{text}' stands here again; its id was {_ids[text]}";
        return _texts.TryAdd(id, text) ? null : $"tokens '{_texts[id]}' and '{text}' share id {id}";
    }

    /// <summary>Adds the next merge; answers what is wrong with it, or null.</summary>
    public string? AddMerge(string left, string right)
    {
        if (!_ids.TryGetValue(left, out int leftId))
            return $"merge '{left} {right}': '{left}' is not in the vocabulary";
        if (!_ids.TryGetValue(right, out int rightId))
            return $"merge '{left} {right}': '{right}' is not in the vocabulary";
        if (!_ids.TryGetValue(left + right, out int resultId))
            return $"merge '{left} {right}': its result '{left + right}' is not in the vocabulary";
        if (!_pairs.Add((leftId, rightId)))
            return $"merge '{left} {right}' stands here again";
        _made.Add(resultId);
        _merges.Add(new BpeMerge(leftId, rightId, resultId));
        return null;
    }

    /// <summary>Adds a token that is found in text as a whole, in the vocabulary or beyond it; answers what is wrong with it, or null.</summary>
    public string? AddAddedToken(AddedToken token)
    {
        if (!_ids.TryGetValue(token.Text, out int known))
        {
            if (AddToken(token.Text, token.Id) is { } problem)
                return problem;
        }
        else if (known != token.Id)
        {
            return $"added token '{token.Text}' has id {token.Id}, but {known} in the vocabulary";
        }

        return _added.TryAdd(token.Id, token) ? null : $"added token '{token.Text}' stands here again";
    }

    /// <summary>
    /// Declares every entry special that is neither a byte nor made by a merge, and so could never come out of text
    /// otherwise: in GPT-2's vocabulary that is <c>&lt;|endoftext|&gt;</c> alone.
    /// </summary>
    public void MarkUnmadeAsSpecial()
    {
        foreach ((string text, int id) in _ids)
        {
            if (!_made.Contains(id) && ByteAlphabet.Read(text) is not { Length: 1 })
                _added.TryAdd(id, new AddedToken(text, id));
        }
    }

    /// <summary>The tokenizer.</summary>
    /// <exception cref="InvalidDataException">Ids have gaps, a token is outside the alphabet, or a byte has no token; names the file.</exception>
    public ByteLevelBpe Build(string path)
    {
        byte[][] tokens = new byte[_texts.Count][];
        for (int id = 0; id < tokens.Length; id++)
        {
            if (!_texts.TryGetValue(id, out string? text))
                throw new InvalidDataException($"{path}: the vocabulary has {tokens.Length} tokens, but none has id {id}; ids run from 0 without gaps");
            tokens[id] = _added.ContainsKey(id) ? Encoding.UTF8.GetBytes(text)
                : ByteAlphabet.Read(text) ?? throw new InvalidDataException($"{path}: token {id} '{text}' has characters outside the byte-level alphabet");
        }

        try
        {
            return new ByteLevelBpe(tokens, _merges, [.. _added.Values]);
        }
        catch (ArgumentException problem)
        {
            throw new InvalidDataException($"{path}: {problem.Message}", problem);
        }
    }
}
