using System.Text;

namespace Foreword.Tokenization.Normalization;

/// <summary>Lower case character by character, as Rust's <c>char::to_lowercase</c> has it: nothing depends on neighbours or language.</summary>
internal static class LowerCase
{
    /// <summary>The one character that becomes two: I with a dot above, an i and the dot.</summary>
    private const int DottedCapitalI = 0x130;

    /// <summary>Returns the text in lower case.</summary>
    public static string Of(string text)
    {
        StringBuilder lower = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (rune.Value == DottedCapitalI)
                lower.Append("i\u0307");
            else
                lower.Append(Rune.ToLowerInvariant(rune));
        }

        return lower.ToString();
    }
}
