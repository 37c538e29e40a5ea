using System.Globalization;
using System.Text;
using Foreword.Cli.Output;
using Foreword.IO;
using Foreword.Studies.Evaluation;
using Foreword.Studies.Grid;
using Foreword.Studies.Results;
using HandlebarsDotNet;

namespace Foreword.Cli.Reports.Studies;

/// <summary>Writes the results of a study as a table of numbers, a picture, a page, and lines on the terminal.</summary>
internal static class StudyReport
{
    public const string PageName = "report.html";

    /// <summary>Columns of a mean with its deviation, with two spaces before it.</summary>
    private const int CellWidth = 16;

    /// <summary>Columns of a p-value, with two spaces before it.</summary>
    private const int TestWidth = 11;

    private static readonly HandlebarsTemplate<object, object> Template = ReportTemplate.Read("StudyReport.html");

    /// <summary>Writes NAME.csv, NAME.svg and report.html, each atomically.</summary>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static void Write(string directory, StudyPlan plan, IReadOnlyList<CellResult> results)
    {
        IReadOnlyList<StudyRow> rows = StudySummary.Compute(plan, results);
        byte[] table = Encoding.UTF8.GetBytes(Table(plan, rows)), page = Encoding.UTF8.GetBytes(Page(plan, rows, results));
        byte[] picture = Encoding.UTF8.GetBytes(StudyPicture.File(Curves(plan, rows), plan.AxisLabel, DrawnLabel(plan, rows)));
        DurableFile.Replace(Path.Combine(directory, $"{plan.Name}.csv"), file => file.Write(table));
        DurableFile.Replace(Path.Combine(directory, $"{plan.Name}.svg"), file => file.Write(picture));
        DurableFile.Replace(Path.Combine(directory, PageName), file => file.Write(page));
    }

    /// <summary>Prints a line for each curve and level: each value with its deviation, and the comparison of the first.</summary>
    public static void Print(TextWriter output, StudyPlan plan, IReadOnlyList<CellResult> results)
    {
        IReadOnlyList<StudyRow> all = StudySummary.Compute(plan, results);
        foreach (var curve in all.GroupBy(row => Name(row.Curve)))
        {
            StudyRow[] rows = [.. curve];
            string[] values = Values(plan, rows);
            int width = Math.Max(plan.Axis.Length, rows.Max(row => row.Level.Length));
            int[] columns = [.. values.Select(value => Math.Max(CellWidth, value.Length + 2))];
            int comparison = plan.Reference is null ? 0 : TestWidth;
            int fitting = Enumerable.Range(1, columns.Length).LastOrDefault(count => 2 + width + columns.Take(count).Sum() + comparison <= FittedText.UsualWidth, 1); // the page and the table of numbers have all
            (values, columns) = (values[..fitting], columns[..fitting]);
            output.WriteLine($"{curve.Key}, {Label(rows)}");
            output.WriteLine($"  {plan.Axis.PadRight(width)}{string.Concat(values.Zip(columns, (value, column) => value.PadLeft(column)))}");
            foreach (IGrouping<string, StudyRow> level in rows.GroupBy(row => row.Level))
            {
                string cells = string.Concat(values.Zip(columns, (value, column) => (level.FirstOrDefault(row => row.Value == value) is { } row ? Cell(row) : "").PadLeft(column)));
                output.WriteLine($"  {level.Key.PadRight(width)}{cells}{(level.First().Comparison is { } test && double.IsFinite(test.P) ? $"  p {PText(test.P)}" : "")}".TrimEnd());
            }
        }

        foreach (string line in Fits(plan, all).SelectMany(fit => FittedText.Wrap(fit)))
            output.WriteLine(line);
        if (plan.Reference is not null)
            output.WriteLine($"p: paired t-test over the seeds against '{plan.Reference}'");
    }

    private static string Table(StudyPlan plan, IReadOnlyList<StudyRow> rows)
    {
        StringBuilder text = new($"{string.Join(',', plan.Curves)},{plan.Axis},value,metric,n,mean,deviation,difference,p\n");
        foreach (StudyRow row in rows)
        {
            text.AppendJoin(',', [.. row.Curve.Select(Quoted), Quoted(row.Level), Quoted(row.Value), Quoted(row.Metric)]);
            text.Append(CultureInfo.InvariantCulture, $",{row.Samples.Count},{Known(row.Mean)},{Known(row.Deviation)},{Known(row.Comparison?.Difference)},{Known(row.Comparison?.P)}\n");
        }

        return text.ToString();
    }

    private static string Page(StudyPlan plan, IReadOnlyList<StudyRow> rows, IReadOnlyList<CellResult> results) => Template(new
    {
        plan.Title,
        plan.Method,
        Cells = results.Count.ToString("N0", CultureInfo.InvariantCulture),
        Hours = (results.Sum(result => result.Seconds) / 3600).ToString("0.0", CultureInfo.InvariantCulture),
        Svg = StudyPicture.Inline(Curves(plan, rows), plan.AxisLabel, DrawnLabel(plan, rows)),
        plan.Axis,
        plan.Reference,
        Values = Values(plan, rows),
        Curves = rows.GroupBy(row => Name(row.Curve)).Select(curve => new
        {
            Name = curve.Key,
            Metric = Label([.. curve]),
            Levels = curve.GroupBy(row => row.Level).Select(level => new
            {
                Level = level.Key,
                Values = Values(plan, rows).Select(value => level.FirstOrDefault(row => row.Value == value) is { } row ? Cell(row) : ""),
                P = level.First().Comparison is { } test && double.IsFinite(test.P) ? PText(test.P) : "",
                Seeds = level.First().Samples.Count,
            }),
        }),
        Fits = Fits(plan, rows),
        PaperLevels = plan.Paper.Select(figure => figure.Level).Distinct(),
        PaperSource = string.Join("; ", plan.Paper.Select(figure => figure.Source).Distinct()),
        Paper = plan.Paper.GroupBy(figure => figure.Series).Select(series => new
        {
            Series = series.Key,
            Values = plan.Paper.Select(figure => figure.Level).Distinct().Select(level => series.FirstOrDefault(figure => figure.Level == level)?.Value.ToString("0.##", CultureInfo.InvariantCulture) ?? ""),
        }),
    });

