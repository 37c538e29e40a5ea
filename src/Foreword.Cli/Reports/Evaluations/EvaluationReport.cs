using System.Globalization;
using System.Text;
using Foreword.Cli.Output;
using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Prompts;
using Foreword.Evaluation.Results;
using Foreword.IO;
using Foreword.Models;
using HandlebarsDotNet;

namespace Foreword.Cli.Reports.Evaluations;

/// <summary>Writes an evaluation as a page: the papers' table with our row, every metric, and some right and wrong samples of each benchmark.</summary>
internal static class EvaluationReport
{
    private const string FileName = "report.html";
    private const int SamplesOfAKind = 4;
    private const int LongestText = 300;

    private static readonly HandlebarsTemplate<object, object> Template = ReportTemplate.Read("EvaluationReport.html");

    /// <summary>Writes <c>report.html</c> atomically and returns its path.</summary>
    public static string Write(string directory, IReadOnlyList<(string Key, BenchmarkResult Result)> results, EvaluationContext context, ModelConfig config)
    {
        string path = Path.Combine(directory, FileName), page = Template(new
        {
            Title = $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(context.Model))}: evaluation",
            context.Model,
            Tasks = string.Join(", ", results.Select(result => result.Key)),
            Date = context.Date.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture),
            Paper = Paper(results, config),
            Results = results.SelectMany(result => Rows(result.Key, result.Result)),
            Details = results.Select(result => new { Heading = result.Key, result.Result.Benchmark.Protocol, Rows = Samples(result.Result) }),
        });
        DurableFile.Replace(path, file => file.Write(Encoding.UTF8.GetBytes(page)));
        return path;
    }

    /// <summary>
    /// Creates the papers' table: a column for each metric that a paper reports, a row for each of its models, and one for ours. Returns null if
    /// no paper reports these benchmarks.
    /// </summary>
    private static object? Paper(IReadOnlyList<(string Key, BenchmarkResult Result)> results, ModelConfig config)
    {
        (string Key, BenchmarkResult Result, MetricValue Metric)[] columns =
            [.. from result in results from metric in result.Result.Metrics where result.Result.Benchmark.Benchmark.Published.Any(figure => figure.Metric == metric.Metric.Name) select (result.Key, result.Result, metric)];
        if (columns.Length == 0)
            return null;
        string[] models = [.. columns.SelectMany(column => column.Result.Benchmark.Benchmark.Published).Select(figure => figure.Model).Distinct()];
        string size = string.Create(CultureInfo.InvariantCulture, $"this model ({config.ParameterCount / 1e6:0.#} M)");
        return new
        {
            Columns = columns.Select(column => new { Task = column.Key, Metric = column.Metric.Metric.Name }),
            Rows = models.Select(model => new { Name = model, IsOurs = false, Values = columns.Select(column => new { Value = Published(column.Result, model, column.Metric.Metric.Name) }).ToArray() })
                .Append(new { Name = size, IsOurs = true, Values = columns.Select(column => new { Value = EvaluationTable.Number(column.Metric.Value) }).ToArray() }),
        };
    }

    private static string Published(BenchmarkResult result, string model, string metric) =>
        result.Benchmark.Benchmark.Published.FirstOrDefault(figure => figure.Model == model && figure.Metric == metric) is { } figure ? EvaluationTable.Number(figure.Value) : "";

    private static IEnumerable<object> Rows(string key, BenchmarkResult result) => result.Metrics.Select((metric, m) => new
    {
        Task = m == 0 ? key : "",
        Shots = m == 0 ? Whole(result.Benchmark.Shots) : "",
        Count = m == 0 ? Whole(result.Judgments.Count) : "",
        Metric = metric.Metric.Name,
        Arrow = metric.Metric.HigherIsBetter ? "↑" : "↓",
        Value = EvaluationTable.Number(metric.Value),
        Error = metric.StandardError is { } error ? EvaluationTable.Number(error) : "",
        Chance = m == 0 && result.Benchmark.Benchmark.Chance is { } chance ? EvaluationTable.Number(chance) : "",
    });

    /// <summary>Selects some right samples, then some wrong ones, in the order of the data. Samples that are neither count as right.</summary>
    private static object[] Samples(BenchmarkResult result)
    {
        int[] ids = [.. result.Judgments.Keys.Order()];
        return [.. ids.Where(id => result.Judgments[id].IsRight != false).Take(SamplesOfAKind).Concat(ids.Where(id => result.Judgments[id].IsRight == false).Take(SamplesOfAKind)).Select(id =>
        {
            BenchmarkDocument document = result.Benchmark.Set.Documents[id];
            Judgment judgment = result.Judgments[id];
            return new { Mark = judgment.IsRight switch { true => "✓", false => "✗", null => "" }, Text = Asked(document), document.Target, Prediction = ShortText.Of(judgment.Prediction, LongestText) };
        })];
    }

    /// <summary>Returns the end of the model's input, because the question is there.</summary>
    private static string Asked(BenchmarkDocument document)
    {
        string text = document.Requests[0] switch
        {
            LikelihoodRequest likelihood => likelihood.Context,
            GenerationRequest generation => generation.Prompt,
            NextWordRequest word => word.Context,
            _ => string.Join(", ", document.Fields.Select(field => $"{field.Key} {field.Value}")),
        };
        int start = Math.Max(0, text.Length - LongestText);
        return start == 0 ? text : $"…{text[(char.IsLowSurrogate(text[start]) ? start + 1 : start)..]}";
    }

    private static string Whole(int value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
