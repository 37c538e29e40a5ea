namespace Foreword.Tokenization;

/// <summary>
/// A token that is found in text as a whole, never made by merges (an entry of <c>added_tokens</c> in a tokenizer.json).
/// The four switches mean what they mean in Hugging Face's <c>AddedToken</c>.
/// </summary>
/// <param name="Text">What it stands for in text; not empty.</param>
/// <param name="Id">Its id.</param>
/// <param name="IsSpecial">True when text holds it only where the caller allows special tokens; false when always.</param>
public readonly record struct AddedToken(string Text, int Id, bool IsSpecial = true)
{
    /// <summary>GPT-2's end of a document.</summary>
    public const string EndOfText = "<|endoftext|>";

    /// <summary>True when it is not found inside a word: next to a letter, a digit, a mark or an underscore.</summary>
    public bool SingleWord { get; init; }

    /// <summary>True when it takes the white space before it along.</summary>
    public bool LeftStrip { get; init; }

    /// <summary>True when it takes the white space after it along.</summary>
    public bool RightStrip { get; init; }

    /// <summary>True when it is looked for after the tokenizer's normalizer, which changes its own text, too; false when before.</summary>
    public bool Normalized { get; init; }

    /// <summary>Whether one of the switches that depend on the neighbours is on.</summary>
    internal bool LooksAround => SingleWord || LeftStrip || RightStrip;

    /// <summary>The switches as a number, for fingerprints; 0 for a special token without any.</summary>
    internal int Switches => (IsSpecial ? 0 : 1) + (SingleWord ? 2 : 0) + (LeftStrip ? 4 : 0) + (RightStrip ? 8 : 0) + (Normalized ? 16 : 0);
}
