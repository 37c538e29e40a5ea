using System.Text;

namespace Foreword.Tokenization;

/// <summary>Characters without repetition, in the order of their first occurrence.</summary>
internal sealed class DistinctRunes
{
    private readonly HashSet<Rune> _seen = [];
    private readonly List<Rune> _inOrder = [];

    public IReadOnlyList<Rune> InOrder => _inOrder;

    public void Add(Rune rune)
    {
        if (_seen.Add(rune))
            _inOrder.Add(rune);
    }

    public void AddAll(ReadOnlySpan<char> text)
    {
        foreach (Rune rune in text.EnumerateRunes())
            Add(rune);
    }
}
