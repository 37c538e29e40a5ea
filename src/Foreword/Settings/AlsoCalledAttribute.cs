namespace Foreword.Settings;

/// <summary>
/// Names that other programs give to a recipe's key. They are not accepted, but whoever writes one is told ours.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class AlsoCalledAttribute(params string[] names) : Attribute
{
    /// <summary>The other names, as they would be written in YAML.</summary>
    public IReadOnlyList<string> Names { get; } = names;
}
