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

    /// <summary>
    /// Computes Matthews' correlation of truth and prediction for any number of classes (Gorodkin, "Comparing two K-category assignments by a K-category
    /// correlation coefficient", 2004). It ranges from -1 to 1, and is 0 if truth or prediction is constant.
    /// </summary>
    /// <param name="count">The number of examples.</param>
    /// <param name="hits">The number of examples whose class was predicted.</param>
    /// <param name="both">The sum over the classes of (examples of the class) x (predictions of the class).</param>
    /// <param name="truth">The sum over the classes of (examples of the class) squared.</param>
    /// <param name="predicted">The sum over the classes of (predictions of the class) squared.</param>
    public static double Matthews(double count, double hits, double both, double truth, double predicted)
    {
        double spread = (count * count - truth) * (count * count - predicted);
        return spread > 0 ? (count * hits - both) / Math.Sqrt(spread) : 0;
    }

    /// <summary>
    /// Draws the resamples of a bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993): as many examples as there are, with
    /// replacement. They depend only on the seed.
    /// </summary>
    /// <param name="count">The number of examples.</param>
    /// <param name="resamples">The number of resamples.</param>
    /// <param name="seed">The seed of the draws.</param>
    /// <returns>The indices of the examples. Every resample uses the same array.</returns>
    public static IEnumerable<int[]> Resamples(int count, int resamples, ulong seed)
    {
        SplitMix64 random = new(seed);
        int[] examples = new int[count];
        for (int r = 0; r < resamples; r++)
        {
            for (int k = 0; k < count; k++)
                examples[k] = (int)Math.BigMul(random.NextUInt64(), (ulong)count, out _);
            yield return examples;
        }
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
