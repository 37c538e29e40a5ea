using System.Globalization;
using System.Text;
using Foreword.Evaluation;
using Foreword.Evaluation.Running;
using Foreword.IO;
using HandlebarsDotNet;

namespace Foreword.Cli.Reports.Studies;

/// <summary>Writes the scores of a zero-shot study as a table of numbers, a picture, a page, and lines on the terminal.</summary>
internal static class ZeroShotReport
{
    public const string TableName = "zero-shot.csv", PictureName = "zero-shot.svg", PageName = "report.html";

    private static readonly HandlebarsTemplate<object, object> Template = ReportTemplate.Read("ZeroShotReport.html");

    /// <summary>Writes the three files, each atomically.</summary>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static void Write(string directory, string run, IReadOnlyList<ZeroShotScore> scores, IReadOnlyList<PreparedBenchmark> benchmarks)
    {
        byte[] table = Encoding.UTF8.GetBytes(Table(scores)), picture = Encoding.UTF8.GetBytes(StudyPicture.File(Curves(scores), "updates", "relative zero-shot score"));
        byte[] page = Encoding.UTF8.GetBytes(Page(run, scores, benchmarks));
        Directory.CreateDirectory(directory);
        DurableFile.Replace(Path.Combine(directory, TableName), file => file.Write(table));
        DurableFile.Replace(Path.Combine(directory, PictureName), file => file.Write(picture));
        DurableFile.Replace(Path.Combine(directory, PageName), file => file.Write(page));
    }

    /// <summary>Prints a line for each step and a column for each heuristic: the score, and the relative score in parentheses.</summary>
    public static void Print(TextWriter output, IReadOnlyList<ZeroShotScore> scores)
    {
        IGrouping<int, ZeroShotScore>[] steps = [.. scores.GroupBy(score => score.Step)];
        int width = Math.Max(16, steps[0].Max(score => score.Heuristic.Benchmark.Length) + 2);
        output.WriteLine($"{"updates",9}{string.Concat(steps[0].Select(score => score.Heuristic.Benchmark.PadLeft(width)))}");
        foreach (IGrouping<int, ZeroShotScore> step in steps)
            output.WriteLine($"{step.Key.ToString("N0", CultureInfo.InvariantCulture),9}{string.Concat(step.Select(score => Cell(score).PadLeft(width)))}");
        output.WriteLine("score (relative: 0 is a guess, 1 the best)");
    }

    private static string Table(IReadOnlyList<ZeroShotScore> scores)
    {
        StringBuilder text = new("step,task,metric,n,value,stderr,chance,best,relative\n");
        foreach (ZeroShotScore score in scores)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"{score.Step},{score.Heuristic.Benchmark},{score.Heuristic.Metric},{score.Count},{score.Value},{score.StandardError},{score.Chance},{score.Heuristic.Best},{score.Relative}\n");
        }

        return text.ToString();
    }

    private static string Page(string run, IReadOnlyList<ZeroShotScore> scores, IReadOnlyList<PreparedBenchmark> benchmarks) => Template(new
    {
        Title = "Zero-shot scores over pre-training",
        Run = run,
        Svg = StudyPicture.Inline(Curves(scores), "updates", "relative zero-shot score"),
        Tasks = benchmarks.Select(benchmark => ZeroShotHeuristic.Of(benchmark.Benchmark)).Zip(benchmarks, (heuristic, benchmark) => new
        {
            heuristic.Title,
            heuristic.Metric,
            Name = benchmark.Specification.Text,
            benchmark.Protocol,
            Count = benchmark.Count.ToString("N0", CultureInfo.InvariantCulture),
            Chance = Number(benchmark.Benchmark.Chance ?? 0),
            Best = Number(heuristic.Best),
        }),
        Steps = scores.GroupBy(score => score.Step).Select(step => new
        {
            Step = step.Key.ToString("N0", CultureInfo.InvariantCulture),
            Scores = step.Select(score => new { Value = Number(score.Value), Error = score.StandardError is { } error ? Number(error) : null, Relative = Number(score.Relative) }),
        }),
    });

    private static IReadOnlyList<StudyCurve> Curves(IReadOnlyList<ZeroShotScore> scores) => [.. scores.GroupBy(score => score.Heuristic).Select(group => new StudyCurve(
        group.Key.Title,
        [.. group.Select(score => new StudyPoint(score.Step, score.Relative, (score.StandardError ?? 0) / Math.Abs(group.Key.Best - score.Chance)))]))];

    private static string Cell(ZeroShotScore score) => string.Create(CultureInfo.InvariantCulture, $"{score.Value:F4} ({score.Relative:F2})");

    private static string Number(double value) => double.IsNaN(value) ? "undefined" : value.ToString("0.000", CultureInfo.InvariantCulture);
}
