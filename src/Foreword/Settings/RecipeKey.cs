using System.Reflection;
using System.Text;

namespace Foreword.Settings;

/// <summary>One key of a recipe record: a settable property with its name in YAML.</summary>
/// <param name="Name">The property's name in YAML.</param>
/// <param name="Property">The property.</param>
/// <param name="Value">The property's value in the record from which the keys were read.</param>
internal sealed record RecipeKey(string Name, PropertyInfo Property, object? Value)
{
    /// <summary>Gets whether the value is a section (see <see cref="IRecipe"/>), that is, a mapping of further keys.</summary>
    public bool IsSection => typeof(IRecipe).IsAssignableFrom(Property.PropertyType);

    /// <summary>Gets the section that is the value.</summary>
    public IRecipe Section => Value as IRecipe ?? throw new NotSupportedException($"section {Name} is null");

    /// <summary>Gets the names that other programs give to this key.</summary>
    public IReadOnlyList<string> AlsoCalled =>
        [.. Property.GetCustomAttributes<AlsoCalledAttribute>()
            .Concat(Property.ReflectedType!.GetCustomAttributes<AlsoCalledAttribute>().Where(also => also.Property == Property.Name))
            .SelectMany(also => also.Names)];

    /// <summary>
    /// Returns the keys of a record in the order of their declaration, which .NET guarantees since version 7. The keys of a derived record stand
    /// between those of its base, see <see cref="KeyAfterAttribute"/>.
    /// </summary>
    public static IReadOnlyList<RecipeKey> Of(IRecipe record)
    {
        List<PropertyInfo> ordered = [];
        int next = 0;
        foreach (PropertyInfo property in record.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.CanWrite).OrderBy(IsOwn)) // the keys of the base first
        {
            if (property.GetCustomAttribute<KeyAfterAttribute>() is { } after)
                next = ordered.FindIndex(other => other.Name == after.Property) + 1;
            ordered.Insert(IsOwn(property) ? next++ : ordered.Count, property);
        }

        return [.. ordered.Select(property => new RecipeKey(NameOf(property.Name), property, property.GetValue(record)))];

        bool IsOwn(PropertyInfo property) => property.DeclaringType == record.GetType();
    }

    /// <summary>Converts an identifier to snake_case. A capital begins a word; digits stay with the word before them (NLayer, Gpt1OptPy).</summary>
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

    /// <summary>Returns the values of an enumeration by their names in recipes: snake_case, or the name in <see cref="ChoiceNameAttribute"/>.</summary>
    public static IReadOnlyDictionary<string, object> ChoicesOf(Type enumeration) =>
        Enum.GetNames(enumeration).ToDictionary(member => ChoiceOf(enumeration, member), member => Enum.Parse(enumeration, member), StringComparer.Ordinal);

    /// <summary>Returns the value that a recipe's text names, by its name or by its other name; null if there is none.</summary>
    public static object? ChoiceNamed(Type enumeration, string text) =>
        ChoicesOf(enumeration).GetValueOrDefault(text)
            ?? (enumeration.GetCustomAttributes<ChoiceNameAttribute>().FirstOrDefault(choice => choice.AlsoCalled == text) is { } other ? Enum.Parse(enumeration, other.Member) : null);

    /// <summary>Returns the name in recipes of one value of an enumeration.</summary>
    public static string ChoiceOf(Enum value) => ChoiceOf(value.GetType(), value.ToString());

    /// <summary>Returns the value that had this name before, with the hint of <see cref="FormerChoiceAttribute"/>; null if no value had it.</summary>
    public static (object Value, string Hint)? FormerChoice(Type enumeration, string name) =>
        enumeration.GetCustomAttributes<FormerChoiceAttribute>().FirstOrDefault(choice => choice.Name == name) is { } former
            ? (Enum.Parse(enumeration, former.Member), former.Hint)
            : null;

    private static string ChoiceOf(Type enumeration, string member) =>
        enumeration.GetCustomAttributes<ChoiceNameAttribute>().FirstOrDefault(choice => choice.Member == member)?.Name ?? NameOf(member);
}
