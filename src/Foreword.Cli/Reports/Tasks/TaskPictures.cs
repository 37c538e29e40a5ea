using System.Globalization;
using Foreword.Cli.Output;
using Foreword.Tasks.Metrics;
using ScottPlot;
using ScottPlot.Plottables;
using ScottPlot.TickGenerators;

namespace Foreword.Cli.Reports.Tasks;

/// <summary>Draws the pictures of a task's report as SVG elements for a page, in the style of <see cref="PagePlot"/>.</summary>
internal static class TaskPictures
{
    /// <summary>Largest number of points in a scatter plot. More would cover each other and make the page large.</summary>
    public const int MostPoints = 2000;

    private const int LongestLabel = 28;

    private static readonly Color Right = Color.FromHex("#1f6cc0");
    private static readonly Color Wrong = Color.FromHex("#d95f02");

    /// <summary>
    /// Draws a heat map of some classes. A row is a true class. The color of a cell is the share of that class that was predicted as the column's
    /// class.
    /// </summary>
    public static string Confusion(ConfusionMatrix confusion, IReadOnlyList<int> classes)
    {
        int n = classes.Count, cell = Math.Clamp(600 / n, 27, 84);
        string[] labels = [.. classes.Select(c => PictureLabel(confusion.Labels[c], c))];
        using Plot plot = new();
        for (int row = 0; row < n; row++)
        {
            double total = Enumerable.Range(0, confusion.Labels.Count).Sum(c => confusion[classes[row], c]);
            for (int column = 0; column < n; column++)
            {
                if (confusion[classes[row], classes[column]] is > 0 and int count)
                    AddCell(plot, row, column, count, count / total, cell);
            }
        }

        plot.Axes.SetLimits(-0.5, n - 0.5, n - 0.5, -0.5); // the first class at the top
        plot.Axes.Left.TickGenerator = new NumericManual([.. labels.Index().Select(label => new Tick(label.Index, label.Item))]);
        plot.Axes.Bottom.TickGenerator = new NumericManual([.. labels.Index().Select(label => new Tick(label.Index, label.Item))]);
        PagePlot.Decorate(plot, "", ""); // the page describes rows and columns
        plot.HideGrid();

        using Paint paint = Paint.NewDisposablePaint();
        float widest = labels.Max(label => plot.Axes.Left.TickLabelStyle.Measure(label, paint).Width);
        bool slanted = widest > cell - 6;
        if (slanted)
        {
            plot.Axes.Bottom.TickLabelStyle.Rotation = -45;
            plot.Axes.Bottom.TickLabelStyle.Alignment = Alignment.MiddleRight;
            plot.Axes.Bottom.TickLabelStyle.OffsetY = 4;
        }

        PixelPadding padding = new(left: widest + 20, right: 12, bottom: (slanted ? 0.75f * widest : PagePlot.FontSize) + 16, top: 8);
        plot.Layout.Fixed(padding);
        return PagePlot.Inline(plot, "confusion", (int)(n * cell + padding.Left + padding.Right), (int)(n * cell + padding.Bottom + padding.Top));
    }

    /// <summary>
    /// Returns the classes of the most frequent confusions, up to the limit, in the order of the labels. If there are few mistakes, the first
    /// classes complete the list.
    /// </summary>
    public static int[] MostConfused(ConfusionMatrix confusion, int limit)
    {
        int n = confusion.Labels.Count;
        var mistakes = from truth in Enumerable.Range(0, n)
                       from predicted in Enumerable.Range(0, n)
                       where truth != predicted && confusion[truth, predicted] > 0
                       orderby confusion[truth, predicted] descending
                       select new[] { truth, predicted };
        return [.. mistakes.SelectMany(pair => pair).Concat(Enumerable.Range(0, n)).Distinct().Take(limit).Order()];
    }

