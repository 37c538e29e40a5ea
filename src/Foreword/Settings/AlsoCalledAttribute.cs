namespace Foreword.Settings;

/// <summary>
/// Lists the names that other programs give to a recipe's key. A recipe cannot use them, but the error message names the right key.
/// </summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Class, AllowMultiple = true)]
internal sealed class AlsoCalledAttribute(params string[] names) : Attribute
{
    /// <summary>Gets the other names, as they would be written in YAML.</summary>
    public IReadOnlyList<string> Names { get; } = names;

    /// <summary>Gets, on a record, the name in C# of the inherited property that has the names in this record only; null on a property.</summary>
    public string? Property { get; init; }
}
