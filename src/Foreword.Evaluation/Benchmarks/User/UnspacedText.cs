using System.Text;

namespace Foreword.Evaluation.Benchmarks.User;

/// <summary>
/// Decides whether white space separates the words of a text. It does not if more than half of the characters, without white space, belong to a script
/// that is written without spaces between words: Chinese, Japanese, Thai, Lao, Tibetan, Burmese and Khmer.
/// </summary>
internal static class UnspacedText
{
    /// <summary>First and last code points of blocks of Unicode.</summary>
    private static readonly (int First, int Last)[] Blocks =
    [
        (0x0E00, 0x0FFF), // Thai, Lao, Tibetan
        (0x1000, 0x109F), // Burmese
        (0x1780, 0x17FF), // Khmer
        (0x2E80, 0x30FF), // radicals, punctuation, Hiragana, Katakana
        (0x3100, 0x312F), // Bopomofo
        (0x3190, 0x4DBF), // Katakana extensions, enclosed and compatibility forms, ideographs (extension A)
        (0x4E00, 0x9FFF), // ideographs
        (0xF900, 0xFAFF), // compatibility ideographs
        (0xFF00, 0xFF9F), // full-width forms and punctuation, half-width Katakana
        (0x20000, 0x3FFFF), // ideographs (further extensions)
    ];

    /// <summary>Returns whether a text is mostly of scripts without spaces between words. A text of white space only is not.</summary>
    /// <param name="lines">The lines of the text.</param>
    public static bool Is(IEnumerable<string> lines)
    {
        long unspaced = 0, all = 0;
        foreach (Rune rune in lines.SelectMany(line => line.EnumerateRunes()))
        {
            if (Rune.IsWhiteSpace(rune))
                continue;
            all++;
            if (Array.Exists(Blocks, block => rune.Value >= block.First && rune.Value <= block.Last))
                unspaced++;
        }

        return unspaced * 2 > all;
    }
}
