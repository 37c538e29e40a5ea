using System.Globalization;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace Foreword.Cli.Reports;

/// <summary>A point of a curve.</summary>
/// <param name="X">Updates, or whatever is varied.</param>
/// <param name="Y">The score.</param>
/// <param name="Error">Its standard error; 0 draws none.</param>
internal readonly record struct StudyPoint(double X, double Y, double Error);

/// <summary>A named curve.</summary>
internal sealed record StudyCurve(string Name, IReadOnlyList<StudyPoint> Points);

/// <summary>Curves over one axis, for the pages and files of studies. Bars are standard errors.</summary>
internal static class StudyPicture
{
    private const int Width = 860, Height = 480;

    /// <summary>From here on, from the first point above 0 to the last, the axis is logarithmic.</summary>
    private const double LogarithmicFrom = 30;

    /// <summary>Curves stand a little beside each other, this share of the axis, so that their bars do not cover each other.</summary>
    private const double Apart = 0.005;

    /// <summary>Room above the curves for a line of the legend, as a share of their height.</summary>
    private const double LegendLine = 0.065;

    /// <summary>Okabe and Ito's colours, which colour-blind readers tell apart.</summary>
    private static readonly Color[] Palette = [.. new[] { "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A5195", "#8C8C00" }.Select(hex => Color.FromHex(hex))];

    /// <summary>An SVG file on a white ground.</summary>
    public static string File(IReadOnlyList<StudyCurve> curves, string x, string y)
    {
        using Plot plot = Draw(curves, x, y);
        plot.FigureBackground.Color = Colors.White;
        plot.Axes.Color(Colors.Black);
        plot.Legend.FontColor = Colors.Black;
        return PlotFont.Svg(plot, Width, Height);
    }

    /// <summary>An element of a page, in the page's colours.</summary>
    public static string Inline(IReadOnlyList<StudyCurve> curves, string x, string y)
    {
        using Plot plot = Draw(curves, x, y);
        return TaskPictures.Inline(plot, "study", Width, Height);
    }

    private static Plot Draw(IReadOnlyList<StudyCurve> curves, string x, string y)
    {
        double[] places = [.. curves.SelectMany(curve => curve.Points).Select(point => point.X).Where(place => place > 0)];
        bool isLogarithmic = places.Max() / places.Min() >= LogarithmicFrom;
        double width = isLogarithmic ? Math.Log10(places.Max() / places.Min()) : places.Max();
        Plot plot = new();
        plot.Add.HorizontalLine(0, 1, TaskPictures.Ink.WithAlpha(0.35));
        foreach ((int i, StudyCurve curve) in curves.Index())
        {
            double aside = Apart * width * (i - (curves.Count - 1) / 2.0);
            StudyPoint[] points = [.. curve.Points.Where(point => !isLogarithmic || point.X > 0).Select(point => point with { X = (isLogarithmic ? Math.Log10(point.X) : point.X) + aside })];
            Color colour = Palette[i % Palette.Length];
            var line = plot.Add.Scatter(points.Select(point => point.X).ToArray(), points.Select(point => point.Y).ToArray(), colour);
            line.LineWidth = 2;
            line.MarkerSize = 6;
            line.LegendText = curve.Name;
            if (points.Any(point => point.Error > 0))
            {
                var bars = plot.Add.ErrorBar(points.Select(point => point.X).ToArray(), points.Select(point => point.Y).ToArray(), points.Select(point => point.Error).ToArray());
                bars.Color = colour.WithAlpha(0.45);
            }
        }

        TaskPictures.Decorate(plot, x, y);
        plot.Axes.Bottom.TickGenerator = isLogarithmic
            ? new NumericManual([.. Decades(places.Min(), places.Max()).Select(place => new Tick(Math.Log10(place), Whole(place)))])
            : new NumericAutomatic { IntegerTicksOnly = true, TickDensity = 0.6, LabelFormatter = Whole };
        TaskPictures.ShowLegend(plot);
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
