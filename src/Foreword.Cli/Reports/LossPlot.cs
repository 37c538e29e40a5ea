using System.Globalization;
using System.Text;
using Foreword.IO;
using Foreword.Torch.Runs;
using ScottPlot;
using ScottPlot.TickGenerators;
using SkiaSharp;

namespace Foreword.Cli.Reports;

/// <summary>
/// Draws the loss curves of a run over the steps, with the losses on a logarithmic axis. Each logged training loss is a faint point, their
/// running mean a line, and the validation losses a line with markers. A fine-tuning run has two panels: one with the task losses of training
/// and validation, and one with the auxiliary language-modeling loss.
/// </summary>
internal static class LossPlot
{
    private const int Width = 1000;
    private const int Height = 560;

    /// <summary>The height of the first of two panels.</summary>
    private const int FirstHeight = 335;

    /// <summary>Number of points of a curve that a picture of this width can show. Longer curves are thinned to it.</summary>
    private const int MostPoints = 1500;

    private static readonly Color Training = Color.FromHex("#1f77b4");
    private static readonly Color Validation = Color.FromHex("#d95f02");

    /// <summary>
    /// Draws <c>loss.svg</c> and <c>loss.png</c> from the run's <c>metrics.jsonl</c>. Each is written under a temporary name and then renamed.
    /// Does nothing while the run has not logged a loss.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="title">Heading of the picture; null for the name of the run directory.</param>
    /// <param name="taskUnit">Unit of the task loss in fine-tuning.</param>
    /// <exception cref="InvalidDataException">A line of the metrics is broken.</exception>
    /// <exception cref="IOException">A picture cannot be written.</exception>
    public static void Write(RunDirectory run, string? title = null, string taskUnit = "nats per example")
    {
        ArgumentNullException.ThrowIfNull(run);
        title ??= Path.GetFileName(Path.GetFullPath(run.Path));
        if (!File.Exists(run.MetricsPath))
            return;
        LossPanel[] panels = [.. LossPanel.Of(RunMetrics.Read(run.MetricsPath), taskUnit).Where(panel => panel.Training.Length + panel.Validation.Length > 0)];
        if (panels.Length == 0)
            return;
        double last = panels.Max(panel => panel.Training.Concat(panel.Validation).Max(point => point.X));
        Plot[] plots = [.. panels.Index().Select(panel => Draw(panel.Item, panel.Index == 0 ? title : "", last, isLowest: panel.Index == panels.Length - 1))];
        byte[] svg = Encoding.UTF8.GetBytes(PlotFont.Svg(Width, Height, canvas => Stack(plots, canvas))), png = Png(canvas => Stack(plots, canvas));
        foreach (Plot plot in plots)
            plot.Dispose();
        DurableFile.Replace(run.LossSvgPath, file => file.Write(svg));
        DurableFile.Replace(run.LossPngPath, file => file.Write(png));
    }

    /// <summary>
    /// Computes the running mean over neighbors on both sides. The window grows with the distance from the start, where the loss falls fast, up
    /// to a fifteenth of the curve. Near the end it becomes shorter on the right side. At the last value it contains only values on the left.
    /// </summary>
    internal static double[] Smoothed(IReadOnlyList<double> values)
    {
        int reach = values.Count / 30;
        double[] sums = new double[values.Count + 1];
        for (int i = 0; i < values.Count; i++)
            sums[i + 1] = sums[i] + values[i];
        double[] means = new double[values.Count];
        for (int i = 0; i < means.Length; i++)
        {
            int left = Math.Min(reach, i / 4), right = Math.Min(left, means.Length - 1 - i);
            means[i] = (sums[i + right + 1] - sums[i - left]) / (left + right + 1);
        }

        return means;
    }

    private static Plot Draw(LossPanel panel, string title, double lastStep, bool isLowest)
    {
        Plot plot = new();
        PlotFont.Set(plot);
        if (panel.Training.Length > 0)
            AddTraining(plot, panel);
        if (panel.Validation.Length > 0)
            AddValidation(plot, panel);
        Decorate(plot, panel, title, lastStep, isLowest);
        return plot;
    }

    /// <summary>Draws the plots below each other. The first one gets most of the height.</summary>
    private static void Stack(Plot[] plots, SKCanvas canvas)
    {
        int first = plots.Length == 1 ? Height : FirstHeight;
        Stack(canvas, Width, [.. plots.Index().Select(plot => (plot.Item, plot.Index == 0 ? first : (Height - first) / (plots.Length - 1)))]);
    }

    /// <summary>Draws plots with their heights below each other.</summary>
    internal static void Stack(SKCanvas canvas, int width, IReadOnlyList<(Plot Plot, int Height)> plots)
    {
        int top = 0;
        foreach ((Plot plot, int height) in plots)
        {
            canvas.Save();
            canvas.Translate(0, top);
            plot.RenderManager.ClearCanvasBeforeEachRender = false; // it would also clear the plots next to it
            plot.Render(canvas, width, height);
            canvas.Restore();
            top += height;
        }
    }

