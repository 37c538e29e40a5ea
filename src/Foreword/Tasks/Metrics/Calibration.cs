namespace Foreword.Tasks.Metrics;

/// <summary>The examples whose largest probability is in one interval.</summary>
/// <param name="Low">The lower end of the interval, exclusive.</param>
/// <param name="High">The upper end of the interval, inclusive.</param>
/// <param name="Count">The number of examples.</param>
/// <param name="Confidence">The mean of their largest probabilities; NaN if there are no examples.</param>
/// <param name="Accuracy">The share of them whose class was predicted correctly, 0 to 1; NaN if there are no examples.</param>
public sealed record CalibrationBin(double Low, double High, int Count, double Confidence, double Accuracy);

/// <summary>Measures how well a model's probabilities match its accuracy.</summary>
/// <param name="ExpectedError">
/// Expected calibration error, 0 to 1: the mean difference between confidence and accuracy over the bins, weighted by their number of examples (Guo
/// et al., "On Calibration of Modern Neural Networks", 2017, equation 3).
/// </param>
/// <param name="NegativeLogLikelihood">The mean of -ln p in nats, where p is the probability of the right class.</param>
/// <param name="Brier">
/// The mean squared distance between the probabilities and the right class (one-hot), summed over classes, 0 to 2 (Brier 1950).
/// </param>
/// <param name="Bins">The bins in order of increasing confidence, all of the same width.</param>
public sealed record Calibration(double ExpectedError, double NegativeLogLikelihood, double Brier, IReadOnlyList<CalibrationBin> Bins)
{
    /// <summary>The number of bins of the largest probability, as in Guo et al.</summary>
    private const int BinCount = 15;

    /// <summary>Computes the calibration of a model's probabilities.</summary>
    /// <param name="outcomes">The right classes and the predicted probabilities.</param>
    public static Calibration Compute(TaskOutcomes.OfClasses outcomes)
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
            surprise -= Math.Log(Math.Max(row[truth], float.Epsilon)); // a float32 softmax returns 0 for any smaller probability
            brier += row.Sum(p => p * p) - 2 * row[truth] + 1; // the sum of (p - y)^2 with y = 1 for the right class
        }

        CalibrationBin[] bins = [.. Enumerable.Range(0, BinCount).Select(b =>
            new CalibrationBin((double)b / BinCount, (b + 1.0) / BinCount, counts[b], confidences[b] / counts[b], (double)hits[b] / counts[b]))];
        double error = bins.Where(bin => bin.Count > 0).Sum(bin => bin.Count * Math.Abs(bin.Accuracy - bin.Confidence)) / outcomes.Count;
        return new Calibration(error, surprise / outcomes.Count, brier / outcomes.Count, bins);
    }
}
