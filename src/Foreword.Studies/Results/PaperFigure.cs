namespace Foreword.Studies.Results;

/// <summary>A figure that a paper reports, to be shown beside the measured ones.</summary>
/// <param name="Series">What was measured, such as <c>RACE, dev</c>.</param>
/// <param name="Level">The level of the factor on the axis, as the paper names it.</param>
/// <param name="Value">The figure, in the paper's unit.</param>
/// <param name="Source">Where it stands, and how exact it is: <c>table 5</c>, <c>read off figure 2</c>.</param>
public sealed record PaperFigure(string Series, string Level, double Value, string Source);
