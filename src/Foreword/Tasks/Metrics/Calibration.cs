namespace Foreword.Tasks.Metrics;

/// <summary>The examples whose largest probability lies in one interval.</summary>
/// <param name="Low">The interval's lower end, exclusive.</param>
/// <param name="High">Its upper end, inclusive.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Confidence">The mean of their largest probabilities; NaN where there are none.</param>
/// <param name="Accuracy">The share of them that were given their class; NaN where there are none.</param>
public sealed record CalibrationBin(double Low, double High, int Count, double Confidence, double Accuracy);

/// <summary>How far the probabilities can be believed.</summary>
/// <param name="ExpectedError">
/// Expected calibration error: the mean distance of confidence and accuracy over the bins, weighted by their examples
/// (Guo et al., "On Calibration of Modern Neural Networks", 2017, equation 3), 0 to 1.
/// </param>
/// <param name="NegativeLogLikelihood">Mean of -ln of the right class's probability, in nats.</param>
/// <param name="Brier">Mean of the squared distance of the probabilities from the truth, summed over classes, 0 to 2 (Brier 1950).</param>
/// <param name="Bins">The bins, from the least confident, all of one width.</param>
public sealed record Calibration(double ExpectedError, double NegativeLogLikelihood, double Brier, IReadOnlyList<CalibrationBin> Bins)
{
    /// <summary>Bins of the largest probability, as many as Guo et al. use.</summary>
    private const int BinCount = 15;

    /// <summary>The calibration of a model's probabilities.</summary>
    public static Calibration Of(TaskOutcomes.OfClasses outcomes)
    {
        ArgumentNullException.ThrowIfNull(outcomes);
        int[] counts = new int[BinCount], hits = new int[BinCount];
        double[] confidences = new double[BinCount];
        double surprise = 0, brier = 0;
        for (int i = 0; i < outcomes.Count; i++)
        {
            double[] row = outcomes.Probabilities[i];
            int truth = outcomes.Truth[i];
            double confidence = row.Max();
            int bin = Math.Clamp((int)Math.Ceiling(confidence * BinCount) - 1, 0, BinCount - 1);
            counts[bin]++;
            hits[bin] += outcomes.Predicted[i] == truth ? 1 : 0;
            confidences[bin] += confidence;
            surprise -= Math.Log(Math.Max(row[truth], float.Epsilon)); // a softmax in float32 gives 0 for anything below
            brier += row.Sum(p => p * p) - 2 * row[truth] + 1; // the sum of (p - y)^2 with y = 1 for the right class
        }

        CalibrationBin[] bins = [.. Enumerable.Range(0, BinCount).Select(b =>
            new CalibrationBin((double)b / BinCount, (b + 1.0) / BinCount, counts[b], confidences[b] / counts[b], (double)hits[b] / counts[b]))];
        double error = bins.Where(bin => bin.Count > 0).Sum(bin => bin.Count * Math.Abs(bin.Accuracy - bin.Confidence)) / outcomes.Count;
        return new Calibration(error, surprise / outcomes.Count, brier / outcomes.Count, bins);
    }
}
