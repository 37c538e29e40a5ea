using System.Globalization;
using System.Text;

namespace Foreword.Tokenization.Normalization;

/// <summary>
/// Computes Unicode's canonical decomposition (NFD) of single characters from Foreword's own table. In an application with InvariantGlobalization,
/// <see cref="string.Normalize(NormalizationForm)"/> returns its text unchanged and reports no error.
/// </summary>
internal static class CanonicalDecomposition
{
    private const int FirstSyllable = 0xAC00, LastSyllable = 0xD7A3, FirstLead = 0x1100, FirstVowel = 0x1161, BeforeTrail = 0x11A7, Vowels = 21, Trails = 28;

    private static readonly Dictionary<int, string> Table = ReadTable();

    /// <summary>Returns the full decomposition of a character, or null if it does not change.</summary>
    public static string? Of(Rune rune) => rune.Value is >= FirstSyllable and <= LastSyllable ? Syllable(rune.Value - FirstSyllable) : Table.GetValueOrDefault(rune.Value);

    /// <summary>Returns the letters of a Hangul syllable (The Unicode Standard, section 3.12).</summary>
    private static string Syllable(int index)
    {
        char lead = (char)(FirstLead + index / (Vowels * Trails)), vowel = (char)(FirstVowel + index % (Vowels * Trails) / Trails);
        int trail = index % Trails;
        return trail == 0 ? $"{lead}{vowel}" : $"{lead}{vowel}{(char)(BeforeTrail + trail)}";
    }

    private static Dictionary<int, string> ReadTable()
    {
        using Stream file = typeof(CanonicalDecomposition).Assembly.GetManifestResourceStream("CanonicalDecompositions.txt")!;
        using StreamReader lines = new(file);
        Dictionary<int, string> table = [];
        while (lines.ReadLine() is { } line)
        {
            if (line.StartsWith('#'))
                continue;
            int[] points = [.. line.Split(' ').Select(point => int.Parse(point, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
            table.Add(points[0], string.Concat(points[1..].Select(point => new Rune(point).ToString())));
        }

        return table;
    }
}
