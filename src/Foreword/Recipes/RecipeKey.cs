using System.Reflection;
using System.Runtime.Serialization;
using System.Text;

namespace Foreword.Recipes;

/// <summary>One key of a recipe record: a property that can be set, under its name in YAML.</summary>
internal sealed record RecipeKey(string Name, PropertyInfo Property)
{
    /// <summary>The value of a section (see <see cref="IRecipe"/>) is a mapping of further keys.</summary>
    public bool IsSection => typeof(IRecipe).IsAssignableFrom(Property.PropertyType);

    /// <summary>Names that others give to the same thing.</summary>
    public IReadOnlyList<string> AlsoCalled => Property.GetCustomAttribute<AlsoCalledAttribute>()?.Names ?? [];

    /// <summary>Whether null (nothing after the colon) is a value of this key.</summary>
    public bool MayBeNull => new NullabilityInfoContext().Create(Property).WriteState == NullabilityState.Nullable;

    /// <summary>The keys of a record in the order of their declaration.</summary>
    public static IReadOnlyList<RecipeKey> Of(Type record) =>
        [.. record.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.CanWrite)
            .OrderBy(property => property.MetadataToken)
            .Select(property => new RecipeKey(NameOf(property.Name), property))];

    /// <summary>snake_case: a capital begins a word, digits stay with the word before them (NLayer, Gpt1OptPy).</summary>
    public static string NameOf(string identifier)
    {
        StringBuilder name = new();
        foreach (char c in identifier)
        {
            if (char.IsUpper(c) && name.Length > 0)
                name.Append('_');
            name.Append(char.ToLowerInvariant(c));
        }

        return name.ToString();
    }

    /// <summary>The names of an enumeration's values in a recipe: snake_case, or what <see cref="EnumMemberAttribute"/> says.</summary>
    public static IReadOnlyDictionary<string, object> ChoicesOf(Type enumeration) =>
        Enum.GetValues(enumeration).Cast<object>().ToDictionary(value => ChoiceOf(enumeration, value), StringComparer.Ordinal);

    /// <summary>The name of one value of an enumeration.</summary>
    public static string ChoiceOf(Type enumeration, object value)
    {
        string member = value.ToString()!;
        return enumeration.GetField(member)?.GetCustomAttribute<EnumMemberAttribute>()?.Value ?? NameOf(member);
    }
}
