using System.Globalization;

namespace Foreword.Tokenization;

/// <summary>Says how much of a text a tokenizer does not know, see <see cref="Tokenizer.UnknownId"/>.</summary>
internal static class UnknownTokens
{
    /// <summary>Returns the number of ids that stand for unknown text.</summary>
    public static int Count(Tokenizer tokenizer, ReadOnlySpan<int> ids) => tokenizer.UnknownId is { } unknown ? ids.Count(unknown) : 0;

    /// <summary>Returns a sentence about unknown text without its full stop; null if there is none.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="unknown">The number of tokens for unknown text.</param>
    /// <param name="tokens">The number of all tokens.</param>
    /// <param name="kind">What the tokens are, such as <c>training </c>; empty for no word.</param>
    public static string? Describe(Tokenizer tokenizer, long unknown, long tokens, string kind = "") => unknown == 0 ? null : string.Create(CultureInfo.InvariantCulture,
        $"{unknown:N0} of {tokens:N0} {kind}tokens ({Share(unknown, tokens)}) are {tokenizer.TokenText(tokenizer.UnknownId!.Value)}: the tokenizer does not know this text");

    /// <summary>Returns a sentence about unknown text in sequences of ids; null if there is none.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="sequences">The ids.</param>
    /// <param name="kind">What the tokens are, such as <c>training </c>.</param>
    public static string? Describe(Tokenizer tokenizer, IEnumerable<int[]> sequences, string kind)
    {
        if (tokenizer.UnknownId is null)
            return null;
        long unknown = 0, tokens = 0;
        foreach (int[] ids in sequences)
        {
            unknown += Count(tokenizer, ids);
            tokens += ids.Length;
        }

        return Describe(tokenizer, unknown, tokens, kind);
    }

    private static string Share(long unknown, long tokens) => (double)unknown / tokens is var share && share < 0.0005 ? "less than 0.1 %" : share.ToString("P1", CultureInfo.InvariantCulture);
}
