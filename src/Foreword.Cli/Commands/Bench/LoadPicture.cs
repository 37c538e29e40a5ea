using System.Globalization;
using Foreword.Cli.Reports;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace Foreword.Cli.Commands.Bench;

/// <summary>
/// Draws the figures of a server over the number of clients: tokens per second, time to the first token, and time between tokens. The axis of clients
/// is logarithmic, the others begin at 0.
/// </summary>
internal static class LoadPicture
{
    private const int Width = 860, PanelHeight = 270;

    private static readonly Color Typical = Color.FromHex("#0072B2");
    private static readonly Color Worst = Color.FromHex("#D55E00");

    /// <summary>Returns an SVG file with three panels.</summary>
    /// <param name="reports">The measurements, at least one.</param>
    public static string Draw(IReadOnlyList<LoadReport> reports)
    {
        LoadReport[] sorted = [.. reports.OrderBy(report => report.Clients)];
        Plot[] panels =
        [
            Panel(sorted, "", "tokens per second", ("written", report => report.OutputTokensPerSecond, Typical), ("written and read", report => report.TotalTokensPerSecond, Worst)),
            Panel(sorted, "", "time to first token (ms)", ("median", report => report.Milliseconds("ttft").Median, Typical), ("99th percentile", report => report.Milliseconds("ttft").P99, Worst)),
            Panel(sorted, "clients", "time between tokens (ms)", ("median", report => report.Milliseconds("itl").Median, Typical), ("99th percentile", report => report.Milliseconds("itl").P99, Worst)),
        ];
        string svg = PlotFont.Svg(Width, PanelHeight * panels.Length, canvas => LossPlot.Stack(canvas, Width, [.. panels.Select(panel => (panel, PanelHeight))]));
        foreach (Plot panel in panels)
            panel.Dispose();
        return svg;
    }

    private static Plot Panel(LoadReport[] reports, string x, string y, params (string Name, Func<LoadReport, double> Value, Color Color)[] curves)
    {
        Plot plot = new();
        double[] places = [.. reports.Select(report => Math.Log2(report.Clients))];
        foreach ((string name, Func<LoadReport, double> value, Color color) in curves)
        {
            var line = plot.Add.Scatter(places, reports.Select(value).ToArray(), color);
            line.LineWidth = 2;
            line.MarkerSize = 7;
            line.LegendText = name;
        }

        PagePlot.Decorate(plot, x, y);
        PagePlot.ShowLegend(plot);
        plot.FigureBackground.Color = Colors.White;
        plot.Axes.Color(Colors.Black);
        plot.Legend.FontColor = Colors.Black;
        plot.Axes.Bottom.TickGenerator = new NumericManual([.. reports.Select(report => report.Clients).Distinct().Select(count => new Tick(Math.Log2(count), count.ToString("N0", CultureInfo.InvariantCulture)))]);
        plot.Axes.Left.MinimumSize = 80; // the panels have their axes below one another
        plot.Axes.Left.Label.OffsetX = 5;
        double highest = Math.Max(1, curves.Max(curve => reports.Max(curve.Value)));
        plot.Axes.SetLimits(places[0] - 0.25, places[^1] + 0.25, 0, 1.35 * highest); // with space for the legend
        return plot;
    }
}
