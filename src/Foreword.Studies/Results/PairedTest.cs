using MathNet.Numerics.Distributions;
using MathNet.Numerics.Statistics;

namespace Foreword.Studies.Results;

/// <summary>Student's t-test of paired samples, two-sided.</summary>
/// <param name="Count">The number of pairs.</param>
/// <param name="Difference">The mean of the differences.</param>
/// <param name="T">The test statistic; infinite or NaN if all differences are equal.</param>
/// <param name="P">The probability of a difference at least as large without any effect, 0 to 1; NaN if it is not defined.</param>
public sealed record PairedTest(int Count, double Difference, double T, double P)
{
    /// <summary>Differences that vary by less than this share of the values are equal. Otherwise rounding errors would look like certainty.</summary>
    private const double Rounding = 1e-12;

    /// <summary>Compares two samples.</summary>
    /// <param name="values">The values.</param>
    /// <param name="reference">The values that they are compared with, in the same order.</param>
    /// <exception cref="ArgumentException">The samples are empty or have different lengths.</exception>
    public static PairedTest Compute(IReadOnlyList<double> values, IReadOnlyList<double> reference)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(reference);
        if (values.Count == 0 || values.Count != reference.Count)
            throw new ArgumentException($"{values.Count} values are compared with {reference.Count}; expected pairs", nameof(values));
        double[] differences = [.. values.Zip(reference, (value, other) => value - other)];
        double mean = differences.Average(), deviation = differences.StandardDeviation();
        if (deviation <= Rounding * values.Concat(reference).Max(Math.Abs))
            deviation = 0;
        double t = mean / (deviation / Math.Sqrt(differences.Length));
        double p = double.IsFinite(t) ? 2 * StudentT.CDF(0, 1, differences.Length - 1, -Math.Abs(t)) : double.NaN;
        return new PairedTest(differences.Length, mean, t, p);
    }
}