    /// <summary>Draws the reliability diagram (Guo et al. 2017, figure 1) with the share of examples in each bin.</summary>
    public static string Reliability(Calibration calibration)
    {
        using Plot plot = new();
        CalibrationBin[] filled = [.. calibration.Bins.Where(bin => bin.Count > 0)];
        double total = filled.Sum(bin => bin.Count);
        foreach ((int i, CalibrationBin bin) in filled.Index())
        {
            Rectangle bar = plot.Add.Rectangle(bin.Low, bin.High, 0, bin.Count / total);
            bar.FillColor = PagePlot.Ink.WithAlpha(0.15);
            bar.LineWidth = 0;
            bar.LegendText = i == 0 ? "share of the examples" : "";
        }

        AddDiagonal(plot, 0, 1, "ideal");
        Scatter line = plot.Add.Scatter(filled.Select(bin => bin.Confidence).ToArray(), filled.Select(bin => bin.Accuracy).ToArray(), Right);
        line.LineWidth = 2;
        line.MarkerSize = 8;
        line.LegendText = "accuracy";

        plot.Axes.SetLimits(0, 1.01, 0, 1.02);
        PagePlot.Decorate(plot, "confidence: the largest probability", "accuracy");
        PagePlot.ShowLegend(plot);
        return PagePlot.Inline(plot, "reliability", 560, 420);
    }

    /// <summary>Draws the prediction over the true score for each example, or for a selection if there are many examples.</summary>
    public static string Scores(TaskOutcomes.OfScores outcomes)
    {
        int shown = Math.Min(MostPoints, outcomes.Count);
        int[] examples = [.. Enumerable.Range(0, shown).Select(k => (int)((long)k * outcomes.Count / shown))];
        double low = Math.Min(outcomes.Truth.Min(), outcomes.Predicted.Min()), high = Math.Max(outcomes.Truth.Max(), outcomes.Predicted.Max());
        double margin = high > low ? 0.04 * (high - low) : 0.5;
        using Plot plot = new();
        AddDiagonal(plot, low - margin, high + margin, "ideal");
        Scatter points = plot.Add.ScatterPoints(examples.Select(i => outcomes.Truth[i]).ToArray(), examples.Select(i => outcomes.Predicted[i]).ToArray(), Right.WithAlpha(0.4));
        points.MarkerSize = 6;
        points.LegendText = "one example";

        plot.Axes.SetLimits(low - margin, high + margin, low - margin, high + margin);
        PagePlot.Decorate(plot, "true score", "predicted score");
        PagePlot.ShowLegend(plot);
        return PagePlot.Inline(plot, "scores", 560, 520);
    }

    private static void AddCell(Plot plot, int row, int column, int count, double share, int size)
    {
        double alpha = 0.1 + 0.9 * share;
        Rectangle square = plot.Add.Rectangle(column - 0.5, column + 0.5, row - 0.5, row + 0.5);
        square.FillColor = (row == column ? Right : Wrong).WithAlpha(alpha);
        square.LineWidth = 0;
        Text text = plot.Add.Text(count.ToString(CultureInfo.InvariantCulture), column, row);
        text.LabelFontName = PlotFont.Name;
        text.LabelAlignment = Alignment.MiddleCenter;
        text.LabelFontSize = size >= 40 ? 14 : 10;
        text.LabelFontColor = alpha > 0.8 ? Colors.White : PagePlot.Ink;
    }

    private static void AddDiagonal(Plot plot, double low, double high, string legend)
    {
        Scatter diagonal = plot.Add.ScatterLine(new[] { low, high }, new[] { low, high }, PagePlot.Ink.WithAlpha(0.5)); // not dashed: Skia cannot write that as SVG
        diagonal.LegendText = legend;
    }

    /// <summary>Returns a label that fits. If the font lacks characters of the label, returns the number of the class.</summary>
    private static string PictureLabel(string label, int number) => PlotFont.CanDraw(label) ? ShortText.Of(label, LongestLabel) : $"#{number}";
}