    /// <summary>Returns two sentences for each curve with a power law: the law with its largest residual, and the prediction for the model held back.</summary>
    private static IEnumerable<string> Fits(StudyPlan plan, IReadOnlyList<StudyRow> rows)
    {
        foreach (StudyFit fit in StudySummary.Fits(plan, rows))
        {
            yield return string.Create(CultureInfo.InvariantCulture,
                $"{fit.Curve}: {fit.Law.Floor:0.000} + {fit.Law.Factor:0.###} x^-{fit.Law.Exponent:0.000}, largest residual {fit.Law.Residuals.Max(Math.Abs):0.0000}");
            yield return string.Create(CultureInfo.InvariantCulture,
                $"{fit.Curve}: without the largest, the law predicts {fit.Predicted:0.000} for it; measured {fit.Measured:0.000} ({fit.Predicted - fit.Measured:+0.000;-0.000})");
        }
    }

    /// <summary>Returns the names of the values that occur, in the plan's order.</summary>
    private static string[] Values(StudyPlan plan, IReadOnlyList<StudyRow> rows) => [.. plan.Values.Where(value => rows.Any(row => row.Value == value))];

    /// <summary>Returns the values that are drawn: those of the plan, or if none of them occurs, the first value that does.</summary>
    private static string[] Drawn(StudyPlan plan, IReadOnlyList<StudyRow> rows)
    {
        string[] wanted = [.. plan.Drawn.Where(value => rows.Any(row => row.Value == value))];
        return wanted.Length > 0 ? wanted : [.. Values(plan, rows).Take(1)];
    }

    /// <summary>Returns the label of the vertical axis: the metric that the drawn values have in common.</summary>
    private static string DrawnLabel(StudyPlan plan, IReadOnlyList<StudyRow> rows)
    {
        string[] drawn = Drawn(plan, rows);
        return drawn is [EvaluationCell.Loss] && rows.Where(row => row.Value == EvaluationCell.Loss).DistinctBy(row => row.Metric).Count() > 1
            ? EvaluationCell.Loss
            : Label([.. rows.Where(row => drawn.Contains(row.Value))]);
    }

    /// <summary>Returns a curve for each group and each of the drawn values.</summary>
    private static List<StudyCurve> Curves(StudyPlan plan, IReadOnlyList<StudyRow> rows)
    {
        IReadOnlyList<string> levels = StudySummary.Order(rows.Select(row => row.Level));
        bool isNumeric = levels.All(level => StudySummary.Number(level) is not null);
        string[] drawn = Drawn(plan, rows);
        List<StudyCurve> curves = [];
        foreach (var curve in rows.GroupBy(row => Name(row.Curve)))
        {
            string[] values = [.. drawn.Where(value => curve.Any(row => row.Value == value))];
            foreach ((int i, string value) in values.Index())
            {
                curves.Add(new StudyCurve(
                    values.Length > 1 ? $"{curve.Key}, {value}" : curve.Key,
                    [.. curve.Where(row => row.Value == value && double.IsFinite(row.Mean)).Select(row => new StudyPoint(
                        isNumeric ? StudySummary.Number(row.Level)!.Value : levels.Index().First(level => level.Item == row.Level).Index, row.Mean, double.IsFinite(row.Deviation) ? row.Deviation : 0))])
                {
                    IsThin = i > 0,
                    IsUnordered = plan.IsUnordered,
                    Color = curves.Count == 0 ? 0 : i > 0 ? curves[^1].Color : curves[^1].Color + 1,
                    Levels = isNumeric ? null : levels,
                });
            }
        }

        return curves;
    }

    private static string Label(IReadOnlyList<StudyRow> rows) => rows.Select(row => row.Metric).Distinct().ToArray() is [var only] ? only : "score";

    private static string Name(IReadOnlyList<string> curve) => string.Join(", ", curve);

    private static string Cell(StudyRow row) => double.IsNaN(row.Mean) ? "undefined"
        : double.IsFinite(row.Deviation) ? string.Create(CultureInfo.InvariantCulture, $"{row.Mean:0.000} ± {row.Deviation:0.000}") : row.Mean.ToString("0.000", CultureInfo.InvariantCulture);

    /// <summary>Returns a p-value, which is never shown as 0.</summary>
    private static string PText(double p) => p < 0.0005 ? "< 0.001" : p.ToString("0.000", CultureInfo.InvariantCulture);

    private static string Known(double? value) => value is { } known && double.IsFinite(known) ? known.ToString(CultureInfo.InvariantCulture) : "";

    private static string Quoted(string field) => field.AsSpan().IndexOfAny(',', '"', '\n') < 0 ? field : $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
