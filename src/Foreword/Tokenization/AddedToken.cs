namespace Foreword.Tokenization;

/// <summary>
/// A token that is found in text as a whole and never made by merges: an entry of <c>added_tokens</c> in a tokenizer.json.
/// The four switches have the same meaning as in Hugging Face's <c>AddedToken</c>.
/// </summary>
/// <param name="Text">The text that the token stands for; not empty.</param>
/// <param name="Id">The token's id, 0 or more.</param>
/// <param name="IsSpecial">True if the token is found in text only when the caller allows special tokens; false if it is always found.</param>
public readonly record struct AddedToken(string Text, int Id, bool IsSpecial = true)
{
    /// <summary>The text of GPT-2's token for the end of a document.</summary>
    public const string EndOfText = "<|endoftext|>";

    /// <summary>Gets whether the token must be a word of its own: it is not found next to a letter, a digit, a mark or an underscore.</summary>
    public bool SingleWord { get; init; }

    /// <summary>Gets whether the token includes the white space before it.</summary>
    public bool LeftStrip { get; init; }

    /// <summary>Gets whether the token includes the white space after it.</summary>
    public bool RightStrip { get; init; }

    /// <summary>
    /// Gets whether the token is searched for after the tokenizer's normalizer has run. The normalizer then also changes the token's own text.
    /// If false, the token is searched for in the original text.
    /// </summary>
    public bool Normalized { get; init; }

    /// <summary>Gets whether one of the switches that depend on the neighboring characters is on.</summary>
    internal bool LooksAround => SingleWord || LeftStrip || RightStrip;

    /// <summary>Gets the switches as a number, for fingerprints; 0 for a special token without switches.</summary>
    internal int Switches => (IsSpecial ? 0 : 1) + (SingleWord ? 2 : 0) + (LeftStrip ? 4 : 0) + (RightStrip ? 8 : 0) + (Normalized ? 16 : 0);
}
