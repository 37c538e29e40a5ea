using Foreword.Numerics;

namespace Foreword.Tasks.Metrics;

/// <summary>A metric with the interval in which its value is expected for other test sets of the same kind and size.</summary>
/// <param name="Name">The metric's name.</param>
/// <param name="Value">Its value on the examples; NaN if it is undefined.</param>
/// <param name="Low">The lower end of the 95 % interval.</param>
/// <param name="High">The upper end of the 95 % interval.</param>
public sealed record MetricInterval(string Name, double Value, double Low, double High)
{
    /// <summary>Gets the class that the metric describes, as for F1 of two classes; null for a metric of all classes or of scores.</summary>
    public string? Class { get; init; }

    /// <summary>Gets the name with its class, such as "f1 of 'yes'".</summary>
    public string FullName { get; init; } = Name;
}

/// <summary>Resamples examples with the percentile bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13).</summary>
internal static class Bootstrap
{
    /// <summary>Computes the metrics with their 95 % intervals. All metrics use the same resamples, which depend only on the seed.</summary>
    public static IReadOnlyList<MetricInterval> Intervals(TaskOutcomes outcomes, IReadOnlyList<TaskMetric> metrics, int resamples, long seed, CancellationToken cancellationToken)
    {
        OutcomeSample sample = OutcomeSample.Whole(outcomes);
        double[] values = [.. metrics.Select(metric => metric.Of(sample))];
        double[][] resampled = [.. metrics.Select(_ => new double[resamples])];
        foreach ((int r, int[] examples) in Statistics.Resamples(outcomes.Count, resamples, (ulong)seed).Index())
        {
            cancellationToken.ThrowIfCancellationRequested();
            sample.Draw(examples);
            for (int m = 0; m < metrics.Count; m++)
                resampled[m][r] = metrics[m].Of(sample);
        }

        IReadOnlyList<string>? labels = (outcomes as TaskOutcomes.OfClasses)?.Labels;
        return [.. metrics.Select((metric, m) => labels is null
            ? Interval(metric.Name, values[m], resampled[m])
            : Interval(metric.Name, values[m], resampled[m]) with { Class = metric.ClassAmong(labels), FullName = metric.NameAmong(labels) })];
    }

    /// <summary>
    /// Computes one interval. Resamples with an undefined value are ignored. A correlation is undefined if all drawn examples are equal.
    /// </summary>
    private static MetricInterval Interval(string name, double value, double[] resampled)
    {
        double[] defined = [.. resampled.Where(v => !double.IsNaN(v)).Order()];
        return new MetricInterval(name, value, Statistics.Quantile(defined, 0.025), Statistics.Quantile(defined, 0.975));
    }
}
