using System.Text;

namespace Foreword.Generation.Constraints.Grammars;

/// <summary>An immutable set of Unicode code points without surrogates, as ranges in ascending order that neither overlap nor touch.</summary>
internal sealed class CharacterSet
{
    private const int FirstSurrogate = 0xD800, LastSurrogate = 0xDFFF, LastCodePoint = 0x10FFFF;

    /// <summary>Initializes a set from ranges in any order. Surrogates are left out.</summary>
    public CharacterSet(params IEnumerable<(int Low, int High)> ranges)
    {
        List<(int Low, int High)> merged = [];
        foreach ((int low, int high) in ranges.SelectMany(WithoutSurrogates).OrderBy(range => range.Low))
        {
            if (merged.Count > 0 && low <= merged[^1].High + 1)
                merged[^1] = (merged[^1].Low, Math.Max(merged[^1].High, high));
            else
                merged.Add((low, high));
        }

        Ranges = merged;
    }

    /// <summary>Gets the set of all characters.</summary>
    public static CharacterSet All { get; } = new((0, LastCodePoint));

    /// <summary>Gets the ranges, with both ends included.</summary>
    public IReadOnlyList<(int Low, int High)> Ranges { get; }

    /// <summary>Gets whether the set holds no character.</summary>
    public bool IsEmpty => Ranges.Count == 0;

    /// <summary>Returns the set of one character.</summary>
    public static CharacterSet Of(Rune character) => new((character.Value, character.Value));

    /// <summary>Returns the set of the characters of a text.</summary>
    public static CharacterSet Of(string characters) => new(characters.EnumerateRunes().Select(rune => (rune.Value, rune.Value)));

    /// <summary>Returns the characters that are in this set or in the other.</summary>
    public CharacterSet Union(CharacterSet other) => new(Ranges.Concat(other.Ranges));

    /// <summary>Returns the characters that are not in this set.</summary>
    public CharacterSet Complement()
    {
        List<(int Low, int High)> gaps = [];
        int next = 0;
        foreach ((int low, int high) in Ranges)
        {
            if (low > next)
                gaps.Add((next, low - 1));
            next = high + 1;
        }

        if (next <= LastCodePoint)
            gaps.Add((next, LastCodePoint));
        return new CharacterSet(gaps);
    }

    /// <summary>Returns the characters that are in both sets.</summary>
    public CharacterSet Intersect(CharacterSet other)
    {
        List<(int Low, int High)> common = [];
        for (int i = 0, j = 0; i < Ranges.Count && j < other.Ranges.Count;)
        {
            int low = Math.Max(Ranges[i].Low, other.Ranges[j].Low), high = Math.Min(Ranges[i].High, other.Ranges[j].High);
            if (low <= high)
                common.Add((low, high));
            if (Ranges[i].High < other.Ranges[j].High)
                i++;
            else
                j++;
        }

        return new CharacterSet(common);
    }

    /// <summary>Returns the characters of this set that are not in the other.</summary>
    public CharacterSet Except(CharacterSet other) => Intersect(other.Complement());

    /// <summary>Returns whether the set holds a character.</summary>
    public bool Contains(int character) => Ranges.Any(range => character >= range.Low && character <= range.High);

    private static IEnumerable<(int Low, int High)> WithoutSurrogates((int Low, int High) range)
    {
        if (range.Low < FirstSurrogate)
            yield return (range.Low, Math.Min(range.High, FirstSurrogate - 1));
        if (range.High > LastSurrogate)
            yield return (Math.Max(range.Low, LastSurrogate + 1), range.High);
        // A range inside the surrogates gives nothing.
    }
}
