using System.Text;

namespace Foreword.Tokenization.Normalization;

/// <summary>
/// Converts text to lowercase character by character, as Rust's <c>char::to_lowercase</c> does. The result does not depend on neighboring
/// characters or on the language.
/// </summary>
internal static class LowerCase
{
    /// <summary>The capital I with a dot above, the only character that becomes two: an i and a combining dot.</summary>
    private const int DottedCapitalI = 0x130;

    /// <summary>Returns the text in lowercase.</summary>
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
