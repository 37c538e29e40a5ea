using System.Globalization;
using System.Text;

namespace Foreword.Tokenization.Normalization;

/// <summary>
/// Computes Unicode's normal forms (Unicode Standard Annex 15) from Foreword's own tables, for the reason given in
/// <see cref="CanonicalDecomposition"/>. Hangul syllables are computed without a table.
/// </summary>
internal static class NormalForm
{
    private const int FirstSyllable = 0xAC00, FirstLead = 0x1100, FirstVowel = 0x1161, BeforeTrail = 0x11A7, Leads = 19, Vowels = 21, Trails = 28;

    private static readonly Lazy<Dictionary<int, int[]>> Compatible = new(() =>
        Lines("CompatibilityDecompositions.txt").ToDictionary(points => Hex(points[0]), points => points[1..].Select(Hex).ToArray()));

    private static readonly Lazy<Dictionary<(int, int), int>> Composites = new(() =>
        Lines("CanonicalCompositions.txt").ToDictionary(points => (Hex(points[0]), Hex(points[1])), points => Hex(points[2])));

    private static readonly Lazy<Dictionary<int, byte>> Classes = new(() => Lines("CombiningClasses.txt")
        .SelectMany(run => Enumerable.Range(Hex(run[0]), Hex(run[1]) - Hex(run[0]) + 1).Select(point => (point, Class: byte.Parse(run[2], CultureInfo.InvariantCulture))))
        .ToDictionary(entry => entry.point, entry => entry.Class));

    /// <summary>Returns the code points of the text, decomposed and in canonical order (NFD, or NFKD if <paramref name="isCompatible"/>).</summary>
    public static List<int> Decompose(string text, bool isCompatible)
    {
        List<int> points = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (rune.IsAscii)
                points.Add(rune.Value);
            else if (isCompatible && Compatible.Value.TryGetValue(rune.Value, out int[]? compatible))
                points.AddRange(compatible);
            else if (CanonicalDecomposition.Of(rune) is { } canonical)
                points.AddRange(canonical.EnumerateRunes().Select(part => part.Value));
            else
                points.Add(rune.Value);
        }

        Order(points);
        return points;
    }

    /// <summary>Composes decomposed code points and returns their text (NFC or NFKC).</summary>
    public static string Compose(List<int> points)
    {
        List<int> composed = new(points.Count);
        int starter = -1; // index of the last character of class 0
        int before = 0; // class of the previous character that was not composed
        foreach (int point in points)
        {
            int own = ClassOf(point);
            bool isBlocked = composed.Count - 1 > starter && (before >= own || before == 0);
            if (starter >= 0 && !isBlocked && Composite(composed[starter], point) is { } one)
            {
                composed[starter] = one;
                continue;
            }

            if (own == 0)
                starter = composed.Count;
            before = own;
            composed.Add(point);
        }

        return ToString(composed);
    }

    /// <summary>Returns the text of code points.</summary>
    public static string ToString(List<int> points)
    {
        StringBuilder text = new(points.Count);
        foreach (int point in points)
            text.Append(new Rune(point));
        return text.ToString();
    }

    /// <summary>Sorts every run of marks by class. Marks of the same class keep their order.</summary>
    private static void Order(List<int> points)
    {
        for (int start = 0, end; start < points.Count; start = end)
        {
            int highest = ClassOf(points[start]);
            bool isSorted = true;
            for (end = start + 1; highest > 0 && end < points.Count && ClassOf(points[end]) is > 0 and var own; end++)
            {
                isSorted &= own >= highest;
                highest = Math.Max(highest, own);
            }

            if (isSorted)
                continue;
            int[] run = [.. points.GetRange(start, end - start).OrderBy(ClassOf)]; // OrderBy is stable
            for (int i = 0; i < run.Length; i++)
                points[start + i] = run[i];
        }
    }

    private static int ClassOf(int point) => point < 0x300 ? 0 : Classes.Value.GetValueOrDefault(point);

    private static int? Composite(int first, int second)
    {
        if (first is >= FirstLead and < FirstLead + Leads && second is >= FirstVowel and < FirstVowel + Vowels)
            return FirstSyllable + ((first - FirstLead) * Vowels + second - FirstVowel) * Trails;
        if (first is >= FirstSyllable and < FirstSyllable + Leads * Vowels * Trails && (first - FirstSyllable) % Trails == 0 && second is > BeforeTrail and < BeforeTrail + Trails)
            return first + second - BeforeTrail;
        return Composites.Value.TryGetValue((first, second), out int one) ? one : null;
    }

    private static int Hex(string point) => int.Parse(point, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static IEnumerable<string[]> Lines(string name)
    {
        using Stream file = typeof(NormalForm).Assembly.GetManifestResourceStream(name)!;
        using StreamReader lines = new(file);
        while (lines.ReadLine() is { } line)
        {
            if (!line.StartsWith('#'))
                yield return line.Split(' ');
        }
    }
}
