using System.Collections.Concurrent;

namespace Foreword.Generation.Constraints;

/// <summary>Keeps constraints by what they were made from. A constraint keeps what it computed about a vocabulary, so later requests find it ready.</summary>
internal static class SharedConstraints
{
    private const int Most = 64;

    private static readonly ConcurrentDictionary<(string Kind, string Text), TextConstraint> _kept = new();

    /// <summary>Returns the constraint for a text, and creates it at first.</summary>
    /// <param name="kind">What the text is, such as <c>regex</c>.</param>
    /// <param name="text">What the constraint is made from.</param>
    /// <param name="create">Creates the constraint.</param>
    /// <exception cref="ArgumentException">The text is no constraint.</exception>
    public static TextConstraint Get(string kind, string text, Func<string, TextConstraint> create)
    {
        if (_kept.Count >= Most)
            _kept.Clear();
        return _kept.GetOrAdd((kind, text), key => create(key.Text));
    }
}
