using System.Reflection;
using System.Text;

namespace Foreword.Settings;

/// <summary>One key of a recipe record: a property that can be set, under its name in YAML.</summary>
/// <param name="Name">Its name in YAML.</param>
/// <param name="Property">The property.</param>
/// <param name="Value">Its value in the record that was asked for its keys.</param>
internal sealed record RecipeKey(string Name, PropertyInfo Property, object? Value)
{
    /// <summary>The value of a section (see <see cref="IRecipe"/>) is a mapping of further keys.</summary>
    public bool IsSection => typeof(IRecipe).IsAssignableFrom(Property.PropertyType);

    /// <summary>The section that is the value.</summary>
    public IRecipe Section => Value as IRecipe ?? throw new NotSupportedException($"section {Name} is null");

    /// <summary>Names that others give to the same thing.</summary>
    public IReadOnlyList<string> AlsoCalled => Property.GetCustomAttribute<AlsoCalledAttribute>()?.Names ?? [];

    /// <summary>The keys of a record, in the order of their declaration as .NET promises since version 7.</summary>
    public static IReadOnlyList<RecipeKey> Of(IRecipe record) =>
        [.. record.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.CanWrite)
            .Select(property => new RecipeKey(NameOf(property.Name), property, property.GetValue(record)))];

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

    /// <summary>The names of an enumeration's values in a recipe: snake_case, or what <see cref="ChoiceNameAttribute"/> says.</summary>
    public static IReadOnlyDictionary<string, object> ChoicesOf(Type enumeration) =>
        Enum.GetNames(enumeration).ToDictionary(member => ChoiceOf(enumeration, member), member => Enum.Parse(enumeration, member), StringComparer.Ordinal);

    /// <summary>The value that a recipe's text names, by its name or by another one that is allowed; null when there is none.</summary>
    public static object? ChoiceNamed(Type enumeration, string text) =>
        ChoicesOf(enumeration).GetValueOrDefault(text)
            ?? (enumeration.GetCustomAttributes<ChoiceNameAttribute>().FirstOrDefault(choice => choice.AlsoCalled == text) is { } other ? Enum.Parse(enumeration, other.Member) : null);

    /// <summary>The name of one value of an enumeration.</summary>
    public static string ChoiceOf(Enum value) => ChoiceOf(value.GetType(), value.ToString());

    /// <summary>The value that had a name before, with what <see cref="FormerChoiceAttribute"/> says of it; null where none had it.</summary>
    public static (object Value, string Hint)? FormerChoice(Type enumeration, string name) =>
        enumeration.GetCustomAttributes<FormerChoiceAttribute>().FirstOrDefault(choice => choice.Name == name) is { } former
            ? (Enum.Parse(enumeration, former.Member), former.Hint)
            : null;

    private static string ChoiceOf(Type enumeration, string member) =>
        enumeration.GetCustomAttributes<ChoiceNameAttribute>().FirstOrDefault(choice => choice.Member == member)?.Name ?? NameOf(member);
}
