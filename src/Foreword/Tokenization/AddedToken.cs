using System.Buffers;

namespace Foreword.Tokenization;

/// <summary>
/// A token that is found in text as a whole, never made by merges (an entry of <c>added_tokens</c> in a tokenizer.json).
/// </summary>
/// <param name="Text">What it stands for in text; not empty.</param>
/// <param name="Id">Its id.</param>
/// <param name="IsSpecial">True when text holds it only where the caller allows special tokens; false when always.</param>
public readonly record struct AddedToken(string Text, int Id, bool IsSpecial = true)
{
    /// <summary>GPT-2's end of a document.</summary>
    public const string EndOfText = "<|endoftext|>";
}

/// <summary>Finds added tokens in text: the leftmost, and of those that start there the longest.</summary>
internal sealed class AddedTokenSearch
{
    private readonly AddedToken[] _longestFirst;
    private readonly SearchValues<string> _texts;

    private AddedTokenSearch(AddedToken[] tokens)
    {
        _longestFirst = [.. tokens.OrderByDescending(t => t.Text.Length)];
        _texts = SearchValues.Create([.. tokens.Select(t => t.Text)], StringComparison.Ordinal);
    }

    /// <summary>A search for these tokens, or null when there are none.</summary>
    public static AddedTokenSearch? For(IEnumerable<AddedToken> tokens)
    {
        AddedToken[] all = [.. tokens];
        return all.Length == 0 ? null : new AddedTokenSearch(all);
    }

    /// <summary>Where the first added token starts, or -1.</summary>
    public int Find(ReadOnlySpan<char> text, out AddedToken token)
    {
        int at = text.IndexOfAny(_texts);
        token = default;
        if (at < 0)
            return -1;
        foreach (AddedToken candidate in _longestFirst)
        {
            if (text[at..].StartsWith(candidate.Text, StringComparison.Ordinal))
            {
                token = candidate;
                break;
            }
        }

        return at;
    }
}
