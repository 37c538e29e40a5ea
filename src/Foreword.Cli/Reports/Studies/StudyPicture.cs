using System.Globalization;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace Foreword.Cli.Reports.Studies;

/// <summary>A point of a curve.</summary>
/// <param name="X">Number of updates, or another quantity that is varied.</param>
/// <param name="Y">The score.</param>
/// <param name="Error">The standard error of the score; 0 draws no bar.</param>
internal readonly record struct StudyPoint(double X, double Y, double Error);

/// <summary>A named curve.</summary>
internal sealed record StudyCurve(string Name, IReadOnlyList<StudyPoint> Points)
{
    /// <summary>Gets whether the curve is thin with open circles, beside another one of the same color.</summary>
    public bool IsThin { get; init; }

    /// <summary>Gets whether no line joins the points.</summary>
    public bool IsUnordered { get; init; }

    /// <summary>Gets the architecture that selects the line: dashed for an LSTM, dotted for GPT-1, and solid for others and null.</summary>
    public string? Pattern { get; init; }

    /// <summary>Gets the number of the color; null for the curve's own number.</summary>
    public int? Color { get; init; }

    /// <summary>Gets the names of the places 0, 1, 2 and so on of the axis; null if the axis has numbers.</summary>
    public IReadOnlyList<string>? Levels { get; init; }
}

/// <summary>Draws curves over a common axis, for the pages and files of studies. The bars are standard errors or deviations.</summary>
internal static class StudyPicture
{
    private const int Width = 860, Height = 480;

    /// <summary>The axis is logarithmic if its last point divided by its first point above 0 is at least this.</summary>
    private const double LogarithmicFrom = 30;

    /// <summary>Horizontal distance between curves, as a share of the axis, so that their bars do not cover each other.</summary>
    private const double Apart = 0.005;

    /// <summary>Space above the curves for one line of the legend, as a share of their height.</summary>
    private const double LegendLine = 0.065;

    /// <summary>The colors of Okabe and Ito, which color-blind readers can distinguish.</summary>
    private static readonly Color[] Palette = [.. new[] { "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A5195", "#8C8C00" }.Select(hex => Color.FromHex(hex))];

    /// <summary>Returns an SVG file with a white background.</summary>
    public static string File(IReadOnlyList<StudyCurve> curves, string x, string y)
    {
        using Plot plot = Draw(curves, x, y);
        plot.FigureBackground.Color = Colors.White;
        plot.Axes.Color(Colors.Black);
        plot.Legend.FontColor = Colors.Black;
        return PlotFont.Svg(plot, Width, Height);
    }

    /// <summary>Returns an SVG element for a page, in the colors of the page.</summary>
    public static string Inline(IReadOnlyList<StudyCurve> curves, string x, string y)
    {
        using Plot plot = Draw(curves, x, y);
        return PagePlot.Inline(plot, "study", Width, Height);
    }

    private static Plot Draw(IReadOnlyList<StudyCurve> curves, string x, string y)
    {
        double[] places = [.. curves.SelectMany(curve => curve.Points).Select(point => point.X).Where(place => place > 0)];
        IReadOnlyList<string>? levels = curves.Count == 0 ? null : curves[0].Levels;
        bool isLogarithmic = levels is null && places.Length > 0 && places.Max() / places.Min() >= LogarithmicFrom;
        double width = isLogarithmic ? Math.Log10(places.Max() / places.Min()) : places.Prepend(1).Max();
        Plot plot = new();
        double[] heights = [.. curves.SelectMany(curve => curve.Points).Select(point => point.Y)];
        if (heights.Length == 0 || heights.Min() <= heights.Max() - heights.Min()) // a line at 0 that is far away would flatten the curves
            plot.Add.HorizontalLine(0, 1, PagePlot.Ink.WithAlpha(0.35));
        foreach ((int i, StudyCurve curve) in curves.Index())
        {
            double aside = Apart * width * (i - (curves.Count - 1) / 2.0);
            StudyPoint[] points = [.. curve.Points.Where(point => !isLogarithmic || point.X > 0).Select(point => point with { X = (isLogarithmic ? Math.Log10(point.X) : point.X) + aside })];
            Color color = Palette[(curve.Color ?? i) % Palette.Length];
            var line = plot.Add.Scatter(points.Select(point => point.X).ToArray(), points.Select(point => point.Y).ToArray(), color);
            line.LineWidth = curve.IsUnordered ? 0 : curve.IsThin ? 1 : 2;
            line.LinePattern = curve.Pattern switch { "lstm" => LinePattern.Dashed, "gpt1" => LinePattern.Dotted, _ => LinePattern.Solid };
            line.MarkerShape = curve.IsThin ? MarkerShape.OpenCircle : MarkerShape.FilledCircle;
            line.MarkerSize = 6;
            line.LegendText = curve.Name;
            if (points.Any(point => point.Error > 0))
            {
                var bars = plot.Add.ErrorBar(points.Select(point => point.X).ToArray(), points.Select(point => point.Y).ToArray(), points.Select(point => point.Error).ToArray());
                bars.Color = color.WithAlpha(0.45);
            }
        }

        PagePlot.Decorate(plot, x, y);
        plot.Axes.Bottom.TickGenerator = levels is not null
            ? new NumericManual([.. levels.Select((level, place) => new Tick(place, level))])
            : isLogarithmic
            ? new NumericManual([.. Decades(places.Min(), places.Max()).Select(place => new Tick(Math.Log10(place), Whole(place)))])
            : new NumericAutomatic { IntegerTicksOnly = true, TickDensity = 0.6, LabelFormatter = Whole };
        PagePlot.ShowLegend(plot);
        plot.Axes.AutoScale();
        AxisLimits limits = plot.Axes.GetLimits();
        plot.Axes.SetLimitsY(limits.Bottom, limits.Top + LegendLine * curves.Count * (limits.Top - limits.Bottom));
        return plot;
    }

    private static IEnumerable<double> Decades(double low, double high)
    {
        for (int exponent = (int)Math.Floor(Math.Log10(low)); exponent <= Math.Ceiling(Math.Log10(high)); exponent++)
        {
            foreach (double mantissa in new double[] { 1, 2, 5 })
                yield return mantissa * Math.Pow(10, exponent);
        }
    }

    private static string Whole(double value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
