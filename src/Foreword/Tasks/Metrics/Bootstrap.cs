using Foreword.Numerics;

namespace Foreword.Tasks.Metrics;

/// <summary>A metric with the interval in which it would fall for other test sets of the same kind and size.</summary>
/// <param name="Name">The metric's name.</param>
/// <param name="Value">Its value on the examples; NaN where it is undefined.</param>
/// <param name="Low">The lower end of the 95 % interval.</param>
/// <param name="High">The upper end.</param>
public sealed record MetricInterval(string Name, double Value, double Low, double High)
{
    /// <summary>The class that the metric is of, as F1 of two classes is; null for a metric of all classes or of scores.</summary>
    public string? Class { get; init; }

    /// <summary>The name with its class, as in "f1 of 'yes'".</summary>
    public string FullName { get; init; } = Name;
}

/// <summary>The percentile bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13) over examples.</summary>
internal static class Bootstrap
{
    /// <summary>The metrics with their 95 % intervals. All of them see the same resamples, which depend on the seed alone.</summary>
    public static IReadOnlyList<MetricInterval> Intervals(TaskOutcomes outcomes, IReadOnlyList<TaskMetric> metrics, int resamples, long seed)
    {
        OutcomeSample sample = OutcomeSample.Whole(outcomes);
        double[] values = [.. metrics.Select(metric => metric.Of(sample))];
        double[][] resampled = [.. metrics.Select(_ => new double[resamples])];
        SplitMix64 random = new((ulong)seed);
        int[] examples = new int[outcomes.Count];
        for (int r = 0; r < resamples; r++)
        {
            for (int k = 0; k < examples.Length; k++)
                examples[k] = (int)Math.BigMul(random.NextUInt64(), (ulong)examples.Length, out _);
            sample.Draw(examples);
            for (int m = 0; m < metrics.Count; m++)
                resampled[m][r] = metrics[m].Of(sample);
        }

        IReadOnlyList<string>? labels = (outcomes as TaskOutcomes.OfClasses)?.Labels;
        return [.. metrics.Select((metric, m) => labels is null
            ? Interval(metric.Name, values[m], resampled[m])
            : Interval(metric.Name, values[m], resampled[m]) with { Class = metric.ClassAmong(labels), FullName = metric.NameAmong(labels) })];
    }

    /// <summary>Resamples in which a correlation is undefined, all examples alike, say nothing about it.</summary>
    private static MetricInterval Interval(string name, double value, double[] resampled)
    {
        double[] defined = [.. resampled.Where(v => !double.IsNaN(v)).Order()];
        return new MetricInterval(name, value, Statistics.Quantile(defined, 0.025), Statistics.Quantile(defined, 0.975));
    }
}
