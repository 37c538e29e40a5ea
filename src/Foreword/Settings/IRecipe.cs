using System.Diagnostics.CodeAnalysis;

namespace Foreword.Settings;

/// <summary>
/// A record that <c>Foreword.Data</c> can read from YAML: its settable properties are the keys (<c>NLayer</c> is
/// <c>n_layer</c>), their initial values the defaults, and a property whose type is again an <see cref="IRecipe"/>
/// is a section, which is never null. Values are text, numbers, booleans, enumerations and lists of text; what is null by default may be null.
/// </summary>
[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties | DynamicallyAccessedMemberTypes.PublicMethods)] // of each record; so trimmed programs keep the keys
public interface IRecipe
{
    /// <summary>What is wrong with the values, most important first; empty when the record describes a run.</summary>
    IReadOnlyList<RecipeProblem> Problems();
}
