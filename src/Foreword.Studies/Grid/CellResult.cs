namespace Foreword.Studies.Grid;

/// <summary>The result of a cell.</summary>
/// <param name="Factors">The levels of the cell.</param>
/// <param name="Fingerprint">The cell's <see cref="StudyCell.Fingerprint"/>.</param>
/// <param name="Metric">The name of the metric of the values, such as <c>accuracy</c>.</param>
/// <param name="Values">Values by name, such as <c>validation</c> and <c>test</c>. NaN is a value that is not defined.</param>
/// <param name="Seconds">The time that the cell took.</param>
public sealed record CellResult(IReadOnlyList<StudyFactor> Factors, string Fingerprint, string Metric, IReadOnlyDictionary<string, double> Values, double Seconds)
{
    /// <summary>Gets the name of the cell.</summary>
    public string Name => string.Join(", ", Factors);

    /// <summary>Returns the level of a factor; null if the cell does not have the factor.</summary>
    public string? Level(string factor)
    {
        foreach (StudyFactor own in Factors)
        {
            if (own.Name == factor)
                return own.Level;
        }

        return null;
    }
}
