using System.Collections;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Foreword.Settings;

/// <summary>A value that a recipe cannot have.</summary>
/// <param name="Key">The dotted key, such as <c>train.lr</c>.</param>
/// <param name="Complaint">What follows the key in the sentence: "is -1; it must be above 0".</param>
public sealed record RecipeProblem(string Key, string Complaint)
{
    /// <summary>The whole sentence.</summary>
    public override string ToString() => $"{Key} {Complaint}";
}

/// <summary>
/// Collects the problems of one record. Every check names the property it is given as the key of the recipe,
/// so call it with the property itself: <c>problems.Above(0, Lr)</c>.
/// </summary>
public sealed class RecipeProblems : IReadOnlyList<RecipeProblem>
{
    private readonly List<RecipeProblem> found = [];

    /// <inheritdoc/>
    public int Count => found.Count;

    /// <inheritdoc/>
    public RecipeProblem this[int index] => found[index];

    /// <inheritdoc/>
    public IEnumerator<RecipeProblem> GetEnumerator() => found.GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The value must be at least <paramref name="least"/>, and a finite number.</summary>
    public void AtLeast(double least, double value, [CallerArgumentExpression(nameof(value))] string property = "")
    {
        if (!(value >= least && double.IsFinite(value)))
            Add(property, $"is {Text(value)}; it must be at least {Text(least)}");
    }

    /// <summary>The value must be above <paramref name="bound"/>, and a finite number.</summary>
    public void Above(double bound, double value, [CallerArgumentExpression(nameof(value))] string property = "")
    {
        if (!(value > bound && double.IsFinite(value)))
            Add(property, $"is {Text(value)}; it must be above {Text(bound)}");
    }

    /// <summary>The value must be at least <paramref name="least"/> and below <paramref name="bound"/>.</summary>
    public void Within(double least, double bound, double value, [CallerArgumentExpression(nameof(value))] string property = "")
    {
        if (!(value >= least && value < bound))
            Add(property, $"is {Text(value)}; it must be at least {Text(least)} and below {Text(bound)}");
    }

    /// <summary>A complaint of any other kind about a property.</summary>
    /// <param name="property">The property's name in C#; its key is derived from it.</param>
    /// <param name="complaint">What follows the key in the sentence.</param>
    public void Add(string property, string complaint) => AddTo(RecipeKey.NameOf(property), complaint);

    /// <summary>A complaint about a key given as it stands in YAML.</summary>
    /// <param name="key">The dotted key.</param>
    /// <param name="complaint">What follows the key in the sentence.</param>
    public void AddTo(string key, string complaint) => found.Add(new RecipeProblem(key, complaint));

    /// <summary>The problems of a section, their keys now beginning with the section's.</summary>
    public void AddSection(IRecipe section, [CallerArgumentExpression(nameof(section))] string property = "")
    {
        ArgumentNullException.ThrowIfNull(section);
        found.AddRange(section.Problems().Select(problem => problem with { Key = $"{RecipeKey.NameOf(property)}.{problem.Key}" }));
    }

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
