using System.Globalization;
using System.Text;
using System.Text.Json;
using Foreword.Generation.Constraints.Grammars;

namespace Foreword.Generation.Constraints.Json;

/// <summary>The parts of JSON (RFC 8259) as expressions.</summary>
internal static class JsonExpressions
{
    /// <summary>
    /// The largest number of digits before the point. Every integer with this many digits is exact in double precision, which most programs use to read
    /// JSON numbers.
    /// </summary>
    public const int IntegerDigits = 15;

    /// <summary>The largest number of digits after the point.</summary>
    public const int FractionDigits = 15;

    /// <summary>The largest indentation after a line break between the parts of any JSON.</summary>
    private const int MaxIndentation = 16;

    private static readonly CharacterSet Controls = new((0, 0x1F));

    private static readonly Expression Hex = new Characters(new CharacterSet(('0', '9'), ('A', 'F'), ('a', 'f')));

    private static readonly Expression Digit = new Characters(CharacterClasses.Digit);

    /// <summary>Gets one character of a string: itself or an escape. A surrogate pair is one character.</summary>
    public static Expression StringCharacter { get; } = new Alternatives(
        new Characters(Controls.Union(CharacterSet.Of("\"\\")).Complement()),
        new Sequence(
            Expression.Literal("\\"),
            new Alternatives(
                Expression.AnyOf("\"\\/bfnrt"),
                new Sequence(
                    Expression.Literal("u"),
                    new Alternatives(
                        new Sequence(new Characters(new CharacterSet(('0', '9'), ('A', 'C'), ('E', 'F'), ('a', 'c'), ('e', 'f'))), Hex, Hex, Hex),
                        new Sequence(Expression.AnyOf("Dd"), new Characters(new CharacterSet(('0', '7'))), Hex, Hex),
                        new Sequence(Expression.AnyOf("Dd"), Expression.AnyOf("89ABab"), Hex, Hex, Expression.Literal("\\u"), Expression.AnyOf("Dd"), Expression.AnyOf("CDEFcdef"), Hex, Hex))))));

    /// <summary>Gets any string.</summary>
    public static Expression AnyString { get; } = Quoted(new Repetition(StringCharacter, 0, null));

    /// <summary>Gets an integer without bounds other than the number of digits.</summary>
    public static Expression Integer { get; } = new Sequence(
        Expression.Optional(Expression.Literal("-")),
        new Alternatives(
            Expression.Literal("0"),
            new Sequence(new Characters(new CharacterSet(('1', '9'))), new Repetition(Digit, 0, IntegerDigits - 1))));

    /// <summary>
    /// Gets a number without bounds other than the number of digits. It has no exponent, so programs can read it as any type of number.
    /// </summary>
    public static Expression Number { get; } = new Sequence(
        Integer,
        Expression.Optional(Expression.Literal("."), new Repetition(Digit, 1, FractionDigits)));

    /// <summary>Gets true or false.</summary>
    public static Expression Boolean { get; } = new Alternatives(Expression.Literal("true"), Expression.Literal("false"));

    /// <summary>Gets null.</summary>
    public static Expression Null { get; } = Expression.Literal("null");

    /// <summary>
    /// Gets the optional blank between the parts of any JSON: a space, or a line break with a limited indentation. It cannot be repeated, so a model
    /// cannot write blanks forever.
    /// </summary>
    private static Expression Blank { get; } = Expression.Optional(
        new Alternatives(
            Expression.Literal(" "),
            new Sequence(Expression.Literal("\n"), new Repetition(Expression.Literal(" "), 0, MaxIndentation))));

    /// <summary>Returns a string with the given content, which is already escaped.</summary>
    public static Expression Quoted(Expression content) => new Sequence(Expression.Literal("\""), content, Expression.Literal("\""));

    /// <summary>Returns any value.</summary>
    /// <param name="value">The rule that this expression is the body of.</param>
    /// <param name="blanks">Whether blanks may be between the parts.</param>
    public static Expression AnyValue(int value, bool blanks) =>
        new Alternatives(AnyString, Number, Boolean, Null, AnyObject(value, blanks), AnyArray(value, blanks));

    /// <summary>Returns any object.</summary>
    /// <param name="value">The rule of any value.</param>
    /// <param name="blanks">Whether blanks may be between the parts.</param>
    public static Expression AnyObject(int value, bool blanks) =>
        Listed("{", new Sequence(AnyString, Expression.Literal(":"), blanks ? Expression.Optional(Expression.Literal(" ")) : Expression.Empty, new RuleCall(value)), "}", blanks);

    /// <summary>Returns any array.</summary>
    private static Expression AnyArray(int value, bool blanks) => Listed("[", new RuleCall(value), "]", blanks);

    private static Sequence Listed(string open, Expression member, string close, bool blanks)
    {
        Expression blank = blanks ? Blank : Expression.Empty;
        Expression more = new Repetition(new Sequence(Expression.Literal(","), blank, member), 0, null);
        return new Sequence(Expression.Literal(open), blank, Expression.Optional(member, more, blank), Expression.Literal(close));
    }

    /// <summary>Returns an expression of texts as the expression of the content of JSON strings. Characters are escaped only where they must be.</summary>
    public static Expression Escaped(Expression expression) => expression switch
    {
        Characters characters => Escaped(characters.Set),
        Sequence sequence => new Sequence([.. sequence.Parts.Select(Escaped)]),
        Alternatives alternatives => new Alternatives([.. alternatives.Choices.Select(Escaped)]),
        Repetition repetition => repetition with { Body = Escaped(repetition.Body) },
        _ => throw new InvalidOperationException($"{expression.GetType().Name} is not part of a regular expression"),
    };

    private static Alternatives Escaped(CharacterSet set)
    {
        CharacterSet special = set.Intersect(Controls.Union(CharacterSet.Of("\"\\")));
        IEnumerable<int> escaped = special.Ranges.SelectMany(range => Enumerable.Range(range.Low, range.High - range.Low + 1));
        return new Alternatives([new Characters(set.Except(special)), .. escaped.Select(character => Expression.Literal(Escape((char)character)))]);
    }

    /// <summary>Returns a value of a schema in the only form in which it is written: without blanks, and with as few escapes as possible.</summary>
    public static string Write(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => $"{{{string.Join(',', value.EnumerateObject().Select(member => $"{Write(member.Name)}:{Write(member.Value)}"))}}}",
        JsonValueKind.Array => $"[{string.Join(',', value.EnumerateArray().Select(Write))}]",
        JsonValueKind.String => Write(value.GetString()!),
        _ => value.GetRawText(),
    };

    /// <summary>Returns a text as a JSON string.</summary>
    public static string Write(string text)
    {
        StringBuilder json = new("\"");
        foreach (char character in text)
            json.Append(character < ' ' || character is '"' or '\\' ? Escape(character) : character.ToString());
        return json.Append('"').ToString();
    }

    private static string Escape(char character) => character switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\b' => "\\b",
        '\f' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        _ => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)character:X4}"),
    };
}
