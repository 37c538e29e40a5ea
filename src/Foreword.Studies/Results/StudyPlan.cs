namespace Foreword.Studies.Results;

/// <summary>States what a study shows: which factor is the axis, which factors are curves, which values are drawn, and what the paper reports.</summary>
public sealed record StudyPlan
{
    /// <summary>Gets the name, as on the command line.</summary>
    public required string Name { get; init; }

    /// <summary>Gets the heading of its page.</summary>
    public required string Title { get; init; }

    /// <summary>Gets what is done and what it shows, in a few sentences.</summary>
    public required string Method { get; init; }

    /// <summary>Gets the factor on the axis, such as <c>layers</c>.</summary>
    public required string Axis { get; init; }

    /// <summary>Gets the label of the axis, such as <c>transferred blocks</c>.</summary>
    public required string AxisLabel { get; init; }

    /// <summary>Gets the factors that make a curve each, such as <c>data</c>.</summary>
    public required IReadOnlyList<string> Curves { get; init; }

    /// <summary>Gets the names of the values that are summarized, the most important first, such as <c>validation</c>.</summary>
    public required IReadOnlyList<string> Values { get; init; }

    /// <summary>Gets the names of the values that are drawn: the first thick, the others thin.</summary>
    public required IReadOnlyList<string> Drawn { get; init; }

    /// <summary>Gets the name of the value that is drawn as the error of a point; null draws the deviation over the seeds.</summary>
    public string? DrawnError { get; init; }

    /// <summary>Gets the factor that selects a curve's line, such as <c>architecture</c>; null draws all lines alike.</summary>
    public string? Pattern { get; init; }

    /// <summary>Gets whether the levels of the axis have no order, so that no line joins them.</summary>
    public bool IsUnordered { get; init; }

    /// <summary>Gets whether a curve with the mean over all curves is added.</summary>
    public bool HasAverage { get; init; }

    /// <summary>Gets whether a power law is fitted to each curve, over the numbers of the axis.</summary>
    public bool HasFit { get; init; }

    /// <summary>Gets a function that adds values to the results, before they are summarized; null adds nothing.</summary>
    public Func<IReadOnlyList<Grid.CellResult>, IReadOnlyList<Grid.CellResult>>? Derive { get; init; }

    /// <summary>Gets the level of <see cref="Axis"/> that the others are compared with; null compares nothing.</summary>
    public string? Reference { get; init; }

    /// <summary>Gets the figures of the paper.</summary>
    public IReadOnlyList<PaperFigure> Paper { get; init; } = [];
}
