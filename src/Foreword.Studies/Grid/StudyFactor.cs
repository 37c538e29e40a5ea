namespace Foreword.Studies.Grid;

/// <summary>A factor of a study at one of its levels, such as 3 transferred layers.</summary>
/// <param name="Name">The factor, such as <c>layers</c>.</param>
/// <param name="Level">The level, such as <c>3</c>.</param>
public readonly record struct StudyFactor(string Name, string Level)
{
    /// <summary>The factor that repeats a cell with other random numbers.</summary>
    public const string Seed = "seed";

    /// <summary>Returns the factor as <c>layers=3</c>.</summary>
    public override string ToString() => $"{Name}={Level}";
}
