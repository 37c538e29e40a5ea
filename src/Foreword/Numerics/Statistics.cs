using System.Numerics.Tensors;

namespace Foreword.Numerics;

/// <summary>Computes statistics of double-precision samples.</summary>
internal static class Statistics
{
    /// <summary>Computes Pearson's correlation in one numerically stable pass (Welford's method); NaN if either sample is constant or empty.</summary>
    public static double Pearson(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double meanA = 0, meanB = 0, squaresA = 0, squaresB = 0, products = 0;
        for (int i = 0; i < a.Length; i++)
        {
            double deltaA = a[i] - meanA, deltaB = b[i] - meanB, share = 1.0 / (i + 1);
            meanA += deltaA * share;
            meanB += deltaB * share;
            squaresA += deltaA * (a[i] - meanA);
            squaresB += deltaB * (b[i] - meanB);
            products += deltaA * (b[i] - meanB);
        }

        return products / Math.Sqrt(squaresA * squaresB);
    }

    /// <summary>Computes the mean of the squared differences between two samples of equal length.</summary>
    public static double MeanSquaredError(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double distance = TensorPrimitives.Distance(a, b);
        return distance * distance / a.Length;
    }

    /// <summary>
    /// Computes a quantile of sorted values by linear interpolation (type 7 of Hyndman and Fan, "Sample quantiles in statistical packages", 1996);
    /// NaN if there are no values.
    /// </summary>
    /// <param name="sorted">The values in ascending order.</param>
    /// <param name="share">The share of values below the quantile, 0 to 1.</param>
    public static double Quantile(ReadOnlySpan<double> sorted, double share)
    {
        if (sorted.IsEmpty)
            return double.NaN;
        double place = (sorted.Length - 1) * share;
        int below = (int)place;
        return below + 1 < sorted.Length ? sorted[below] + (place - below) * (sorted[below + 1] - sorted[below]) : sorted[^1];
    }
}
