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

    /// <summary>The same page as Markdown, which repositories show when a reader opens the directory.</summary>
    public const string ReadmeName = "README.md";

    /// <summary>A file beside the cells that says in words what the figures show. The pages include it, and no command writes it.</summary>
    public const string NotesName = "notes.md";

    /// <summary>Columns of a mean with its deviation, with two spaces before it.</summary>
    private const int CellWidth = 16;

    /// <summary>Columns of a p-value, with two spaces before it.</summary>
    private const int TestWidth = 11;

    private static readonly HandlebarsTemplate<object, object> Template = ReportTemplate.Read("StudyReport.html"), Readme = ReportTemplate.ReadText("StudyReport.md"), Index = ReportTemplate.ReadText("StudyIndex.md");

    /// <summary>Writes NAME.csv, NAME.svg, report.html and README.md, each atomically.</summary>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static void Write(string directory, StudyPlan plan, IReadOnlyList<CellResult> results)
    {
        IReadOnlyList<StudyRow> rows = StudySummary.Compute(plan, results);
        object content = Content(plan, rows, results, Notes(directory));
        byte[] table = Encoding.UTF8.GetBytes(Table(plan, rows)), page = Encoding.UTF8.GetBytes(Template(content)), readme = Encoding.UTF8.GetBytes(Readme(content));
        byte[] picture = Encoding.UTF8.GetBytes(StudyPicture.File(Curves(plan, rows, results), plan.AxisLabel, DrawnLabel(plan, rows)));
        DurableFile.Replace(Path.Combine(directory, $"{plan.Name}.csv"), file => file.Write(table));
        DurableFile.Replace(Path.Combine(directory, $"{plan.Name}.svg"), file => file.Write(picture));
        DurableFile.Replace(Path.Combine(directory, PageName), file => file.Write(page));
        DurableFile.Replace(Path.Combine(directory, ReadmeName), file => file.Write(readme));
    }

    /// <summary>Writes README.md with a table of studies, atomically.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void WriteIndex(string directory, IReadOnlyList<(StudyPlan Plan, IReadOnlyList<CellResult> Results)> studies)
    {
        byte[] index = Encoding.UTF8.GetBytes(Index(new { Notes = Notes(directory), Studies = studies.Select(study => new { study.Plan.Name, study.Plan.Title, Cells = Count(study.Results), Hours = Hours(study.Results) }) }));
        DurableFile.Replace(Path.Combine(directory, ReadmeName), file => file.Write(index));
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

    /// <summary>Returns what notes.md in a directory says; empty without one.</summary>
    private static string Notes(string directory) => Path.Combine(directory, NotesName) is var path && File.Exists(path) ? StrictText.Read(path).Trim() : "";

    private static string Count(IReadOnlyList<CellResult> results) => results.Count.ToString("N0", CultureInfo.InvariantCulture);

    private static string Hours(IReadOnlyList<CellResult> results) => (results.Sum(result => result.Seconds) / 3600).ToString("0.0", CultureInfo.InvariantCulture);

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

    /// <summary>Returns what both pages show.</summary>
    private static object Content(StudyPlan plan, IReadOnlyList<StudyRow> rows, IReadOnlyList<CellResult> results, string notes) => new
    {
        plan.Name,
        plan.Title,
        Notes = notes,
        plan.Method,
        Cells = Count(results),
        Hours = Hours(results),
        Svg = StudyPicture.Inline(Curves(plan, rows, results), plan.AxisLabel, DrawnLabel(plan, rows)),
        HasSeeds = plan.DrawnError is null,
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
    };

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
        if (plan.DrawnError is not null)
            return plan.Drawn[0];
        return drawn is [EvaluationCell.Loss] && rows.Where(row => row.Value == EvaluationCell.Loss).DistinctBy(row => row.Metric).Count() > 1
            ? EvaluationCell.Loss
            : Label([.. rows.Where(row => drawn.Contains(row.Value))]);
    }

    /// <summary>Returns a curve for each group and each of the drawn values.</summary>
    private static List<StudyCurve> Curves(StudyPlan plan, IReadOnlyList<StudyRow> rows, IReadOnlyList<CellResult> results)
    {
        IReadOnlyList<string> levels = StudySummary.Order(rows.Select(row => row.Level));
        bool isNumeric = levels.All(level => StudySummary.Number(level) is not null);
        string[] drawn = Drawn(plan, rows);
        List<StudyCurve> curves = [];
        List<string> first = [.. rows.Select(row => row.Curve[0]).Distinct()];
        foreach (var curve in rows.GroupBy(row => Name(row.Curve)))
        {
            string? pattern = plan.Pattern is { } factor ? results.FirstOrDefault(result => Name([.. plan.Curves.Select(name => result.Level(name) ?? "")]) == curve.Key)?.Level(factor) : null;
            string[] values = [.. drawn.Where(value => curve.Any(row => row.Value == value))];
            foreach ((int i, string value) in values.Index())
            {
                curves.Add(new StudyCurve(
                    values.Length > 1 ? $"{curve.Key}, {value}" : curve.Key,
                    [.. curve.Where(row => row.Value == value && double.IsFinite(row.Mean)).Select(row => new StudyPoint(
                        isNumeric ? StudySummary.Number(row.Level)!.Value : levels.Index().First(level => level.Item == row.Level).Index, row.Mean, Error(row)))])
                {
                    IsThin = i > 0,
                    Pattern = pattern,
                    IsUnordered = plan.IsUnordered,
                    Color = pattern is not null ? first.IndexOf(curve.First().Curve[0]) : curves.Count == 0 ? 0 : i > 0 ? curves[^1].Color : curves[^1].Color + 1,
                    Levels = isNumeric ? null : levels,
                });
            }
        }

        return curves;

        double Error(StudyRow row)
        {
            double error = plan.DrawnError is { } name ? rows.FirstOrDefault(other => other.Value == name && other.Level == row.Level && other.Curve.SequenceEqual(row.Curve))?.Mean ?? 0 : row.Deviation;
            return double.IsFinite(error) ? error : 0;
        }
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
