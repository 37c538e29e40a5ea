namespace Foreword.Generation.Constraints.Grammars;

/// <summary>The character classes of regular expressions, as in ECMAScript without Unicode properties.</summary>
internal static class CharacterClasses
{
    /// <summary>Gets the characters of <c>\d</c>.</summary>
    public static CharacterSet Digit { get; } = new(('0', '9'));

    /// <summary>Gets the characters of <c>\w</c>.</summary>
    public static CharacterSet Word { get; } = new(('0', '9'), ('A', 'Z'), ('a', 'z'), ('_', '_'));

    /// <summary>Gets the characters of <c>\s</c>: the white space of ASCII.</summary>
    public static CharacterSet Space { get; } = CharacterSet.Of(" \t\n\v\f\r");

    /// <summary>Gets the characters of <c>\S</c>. White space outside ASCII is in neither class, because regular expression engines disagree on it.</summary>
    public static CharacterSet NotSpace { get; } = Space.Union(CharacterSet.Of("\u0085\u00A0\u1680\u2028\u2029\u202F\u205F\u3000\uFEFF")).Union(new((0x2000, 0x200A))).Complement();

    /// <summary>Gets the characters of a dot: all but the ends of lines.</summary>
    public static CharacterSet Dot { get; } = CharacterSet.Of("\n\r\u2028\u2029").Complement();

    /// <summary>Returns the class that a letter after a backslash names, or null if it names none.</summary>
    public static CharacterSet? Named(char letter) => letter switch
    {
        'd' => Digit,
        'D' => Digit.Complement(),
        'w' => Word,
        'W' => Word.Complement(),
        's' => Space,
        'S' => NotSpace,
        _ => null,
    };
}
