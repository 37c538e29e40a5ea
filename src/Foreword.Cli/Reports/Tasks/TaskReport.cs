using System.Globalization;
using System.Text;
using System.Text.Json;
using Foreword.Cli.Output;
using Foreword.IO;
using Foreword.Tasks.Metrics;
using HandlebarsDotNet;

namespace Foreword.Cli.Reports.Tasks;

/// <summary>Writes the evaluation of a task as an HTML page and as JSON.</summary>
internal static class TaskReport
{
    /// <summary>Largest number of classes for which a heat map shows every class and stays readable.</summary>
    private const int MostClassesInFull = 30;

    /// <summary>Number of classes in a heat map that cannot show all.</summary>
    private const int ClassesInExcerpt = 24;

    /// <summary>Number of characters shown of all texts of an example together. Longer texts are cut in the middle.</summary>
    private const int LongestText = 480;

    /// <summary>Smallest number of characters shown of each text, regardless of the number of texts.</summary>
    private const int LeastOfText = 140;

    /// <summary>The template TaskReport.html. Values in double braces are escaped; those in triple braces are our own pictures.</summary>
    private static readonly HandlebarsTemplate<object, object> Template = ReportTemplate.Read("TaskReport.html");

    /// <summary>Writes <c>evaluation.json</c> and <c>report.html</c>, each atomically. The page needs no other files.</summary>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static void Write(string directory, TaskEvaluation evaluation, TaskReportContext context)
    {
        byte[] json = Json(evaluation, context), page = Encoding.UTF8.GetBytes(Page(evaluation, context));
        Directory.CreateDirectory(directory);
        DurableFile.Replace(Path.Combine(directory, "evaluation.json"), file => file.Write(json));
        DurableFile.Replace(Path.Combine(directory, "report.html"), file => file.Write(page));
    }

    private static byte[] Json(TaskEvaluation evaluation, TaskReportContext context)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, ReadableJson.Line))
        {
            writer.WriteStartObject();
            MeasuredOn.Create(context.ModelPath, context.Files).Write(writer);
            evaluation.WriteFields(writer);
            writer.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    private static string Page(TaskEvaluation evaluation, TaskReportContext context)
    {
        TaskOutcomes.OfScores? scores = evaluation.Outcomes as TaskOutcomes.OfScores;
        return Template(new
        {
            context.Title,
            context.ModelPath,
            context.DataPath,
            evaluation.Task,
            Count = Whole(evaluation.Count),
            evaluation.Outcomes.SameAnswer,
            Metrics = evaluation.Metrics.Select(m => new { Title = Title(m, evaluation), Value = Number(m.Value), Low = Number(m.Low), High = Number(m.High), IsDefined = !double.IsNaN(m.Value) }),
            Baseline = evaluation.MajorityBaseline is { } baseline ? Number(baseline) : null,
            Confusion = evaluation.Confusion is { } confusion ? Confusion(confusion) : null,
            Calibration = evaluation.Calibration is { } calibration ? Reliability(calibration) : null,
            Scores = scores is null ? null : Scatter(scores),
            Classes = evaluation.Classes is { } classes ? ClassTable(classes) : null,
            Samples = new[]
            {
                Samples(scores is not null ? "Largest errors" : evaluation.Confusion is null ? "Worst mistakes" : "Most confident mistakes", context.Mistakes),
                Samples(scores is null ? "Some correct predictions" : "Smallest errors", context.Right),
            }.Where(samples => samples is not null),
        });
    }

    private static object Confusion(ConfusionMatrix confusion)
    {
        int classes = confusion.Labels.Count;
        bool full = classes <= MostClassesInFull;
        int[] shown = full ? [.. Enumerable.Range(0, classes)] : TaskPictures.MostConfused(confusion, ClassesInExcerpt);
        return new { Svg = TaskPictures.Confusion(confusion, shown), Excerpt = full ? null : $"The {shown.Length} of {classes} classes with the most frequent confusions. " };
    }

    private static object Reliability(Calibration calibration) => new
    {
        Svg = TaskPictures.Reliability(calibration),
        ExpectedError = Number(calibration.ExpectedError),
        NegativeLogLikelihood = Number(calibration.NegativeLogLikelihood),
        Brier = Number(calibration.Brier),
    };

    private static object Scatter(TaskOutcomes.OfScores scores) => new
    {
        Svg = TaskPictures.Scores(scores),
        Excerpt = scores.Count > TaskPictures.MostPoints ? $"{Whole(TaskPictures.MostPoints)} of the {Whole(scores.Count)} examples. " : null,
    };

    /// <summary>Returns the classes with the lowest F1 first, because they need attention.</summary>
    private static IEnumerable<object> ClassTable(IReadOnlyList<ClassRow> classes) => classes.Index().OrderBy(c => c.Item.F1).Select(c => new
    {
        Id = c.Index,
        c.Item.Label,
        Count = Whole(c.Item.Count),
        Precision = Number(c.Item.Precision),
        Recall = Number(c.Item.Recall),
        F1 = Number(c.Item.F1),
    });

    private static object? Samples(string heading, IReadOnlyList<SampleRow> rows) => rows.Count == 0 ? null : new
    {
        Heading = heading,
        HasProbability = rows.Any(row => row.Probability is not null),
        Rows = rows.Select(row => new
        {
            Parts = row.Parts.Select(part => Part(part, Math.Max(LeastOfText, LongestText / row.Parts.Count))),
            row.Truth,
            row.Predicted,
            Probability = row.Probability is { } probability ? Number(probability) : null,
        }),
    };

    /// <summary>Shortens a text that is too long in its middle. The page can show the full text.</summary>
    private static object Part(SamplePart part, int longest)
    {
        string shown = ShortText.Middle(part.Text, longest);
        return new { part.Role, Text = shown, Whole = shown == part.Text ? null : part.Text };
    }

    private static string Title(MetricInterval metric, TaskEvaluation evaluation)
    {
        TaskMetric known = TaskMetric.ByName(metric.Name);
        return evaluation.Outcomes is TaskOutcomes.OfClasses classes ? known.TitleAmong(classes.Labels) : known.Title;
    }

    private static string Number(double value) => double.IsNaN(value) ? "undefined" : value.ToString("0.000", CultureInfo.InvariantCulture);

    private static string Whole(int value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
