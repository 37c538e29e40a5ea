namespace Foreword.Studies.Results;

/// <summary>A value of the cells that differ only in their seed.</summary>
/// <param name="Curve">The levels of the plan's curve factors.</param>
/// <param name="Level">The level on the axis.</param>
/// <param name="Metric">The metric, such as <c>accuracy</c>.</param>
/// <param name="Value">The name of the value, such as <c>validation</c>.</param>
/// <param name="Samples">The values, in the order of the seeds.</param>
public sealed record StudyRow(IReadOnlyList<string> Curve, string Level, string Metric, string Value, IReadOnlyList<double> Samples)
{
    /// <summary>Gets the mean over the seeds.</summary>
    public double Mean => Samples.Average();

    /// <summary>Gets the standard deviation of a sample (n - 1); NaN for a single seed.</summary>
    public double Deviation => MathNet.Numerics.Statistics.Statistics.StandardDeviation(Samples);

    /// <summary>Gets the comparison with the plan's reference level, by seeds; null if there is none.</summary>
    public PairedTest? Comparison { get; init; }
}
