namespace Foreword.Settings;

/// <summary>
/// Sets the name in recipes of one of an enumeration's values, where it differs from the C# name in snake_case. The attribute is on the
/// enumeration, where trimming cannot remove it.
/// </summary>
/// <param name="member">The value's name in C#.</param>
/// <param name="name">The value's name in recipes.</param>
[AttributeUsage(AttributeTargets.Enum, AllowMultiple = true)]
internal sealed class ChoiceNameAttribute(string member, string name) : Attribute
{
    /// <summary>Gets the value's name in C#.</summary>
    public string Member { get; } = member;

    /// <summary>Gets the value's name in recipes.</summary>
    public string Name { get; } = name;

    /// <summary>Gets another name that recipes may use; null if there is none.</summary>
    public string? AlsoCalled { get; init; }
}

/// <summary>
/// Declares a name that one of an enumeration's values had in recipes before. The recipe that a run saved may still contain it. Everywhere
/// else it is an error.
/// </summary>
/// <param name="member">The value's name in C#.</param>
/// <param name="name">The value's earlier name in recipes.</param>
/// <param name="hint">A sentence that the error message adds for readers who meant something else.</param>
[AttributeUsage(AttributeTargets.Enum, AllowMultiple = true)]
internal sealed class FormerChoiceAttribute(string member, string name, string hint) : Attribute
{
    /// <summary>Gets the value's name in C#.</summary>
    public string Member { get; } = member;

    /// <summary>Gets the value's earlier name in recipes.</summary>
    public string Name { get; } = name;

    /// <summary>Gets the sentence that the error message adds.</summary>
    public string Hint { get; } = hint;
}
