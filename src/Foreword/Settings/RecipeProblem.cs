using System.Collections;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Foreword.Settings;

/// <summary>Represents a problem with a value of a recipe.</summary>
/// <param name="Key">The dotted key, such as <c>train.lr</c>.</param>
/// <param name="Complaint">The rest of the sentence after the key, such as "is -1; it must be above 0".</param>
public sealed record RecipeProblem(string Key, string Complaint)
{
    /// <summary>Returns the whole sentence.</summary>
    public override string ToString() => $"{Key} {Complaint}";
}

/// <summary>
/// Collects the problems of one record. Every check derives the recipe's key from the expression of its value argument. Therefore pass
/// the property itself: <c>problems.Above(0, Lr)</c>.
/// </summary>
internal sealed class RecipeProblems : IReadOnlyList<RecipeProblem>
{
    private readonly List<RecipeProblem> _found = [];

    /// <inheritdoc/>
    public int Count => _found.Count;

    /// <inheritdoc/>
    public RecipeProblem this[int index] => _found[index];

    /// <inheritdoc/>
    public IEnumerator<RecipeProblem> GetEnumerator() => _found.GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Adds a problem unless the value is a finite number and at least <paramref name="least"/>.</summary>
    public void AtLeast(double least, double value, [CallerArgumentExpression(nameof(value))] string property = "")
    {
        if (!(value >= least && double.IsFinite(value)))
            Add(property, $"is {Text(value)}; it must be at least {Text(least)}");
    }

    /// <summary>Adds a problem unless the value is a finite number and above <paramref name="bound"/>.</summary>
    public void Above(double bound, double value, [CallerArgumentExpression(nameof(value))] string property = "")
    {
        if (!(value > bound && double.IsFinite(value)))
            Add(property, $"is {Text(value)}; it must be above {Text(bound)}");
    }

    /// <summary>Adds a problem unless the value is at least <paramref name="least"/> and below <paramref name="bound"/>.</summary>
    public void Within(double least, double bound, double value, [CallerArgumentExpression(nameof(value))] string property = "")
    {
        if (!(value >= least && value < bound))
            Add(property, $"is {Text(value)}; it must be at least {Text(least)} and below {Text(bound)}");
    }

    /// <summary>Adds a problem of any other form with a property.</summary>
    /// <param name="property">The property's name in C#, from which its key is derived.</param>
    /// <param name="complaint">The rest of the sentence after the key.</param>
    public void Add(string property, string complaint) => AddTo(RecipeKey.NameOf(property), complaint);

    /// <summary>Adds a problem with a key that is given in its YAML form.</summary>
    /// <param name="key">The dotted key.</param>
    /// <param name="complaint">The rest of the sentence after the key.</param>
    public void AddTo(string key, string complaint) => _found.Add(new RecipeProblem(key, complaint));

    /// <summary>Adds the problems of a section. The section's key is put before their keys.</summary>
    public void AddSection(IRecipe section, [CallerArgumentExpression(nameof(section))] string property = "")
    {
        ArgumentNullException.ThrowIfNull(section);
        _found.AddRange(section.Problems().Select(problem => problem with { Key = $"{RecipeKey.NameOf(property)}.{problem.Key}" }));
    }

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
