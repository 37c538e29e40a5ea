using System.Globalization;
using System.Text;

namespace Foreword.Generation.Constraints.Grammars;

/// <summary>
/// Reads a regular expression. Only what describes a set of texts is supported: no references to groups, no looking around and no anchors inside.
/// </summary>
internal sealed class RegexParser
{
    private const string Supported =
        "supported are literals, classes, \\d \\w \\s, the dot, groups, alternatives, the counts * + ? {m,n}, and ^ and $ at the ends";

    /// <summary>The largest number of groups inside each other.</summary>
    private const int MaxNesting = 100;

    private readonly string _pattern;
    private readonly bool _searches;
    private int _at;
    private int _nesting;

    private RegexParser(string pattern, bool searches)
    {
        _pattern = pattern;
        _searches = searches;
    }

    private bool IsAtEnd => _at == _pattern.Length;

    /// <summary>Reads a pattern.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="searches">
    /// Whether the pattern may match a part of a text, as in JSON Schema. Text before and after it is then allowed, except where it has <c>^</c> or
    /// <c>$</c>. Otherwise, it matches whole texts.
    /// </param>
    /// <exception cref="ArgumentException">The pattern is not valid or not supported. The message names the position.</exception>
    public static Expression Parse(string pattern, bool searches = false)
    {
        int surrogate = 0;
        while (surrogate < pattern.Length && Rune.TryGetRuneAt(pattern, surrogate, out Rune rune))
            surrogate += rune.Utf16SequenceLength;
        RegexParser parser = new(pattern, searches);
        if (surrogate < pattern.Length)
            throw parser.Refusal("has half of a surrogate pair", surrogate);
        Expression expression = parser.ParseAlternatives(outermost: true);
        return parser.IsAtEnd ? expression : throw parser.Refusal("has a ')' without '('");
    }

    private ArgumentException Refusal(string problem, int? at = null) =>
        new($"the regular expression '{_pattern}' {problem} at position {at ?? _at}; {Supported}");

    private bool Take(char expected)
    {
        bool found = !IsAtEnd && _pattern[_at] == expected;
        _at += found ? 1 : 0;
        return found;
    }

    private Expression ParseAlternatives(bool outermost)
    {
        List<Expression> choices = [];
        do
            choices.Add(ParseAlternative(outermost));
        while (Take('|'));
        return choices.Count == 1 ? choices[0] : new Alternatives(choices);
    }

    private Sequence ParseAlternative(bool outermost)
    {
        Expression anything = new Repetition(new Characters(CharacterSet.All), 0, null);
        List<Expression> parts = [];
        bool fromStart = outermost && Take('^'), toEnd = false;
        if (outermost && _searches && !fromStart)
            parts.Add(anything);
        while (!IsAtEnd && _pattern[_at] is not ('|' or ')') && !toEnd)
        {
            toEnd = outermost && _pattern[_at] == '$';
            if (toEnd)
                _at++;
            else
                parts.Add(ParseCounted());
        }

        if (toEnd && !IsAtEnd && _pattern[_at] != '|')
            throw Refusal("continues after '$'");
        if (outermost && _searches && !toEnd)
            parts.Add(anything);
        return new Sequence(parts);
    }

    private Expression ParseCounted()
    {
        Expression body = ParseOne();
        if (!TryParseCount(out int min, out int? max))
            return body;
        if (!IsAtEnd && _pattern[_at] is '*' or '+' or '?' or '{')
            throw Refusal(_pattern[_at] is '?' ? "has a lazy count" : "has a second count");
        return new Repetition(body, min, max);
    }

    private bool TryParseCount(out int min, out int? max)
    {
        (min, max) = (0, null);
        if (Take('*'))
            return true;
        if (Take('+'))
        {
            min = 1;
            return true;
        }

        if (Take('?'))
        {
            max = 1;
            return true;
        }

        int start = _at;
        if (!Take('{'))
            return false;
        min = ParseNumber() ?? throw Refusal("has a '{' that begins no count", start);
        max = Take(',') ? ParseNumber() : min;
        if (!Take('}'))
            throw Refusal("has a '{' that begins no count", start);
        if (max < min)
            throw Refusal($"has a count from {min} to {max}", start);
        return true;
    }

