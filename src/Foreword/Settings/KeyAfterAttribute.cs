namespace Foreword.Settings;

/// <summary>
/// Places a key of a derived record after a key of its base record. Without it, a key follows the one that is declared before it, and the
/// first key of the derived record precedes those of the base.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class KeyAfterAttribute(string property) : Attribute
{
    /// <summary>Gets the name in C# of the property that precedes this one.</summary>
    public string Property { get; } = property;
}
