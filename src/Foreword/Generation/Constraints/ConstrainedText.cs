using Foreword.Tokenization;

namespace Foreword.Generation.Constraints;

/// <summary>A text in progress that must match a constraint. It says which tokens may follow. It is not thread-safe.</summary>
internal sealed class ConstrainedText
{
    private readonly VocabularyConstraint _constraint;
    private readonly Tokenizer _tokenizer;
    private readonly int[] _ends;
    private readonly TokenMask _mask = new();
    private VocabularyConstraint.Position _position;

    /// <summary>Initializes an empty text.</summary>
    /// <param name="constraint">What the text must match.</param>
    /// <param name="tokenizer">Provides the bytes of tokens.</param>
    /// <param name="stopIds">Tokens that end the text, in addition to those of the tokenizer.</param>
    /// <exception cref="ArgumentException">The tokenizer cannot write any text that matches.</exception>
    public ConstrainedText(TextConstraint constraint, Tokenizer tokenizer, IReadOnlyList<int> stopIds)
    {
        _constraint = constraint.For(tokenizer);
        _tokenizer = tokenizer;
        _ends = [.. tokenizer.StopIds.Concat(stopIds).Distinct()];
        _position = _constraint.Begin();
    }

    /// <summary>Gets whether the text matches the constraint as it is.</summary>
    public bool CanEnd => _position.State.CanEnd;

    /// <summary>Gets whether the text matches the constraint and nothing can follow it.</summary>
    public bool IsComplete => _position.State.MustEnd;

    /// <summary>Returns the tokens that may follow. Tokens that end a text are among them if the text may end. The object is valid until the next call.</summary>
    /// <param name="vocabulary">The number of ids that can be drawn.</param>
    /// <exception cref="ArgumentException">No token may follow.</exception>
    public TokenMask Allowed(int vocabulary)
    {
        _position = _constraint.Renew(_position);
        _mask.Set(_constraint.Allowed(_position), vocabulary, _ends, CanEnd);
        return _mask.Count > 0
            ? _mask
            : throw new ArgumentException("the constraint allows none of the tokens here; a stop id or the size of the model's vocabulary excludes those that it needs");
    }

    /// <summary>Adds a token to the text.</summary>
    /// <param name="id">A token that may follow and that does not end the text.</param>
    public void Append(int id)
    {
        foreach (byte value in _tokenizer.TokenBytes(id))
            _position = _position with { State = _position.Automaton.Next(_position.State, value) };
    }
}
