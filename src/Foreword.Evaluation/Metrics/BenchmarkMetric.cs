using MathNet.Numerics.Statistics;

namespace Foreword.Evaluation.Metrics;

/// <summary>
/// A number over all documents of a benchmark. Each document has a few statistics: a score, a log-likelihood with its number of words, or n-gram
/// counts. The metric is their mean, a function of their sums, or a function of all of them.
/// </summary>
public sealed class BenchmarkMetric
{
    /// <summary>
    /// Number of bootstrap resamples for the standard errors that have no formula. lm-evaluation-harness uses the same number for slow metrics.
    /// </summary>
    private const int Resamples = 100;

    private const ulong Seed = 1234;

    private readonly Func<IReadOnlyList<double[]>, double> _value;

    private BenchmarkMetric(string name, bool higherIsBetter, bool isMean, Func<IReadOnlyList<double[]>, double> value) =>
        (Name, HigherIsBetter, IsMean, _value) = (name, higherIsBetter, isMean, value);

    /// <summary>Gets the name in results, such as <c>acc</c> or <c>word_perplexity</c>.</summary>
    public string Name { get; }

    /// <summary>Gets whether a larger value means a better model.</summary>
    public bool HigherIsBetter { get; }

    /// <summary>Gets whether the metric is the mean of one statistic. Its standard error is then that of a mean.</summary>
    public bool IsMean { get; }

    /// <summary>Creates a metric that is the mean of each document's only statistic.</summary>
    public static BenchmarkMetric Mean(string name, bool higherIsBetter = true) =>
        new(name, higherIsBetter, isMean: true, documents => documents.Average(statistics => statistics[0]));

    /// <summary>Creates a metric that is a function of the sums of the documents' statistics, such as exp(sum of nats / sum of words).</summary>
    public static BenchmarkMetric OfSums(string name, bool higherIsBetter, Func<double[], double> value) =>
        new(name, higherIsBetter, isMean: false, documents => value(Sums(documents)));

    /// <summary>Creates a metric that is a function of all documents' statistics.</summary>
    public static BenchmarkMetric OfDocuments(string name, bool higherIsBetter, Func<IReadOnlyList<double[]>, double> value) =>
        new(name, higherIsBetter, isMean: false, value);

    /// <summary>Creates the metric exp(nats / units), for documents with the statistics [nats, units].</summary>
    public static BenchmarkMetric Perplexity(string name) => OfSums(name, higherIsBetter: false, sums => Math.Exp(sums[0] / sums[1]));

    /// <summary>Creates the metric nats / units in bits, for documents with the statistics [nats, units].</summary>
    public static BenchmarkMetric Bits(string name) => OfSums(name, higherIsBetter: false, sums => sums[0] / sums[1] / Math.Log(2));

    /// <summary>
    /// Creates the Matthews correlation of documents with the statistics [predicted class, right class]. It ranges from -1 to 1, and is 0 if either
    /// statistic is constant. For more than two classes it is Gorodkin's generalization (2004).
    /// </summary>
    public static BenchmarkMetric Matthews(string name) => OfDocuments(name, higherIsBetter: true, documents =>
    {
        double hits = documents.Count(document => document[0] == document[1]);
        Dictionary<double, double> predicted = Counts(0), right = Counts(1);
        double both = predicted.Sum(pair => pair.Value * right.GetValueOrDefault(pair.Key));
        return Numerics.Statistics.Matthews(documents.Count, hits, both, right.Values.Sum(count => count * count), predicted.Values.Sum(count => count * count));

        Dictionary<double, double> Counts(int statistic) => documents.CountBy(document => document[statistic]).ToDictionary(pair => pair.Key, pair => (double)pair.Value);
    });

    /// <summary>
    /// Creates the mean F1 over classes of documents with the statistics [predicted class, right class], 0 to 1. Each class that occurs in either has
    /// the same weight. SuperGLUE reports it for CommitmentBank.
    /// </summary>
    public static BenchmarkMetric MacroF1(string name) => OfDocuments(name, higherIsBetter: true, documents =>
        documents.SelectMany(document => document).Distinct().Average(one =>
        {
            double hits = documents.Count(document => document[0] == one && document[1] == one);
            return 2 * hits / documents.Sum(document => (document[0] == one ? 1 : 0) + (document[1] == one ? 1 : 0));
        }));

    /// <summary>Computes the metric over the documents' statistics; NaN if it is undefined.</summary>
    public double Of(IReadOnlyList<double[]> documents) => documents.Count == 0 ? double.NaN : _value(documents);

    /// <summary>
    /// Computes the metric's standard error over the documents. For a mean, it is computed from the sample's standard deviation, otherwise by the
    /// bootstrap with a fixed seed. Null if there are fewer than two documents.
    /// </summary>
    public double? StandardError(IReadOnlyList<double[]> documents)
    {
        ArgumentNullException.ThrowIfNull(documents);
        if (documents.Count < 2)
            return null;
        if (IsMean)
            return documents.Select(statistics => statistics[0]).StandardDeviation() / Math.Sqrt(documents.Count);

        double[] values = [.. Numerics.Statistics.Resamples(documents.Count, Resamples, Seed).Select(drawn => _value([.. drawn.Select(i => documents[i])]))];
        return values.StandardDeviation();
    }

    private static double[] Sums(IReadOnlyList<double[]> documents)
    {
        double[] sums = new double[documents[0].Length];
        foreach (double[] statistics in documents)
        {
            for (int i = 0; i < sums.Length; i++)
                sums[i] += statistics[i];
        }

        return sums;
    }
}
