using System.Globalization;

namespace Foreword.Tasks.Metrics;

/// <summary>
/// Represents a score as a distribution over whole scores. This turns scoring into classification without losing the fractions (Tai, Socher and
/// Manning, "Improved Semantic Representations From Tree-Structured LSTM Networks", 2015, section 4.2).
/// </summary>
internal static class SoftLabels
{
    /// <summary>Returns the distribution whose mean is the score. It is nonzero only at the two whole scores next to the score.</summary>
    /// <param name="score">The score.</param>
    /// <param name="least">The score of the first bin. Each further bin adds 1.</param>
    /// <param name="bins">The number of bins, 2 or more.</param>
    /// <returns>One probability for each bin.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The score is outside the bins, or there are fewer than 2 bins.</exception>
    public static float[] Of(double score, double least, int bins)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bins, 2);
        double most = least + bins - 1;
        if (!(score >= least && score <= most))
            throw new ArgumentOutOfRangeException(nameof(score), string.Create(CultureInfo.InvariantCulture, $"the score is {score}; it must lie between {least} and {most}"));
        int below = (int)(score - least);
        float share = (float)(score - least - below);
        float[] label = new float[bins];
        label[below] = 1 - share;
        if (share > 0)
            label[below + 1] = share;
        return label;
    }
}