    private int? ParseNumber()
    {
        int start = _at;
        while (!IsAtEnd && char.IsAsciiDigit(_pattern[_at]))
            _at++;
        if (start == _at)
            return null;
        return _at - start <= 6 ? int.Parse(_pattern.AsSpan(start.._at), CultureInfo.InvariantCulture) : throw Refusal("has a count above 999999", start);
    }

    private Expression ParseOne()
    {
        int start = _at;
        switch (_pattern[_at])
        {
            case '(':
                _at++;
                if (++_nesting > MaxNesting)
                    throw Refusal($"has more than {MaxNesting} groups inside each other", start);
                if (Take('?') && !Take(':'))
                    throw Refusal("has a group that is not '(?:'", start);
                Expression group = ParseAlternatives(outermost: false);
                _nesting--;
                return Take(')') ? group : throw Refusal("has a '(' without ')'", start);
            case '[':
                _at++;
                return new Characters(ParseClass(start));
            case '.':
                _at++;
                return new Characters(CharacterClasses.Dot);
            case '\\':
                return new Characters(ParseEscape(inClass: false));
            case '*' or '+' or '?' or '{':
                throw Refusal($"has a '{_pattern[_at]}' that follows nothing");
            case '^' or '$':
                throw Refusal($"has a '{_pattern[_at]}' inside");
            default:
                return new Characters(ParseCharacter());
        }
    }

    private CharacterSet ParseCharacter()
    {
        Rune character = Rune.GetRuneAt(_pattern, _at);
        _at += character.Utf16SequenceLength;
        return CharacterSet.Of(character);
    }

    private CharacterSet ParseClass(int start)
    {
        bool negated = Take('^');
        CharacterSet set = new();
        while (!Take(']'))
        {
            if (IsAtEnd)
                throw Refusal("has a '[' without ']'", start);
            int first = _at;
            CharacterSet low = ParseClassMember();
            bool isRange = _at + 1 < _pattern.Length && _pattern[_at] == '-' && _pattern[_at + 1] != ']';
            if (isRange)
            {
                _at++;
                CharacterSet high = ParseClassMember();
                if (Single(low) is not { } from || Single(high) is not { } to || from > to)
                    throw Refusal("has a range that is not from a character to a later one", first);
                low = new CharacterSet((from, to));
            }

            set = set.Union(low);
        }

        set = negated ? set.Complement() : set;
        return set.IsEmpty ? throw Refusal("has an empty class", start) : set;

        static int? Single(CharacterSet set) => set.Ranges is [var (low, high)] && low == high ? low : null;
    }

    private CharacterSet ParseClassMember() => !IsAtEnd && _pattern[_at] == '\\' ? ParseEscape(inClass: true) : IsAtEnd ? new() : ParseCharacter();

    private CharacterSet ParseEscape(bool inClass)
    {
        int start = _at++;
        if (IsAtEnd)
            throw Refusal("ends with a backslash", start);
        char letter = _pattern[_at];
        if (CharacterClasses.Named(letter) is { } named)
        {
            _at++;
            return named;
        }

        if (!char.IsAsciiLetterOrDigit(letter))
            return ParseCharacter();
        _at++;
        return letter switch
        {
            'n' => CharacterSet.Of("\n"),
            'r' => CharacterSet.Of("\r"),
            't' => CharacterSet.Of("\t"),
            'f' => CharacterSet.Of("\f"),
            'v' => CharacterSet.Of("\v"),
            'b' when inClass => CharacterSet.Of("\b"),
            '0' when IsAtEnd || !char.IsAsciiDigit(_pattern[_at]) => CharacterSet.Of("\0"),
            'x' => ParseHex(2, start),
            'u' => ParseHex(4, start),
            _ => throw Refusal($"has '\\{letter}'", start),
        };
    }

    private CharacterSet ParseHex(int digits, int start)
    {
        if (_at + digits > _pattern.Length || !int.TryParse(_pattern.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value) || !Rune.IsValid(value))
            throw Refusal($"has a '\\{_pattern[start + 1]}' without the {digits} hexadecimal digits of a character", start);
        _at += digits;
        return CharacterSet.Of(new Rune(value));
    }
}
