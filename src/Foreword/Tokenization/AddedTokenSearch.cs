using System.Buffers;
using System.Globalization;
using System.Text;

namespace Foreword.Tokenization;

/// <summary>
/// Finds added tokens in text in the same way as Hugging Face's <c>tokenizers</c>: the leftmost token, and the longest of those that start
/// at the same place. If the token's switches reject a match, the search continues after the whole match.
/// </summary>
internal sealed class AddedTokenSearch
{
    private readonly (string Text, AddedToken Token)[] _longestFirst;
    private readonly SearchValues<string> _texts;

    private AddedTokenSearch((string Text, AddedToken Token)[] tokens)
    {
        _longestFirst = [.. tokens.OrderByDescending(token => token.Text.Length)];
        _texts = SearchValues.Create([.. tokens.Select(token => token.Text)], StringComparison.Ordinal);
    }

    /// <summary>Creates a search for tokens, or returns null if there are none.</summary>
    /// <param name="tokens">Each token with the text to search for, normalized if the searched text is. A token with an empty text is never found.</param>
    public static AddedTokenSearch? For(IEnumerable<(string Text, AddedToken Token)> tokens)
    {
        (string Text, AddedToken Token)[] all = [.. tokens.Where(token => token.Text.Length > 0)];
        return all.Length == 0 ? null : new AddedTokenSearch(all);
    }

    /// <summary>A token that was found. The range includes the white space that belongs to the token.</summary>
    public readonly record struct Match(int Start, int End, int Id);

    /// <summary>Finds the next token. Returns false if there is none.</summary>
    /// <param name="text">The text.</param>
    /// <param name="from">The place where the search starts; receives the place where the next search starts.</param>
    /// <param name="taken">The end of the previous token. White space before this place already belongs to that token.</param>
    /// <param name="match">Receives the token.</param>
    public bool TryNext(ReadOnlySpan<char> text, ref int from, int taken, out Match match)
    {
        while (text[from..].IndexOfAny(_texts) is >= 0 and int next)
        {
            int start = from + next;
            AddedToken token = At(text[start..], out int length);
            from = start + length;
            if (token.SingleWord && (EndsInWord(text[..start]) || BeginsInWord(text[from..])))
                continue;
            int end = from;
            if (token.LeftStrip)
                start = Math.Max(taken, text[..start].TrimEnd().Length);
            if (token.RightStrip)
                end = text.Length - text[end..].TrimStart().Length;
            match = new Match(start, end, token.Id);
            return true;
        }

        match = default;
        return false;
    }

    private AddedToken At(ReadOnlySpan<char> text, out int length)
    {
        foreach ((string candidate, AddedToken token) in _longestFirst)
        {
            if (!text.StartsWith(candidate, StringComparison.Ordinal))
                continue;
            length = candidate.Length;
            return token;
        }

        throw new InvalidOperationException("a token was found that is not there");
    }

    private static bool EndsInWord(ReadOnlySpan<char> text) => text.Length > 0 && Rune.DecodeLastFromUtf16(text, out Rune last, out _) == OperationStatus.Done && IsWord(last);

    private static bool BeginsInWord(ReadOnlySpan<char> text) => text.Length > 0 && Rune.DecodeFromUtf16(text, out Rune first, out _) == OperationStatus.Done && IsWord(first);

    /// <summary>
    /// Checks for a character that Rust's <c>\w</c> matches: alphabetic characters (including circled letters), marks, decimal digits, connectors
    /// and the two joiners.
    /// </summary>
    private static bool IsWord(Rune rune) => Rune.GetUnicodeCategory(rune)
        is <= UnicodeCategory.OtherLetter or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
        or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation
        || rune.Value is 0x200C or 0x200D or (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189);
}
