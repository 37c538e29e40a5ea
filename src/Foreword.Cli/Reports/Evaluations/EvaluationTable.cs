using System.Globalization;
using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Results;
using Foreword.Models;

namespace Foreword.Cli.Reports.Evaluations;

/// <summary>Formats the results as lines, with the papers' figures next to the measured ones.</summary>
internal static class EvaluationTable
{
    public static void Print(TextWriter output, IReadOnlyList<(string Key, BenchmarkResult Result)> results, ModelConfig config)
    {
        int width = Math.Max(8, results.Max(result => result.Key.Length));
        output.WriteLine($"{"task".PadRight(width)}  {"n",6}  {"metric",-16} {"value",9}  {"stderr",8}  {"chance",6}  paper");
        foreach ((string key, BenchmarkResult result) in results)
        {
            for (int m = 0; m < result.Metrics.Count; m++)
            {
                MetricValue metric = result.Metrics[m];
                string name = m == 0 ? key : "", count = m == 0 ? result.Judgments.Count.ToString(CultureInfo.InvariantCulture) : "";
                string chance = m == 0 && result.Benchmark.Benchmark.Chance is { } level ? Number(level) : "";
                output.WriteLine($"{name.PadRight(width)}  {count,6}  {metric.Metric.Name,-16} {Number(metric.Value),9}  {(metric.StandardError is { } error ? Number(error) : ""),8}  {chance,6}  {Paper(result.Benchmark.Benchmark, metric.Metric.Name, config)}".TrimEnd());
            }
        }
    }

    /// <summary>
    /// Returns the paper's figure for a published model of the same size. For other sizes, returns the figures of the smallest and the largest
    /// model.
    /// </summary>
    public static string Paper(Benchmark benchmark, string metric, ModelConfig config)
    {
        PublishedFigure[] figures = [.. benchmark.Published.Where(figure => figure.Metric == metric)];
        PublishedFigure[] own = [.. figures.Where(figure => IsSize(GptConfig.Presets[figure.Model], config))];
        return string.Join(", ", (own.Length > 0 ? own : figures.Length > 2 ? [figures[0], figures[^1]] : figures).Select(figure => $"{figure.Model} {Number(figure.Value)}"));
    }

    /// <summary>Formats a number with about four significant digits.</summary>
    public static string Number(double value) => double.IsNaN(value) ? "undefined"
        : Math.Abs(value) >= 1e6 ? value.ToString("0.00e0", CultureInfo.InvariantCulture)
        : value.ToString(Math.Abs(value) >= 100 ? "0.0" : Math.Abs(value) >= 10 ? "0.00" : Math.Abs(value) >= 2 ? "0.000" : "0.0000", CultureInfo.InvariantCulture);

    private static bool IsSize(GptConfig a, ModelConfig config) => config is GptConfig b && (a.Architecture, a.NLayer, a.NEmbd, a.NHead) == (b.Architecture, b.NLayer, b.NEmbd, b.NHead);
}
