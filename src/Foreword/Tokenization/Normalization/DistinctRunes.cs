using System.Text;

namespace Foreword.Tokenization.Normalization;

/// <summary>A set of distinct characters in order of code point.</summary>
internal sealed class DistinctRunes
{
    private readonly SortedSet<Rune> _runes = [];

    public IReadOnlyList<Rune> Sorted => [.. _runes];

    public void Add(Rune rune) => _runes.Add(rune);

    public void AddAll(ReadOnlySpan<char> text)
    {
        foreach (Rune rune in text.EnumerateRunes())
            Add(rune);
    }
}