    private static byte[] Png(Action<SKCanvas> draw)
    {
        using SKSurface surface = SKSurface.Create(new SKImageInfo(Width, Height));
        draw(surface.Canvas);
        using SKImage image = surface.Snapshot();
        using SKData data = image.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    private static void AddTraining(Plot plot, LossPanel panel)
    {
        (double X, double Y)[] points = panel.Training;
        (double X, double Y)[] raw = Thinned(points);
        var dots = plot.Add.ScatterPoints(raw.Select(p => p.X).ToArray(), raw.Select(p => Math.Log10(p.Y)).ToArray(), Training.WithAlpha(0.3));
        dots.MarkerSize = 4;
        dots.MarkerShape = MarkerShape.FilledCircle;
        dots.LegendText = $"{panel.TrainingName}, as logged";

        double[] means = Smoothed([.. points.Select(p => p.Y)]);
        (double X, double Y)[] mean = Thinned([.. points.Zip(means, (p, y) => (p.X, y))]);
        var line = plot.Add.ScatterLine(mean.Select(p => p.X).ToArray(), mean.Select(p => Math.Log10(p.Y)).ToArray(), Training);
        line.LineWidth = 2;
        line.LegendText = $"{panel.TrainingName}, running mean (last {Number(means[^1])})";
    }

    private static void AddValidation(Plot plot, LossPanel panel)
    {
        (double X, double Y)[] points = panel.Validation;
        (double X, double Y)[] shown = Thinned(points);
        var line = plot.Add.Scatter(shown.Select(p => p.X).ToArray(), shown.Select(p => Math.Log10(p.Y)).ToArray(), Validation);
        line.LineWidth = 2;
        line.MarkerSize = shown.Length > 60 ? 0 : 7;
        (double X, double Y) best = points.MinBy(p => p.Y);
        line.LegendText = $"validation ({panel.ValidationBest} {Number(best.Y)} at step {best.X.ToString("N0", CultureInfo.InvariantCulture)})";
    }

    private static void Decorate(Plot plot, LossPanel panel, string title, double last, bool isLowest)
    {
        (double X, double Y)[] points = [.. panel.Training, .. panel.Validation];
        double low = points.Min(p => p.Y), high = points.Max(p => p.Y);
        double margin = Math.Max(0.04 * Math.Log10(high / low), 0.002);
        plot.Axes.SetLimits(0, Math.Max(1, last) * 1.02, Math.Log10(low) - margin, Math.Log10(high) + margin);
        plot.Axes.Left.TickGenerator = new NumericManual([.. LossTicks(low, high).Select(loss => new Tick(Math.Log10(loss), loss.ToString("0.####", CultureInfo.InvariantCulture)))]);
        plot.Axes.Bottom.TickGenerator = new NumericAutomatic { IntegerTicksOnly = true, TickDensity = 0.6, LabelFormatter = step => step.ToString("N0", CultureInfo.InvariantCulture) };

        if (title.Length > 0)
            plot.Title(title, size: 17);
        if (isLowest)
            plot.XLabel("step", size: 14);
        plot.YLabel(panel.Axis, size: 14);
        foreach (LabelStyle label in new[] { plot.Axes.Title.Label, plot.Axes.Bottom.Label, plot.Axes.Left.Label })
            label.Bold = false; // the font has only one weight
        plot.Axes.Left.MinimumSize = 62; // space between the label, the ticks and the edge
        plot.Axes.Left.Label.OffsetX = 5;
        plot.Axes.Bottom.TickLabelStyle.FontSize = 13;
        plot.Axes.Left.TickLabelStyle.FontSize = 13;
        plot.Axes.Right.FrameLineStyle.Width = 0;
        plot.Axes.Top.FrameLineStyle.Width = 0;
        plot.Grid.MajorLineColor = Colors.Black.WithAlpha(0.08);
        plot.ShowLegend(Alignment.UpperRight);
        plot.Legend.FontSize = 13;
        plot.Legend.OutlineColor = Colors.Black.WithAlpha(0.15);
        plot.Legend.ShadowColor = Colors.Transparent;
    }

    /// <summary>
    /// Returns round losses between two bounds: multiples of an even step if the bounds are close to each other, otherwise round fractions of
    /// each decade.
    /// </summary>
    internal static IEnumerable<double> LossTicks(double low, double high)
    {
        if (high / low < 3)
        {
            double rough = Math.Max((high - low) / 6, low * 1e-4);
            double power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
            double step = power * (rough / power < 1.5 ? 1 : rough / power < 3.5 ? 2 : rough / power < 7.5 ? 5 : 10);
            for (double k = Math.Floor(low / step); k <= Math.Ceiling(high / step); k++)
                yield return k * step;
            yield break;
        }

        double[] mantissas = high / low > 1000 ? [1] : high / low > 30 ? [1, 2, 5] : high / low > 6 ? [1, 1.5, 2, 3, 4, 5, 7] : [1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8];
        for (int exponent = (int)Math.Floor(Math.Log10(low)); exponent <= Math.Ceiling(Math.Log10(high)); exponent++)
        {
            foreach (double mantissa in mantissas)
                yield return mantissa * Math.Pow(10, exponent);
        }
    }

    /// <summary>Returns at most <see cref="MostPoints"/> of the points, evenly selected, including the last one.</summary>
    private static (double X, double Y)[] Thinned((double X, double Y)[] points) => points.Length <= MostPoints
        ? points
        : [.. Enumerable.Range(1, MostPoints).Select(i => points[(int)((long)i * points.Length / MostPoints) - 1])];

    private static string Number(double loss) => loss.ToString(loss < 0.1 ? "0.####" : "0.000", CultureInfo.InvariantCulture);
}
