namespace Foreword.Settings;

/// <summary>The name in recipes of one of an enumeration's values, where that is not its name in C# as snake_case. Stands at the enumeration, where trimming cannot lose it.</summary>
/// <param name="member">The value's name in C#.</param>
/// <param name="name">Its name in recipes.</param>
[AttributeUsage(AttributeTargets.Enum, AllowMultiple = true)]
public sealed class ChoiceNameAttribute(string member, string name) : Attribute
{
    /// <summary>The value's name in C#.</summary>
    public string Member { get; } = member;

    /// <summary>Its name in recipes.</summary>
    public string Name { get; } = name;

    /// <summary>Another name that recipes may use; none where null.</summary>
    public string? AlsoCalled { get; init; }
}

/// <summary>A name that one of an enumeration's values had in recipes before. A run's own recipe may still have it; anywhere else it is refused.</summary>
/// <param name="member">The value's name in C#.</param>
/// <param name="name">Its earlier name in recipes.</param>
/// <param name="hint">What the message adds for a reader who meant something else.</param>
[AttributeUsage(AttributeTargets.Enum, AllowMultiple = true)]
public sealed class FormerChoiceAttribute(string member, string name, string hint) : Attribute
{
    /// <summary>The value's name in C#.</summary>
    public string Member { get; } = member;

    /// <summary>Its earlier name in recipes.</summary>
    public string Name { get; } = name;

    /// <summary>What the message adds.</summary>
    public string Hint { get; } = hint;
}
