using System.Globalization;
using System.Text.Json;
using Foreword.Evaluation.Metrics;

namespace Foreword.Evaluation.Results;

/// <summary>The conditions of an evaluation, for its results.</summary>
/// <param name="Model">The path of the model.</param>
/// <param name="Device">The device of the computation.</param>
/// <param name="BatchSize">Number of documents computed together; null if the evaluator chose it.</param>
/// <param name="Limit">Maximum number of documents of a benchmark; null for all.</param>
/// <param name="Seed">Seed of the few-shot draw.</param>
/// <param name="Date">The time when the evaluation ended.</param>
/// <param name="Seconds">The run time of this process, in seconds.</param>
internal sealed record EvaluationContext(string Model, string Device, int? BatchSize, int? Limit, long Seed, DateTimeOffset Date, double Seconds);

/// <summary>Writes results in the format of lm-evaluation-harness's <c>results_*.json</c>.</summary>
internal static class ResultsJson
{
    /// <summary>Version of our protocols. A change that affects the numbers increases it.</summary>
    private const int Version = 1;

    /// <summary>Writes the fields of a JSON object. The caller starts and ends the object.</summary>
    /// <param name="json">The writer.</param>
    /// <param name="results">The results with their names.</param>
    /// <param name="context">The conditions of the evaluation.</param>
    public static void Write(Utf8JsonWriter json, IReadOnlyList<(string Key, BenchmarkResult Result)> results, EvaluationContext context)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(results);
        ArgumentNullException.ThrowIfNull(context);
        Section(json, "results", results, result => Metrics(json, result));
        json.WriteStartObject("group_subtasks");
        json.WriteEndObject();
        Section(json, "configs", results, result => Configuration(json, result));
        Numbers(json, "versions", results, _ => Version);
        Numbers(json, "n-shot", results, result => result.Benchmark.Shots);
        Section(json, "higher_is_better", results, result =>
        {
            foreach (BenchmarkMetric metric in result.Benchmark.Benchmark.Metrics)
                json.WriteBoolean(metric.Name, metric.HigherIsBetter);
        });
        Section(json, "n-samples", results, result =>
        {
            json.WriteNumber("original", result.Benchmark.Set.Documents.Count);
            json.WriteNumber("effective", result.Judgments.Count);
        });
        Conditions(json, context);
        json.WriteString("model_name", context.Model);
        json.WriteNumber("date", context.Date.ToUnixTimeMilliseconds() / 1000.0);
        json.WriteString("total_evaluation_time_seconds", context.Seconds.ToString("0.###", CultureInfo.InvariantCulture));
    }

    /// <summary>Writes the conditions under which all results were measured.</summary>
    private static void Conditions(Utf8JsonWriter json, EvaluationContext context)
    {
        json.WriteStartObject("config");
        json.WriteString("model", "foreword");
        json.WriteString("model_args", $"pretrained={context.Model}");
        if (context.BatchSize is { } batch)
            json.WriteNumber("batch_size", batch);
        else
            json.WriteString("batch_size", "auto");
        json.WriteString("device", context.Device);
        if (context.Limit is { } limit)
            json.WriteNumber("limit", limit);
        else
            json.WriteNull("limit");
        json.WriteNumber("fewshot_seed", context.Seed);
        json.WriteEndObject();
    }

    private static void Metrics(Utf8JsonWriter json, BenchmarkResult result)
    {
        json.WriteString("alias", result.Benchmark.Specification.Text);
        foreach (MetricValue metric in result.Metrics)
        {
            Number(json, $"{metric.Metric.Name},none", metric.Value);
            if (metric.StandardError is { } error)
                Number(json, $"{metric.Metric.Name}_stderr,none", error);
            else
                json.WriteString($"{metric.Metric.Name}_stderr,none", "N/A");
        }
    }

    private static void Configuration(Utf8JsonWriter json, BenchmarkResult result)
    {
        json.WriteString("task", result.Benchmark.Benchmark.Name);
        json.WriteString("dataset_path", string.Join(", ", result.Benchmark.Set.Files));
        json.WriteNumber("num_fewshot", result.Benchmark.Shots);
        json.WriteString("protocol", result.Benchmark.Protocol);
        json.WriteStartArray("metric_list");
        foreach (BenchmarkMetric metric in result.Benchmark.Benchmark.Metrics)
        {
            json.WriteStartObject();
            json.WriteString("metric", metric.Name);
            json.WriteBoolean("higher_is_better", metric.HigherIsBetter);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("metadata");
        json.WriteNumber("version", Version);
        json.WriteEndObject();
    }

    private static void Section(Utf8JsonWriter json, string name, IReadOnlyList<(string Key, BenchmarkResult Result)> results, Action<BenchmarkResult> write)
    {
        json.WriteStartObject(name);
        foreach ((string key, BenchmarkResult result) in results)
        {
            json.WriteStartObject(key);
            write(result);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void Numbers(Utf8JsonWriter json, string name, IReadOnlyList<(string Key, BenchmarkResult Result)> results, Func<BenchmarkResult, int> number)
    {
        json.WriteStartObject(name);
        foreach ((string key, BenchmarkResult result) in results)
            json.WriteNumber(key, number(result));
        json.WriteEndObject();
    }

    private static void Number(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
            json.WriteNumber(name, value);
        else
            json.WriteString(name, value.ToString(CultureInfo.InvariantCulture)); // JSON has no NaN
    }
}
