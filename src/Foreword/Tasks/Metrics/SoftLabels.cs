namespace Foreword.Tasks.Metrics;

/// <summary>
/// A score as a distribution over whole scores, which turns scoring into classification without losing the fractions
/// (Tai, Socher and Manning, "Improved Semantic Representations From Tree-Structured LSTM Networks", 2015, section 4.2).
/// </summary>
public static class SoftLabels
{
    /// <summary>The distribution whose mean is the score, all of it on the two whole scores around it.</summary>
    /// <param name="score">The score.</param>
    /// <param name="least">The score of the first bin; each further bin is worth 1 more.</param>
    /// <param name="bins">Bins, at least 2.</param>
    /// <returns>One probability for each bin.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The score does not lie within the bins, or there are fewer than two.</exception>
    public static float[] Of(double score, double least, int bins)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bins, 2);
        double most = least + bins - 1;
        if (!(score >= least && score <= most))
            throw new ArgumentOutOfRangeException(nameof(score), score, $"a score must lie between {least} and {most}");
        int below = (int)(score - least);
        float share = (float)(score - least - below);
        float[] label = new float[bins];
        label[below] = 1 - share;
        if (share > 0)
            label[below + 1] = share;
        return label;
    }
}
