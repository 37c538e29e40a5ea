namespace Foreword.Generation.Constraints.Grammars;

/// <summary>Describes a set of texts. Characters, sequences, alternatives and repetitions are those of regular expressions.</summary>
internal abstract record Expression
{
    /// <summary>Gets the expression of the empty text.</summary>
    public static Expression Empty { get; } = new Sequence();

    /// <summary>Returns the expression of exactly one text.</summary>
    public static Expression Literal(string text) => new Sequence([.. text.EnumerateRunes().Select(rune => new Characters(CharacterSet.Of(rune)))]);

    /// <summary>Returns the expression of one of the characters of a text.</summary>
    public static Expression AnyOf(string characters) => new Characters(CharacterSet.Of(characters));

    /// <summary>Returns an expression that may also be empty.</summary>
    public static Expression Optional(params Expression[] parts) => new Repetition(new Sequence(parts), 0, 1);
}

/// <summary>One character of a set.</summary>
internal sealed record Characters(CharacterSet Set) : Expression;

/// <summary>A sequence of expressions.</summary>
internal sealed record Sequence(params IReadOnlyList<Expression> Parts) : Expression;

/// <summary>One of several expressions.</summary>
internal sealed record Alternatives(params IReadOnlyList<Expression> Choices) : Expression;

/// <summary>An expression several times, from <paramref name="Min"/> to <paramref name="Max"/> times. Null has no upper limit.</summary>
internal sealed record Repetition(Expression Body, int Min, int? Max) : Expression;

/// <summary>A rule of the grammar, which may refer to itself.</summary>
internal sealed record RuleCall(int Rule) : Expression;

/// <summary>
/// An automaton that begins in state 0. Each edge reads an expression on the way from a state to another. The text may end in a final state.
/// </summary>
internal sealed record StateMachine(int States, IReadOnlyList<(int From, Expression Read, int To)> Edges, IReadOnlyCollection<int> Finals) : Expression;

/// <summary>A rule. The name appears in messages.</summary>
internal sealed record Rule(string Name, Expression Body);

/// <summary>A context-free grammar of characters. Rule 0 describes whole texts. No other rule is empty.</summary>
internal sealed record Grammar(params IReadOnlyList<Rule> Rules);
