using System.Diagnostics.CodeAnalysis;

namespace Foreword.Settings;

/// <summary>
/// A record that <c>Foreword.Data</c> can read from YAML. Its settable properties are the keys (<c>NLayer</c> is <c>n_layer</c>), and their
/// initial values are the defaults. A property whose type is again an <see cref="IRecipe"/> is a section, which is never null. Values are text,
/// numbers, booleans, enumerations and lists of text. A value that is null by default may be null.
/// </summary>
[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties | DynamicallyAccessedMemberTypes.PublicMethods)] // applies to each record, so that trimmed programs keep the keys
public interface IRecipe
{
    /// <summary>Returns the problems of the values, most important first; empty if the record describes a valid run.</summary>
    IReadOnlyList<RecipeProblem> Problems();
}
