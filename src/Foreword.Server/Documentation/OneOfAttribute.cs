namespace Foreword.Server.Documentation;

/// <summary>Says which types a field of a request or an answer may have.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class OneOfAttribute(params Type[] types) : Attribute
{
    public IReadOnlyList<Type> Types => types;
}
