using ScottPlot;

namespace Foreword.Cli.Reports;

/// <summary>
/// Gives plots the style of a page and returns them as SVG elements. Text and lines have the color of the page's text, and there is no background. The
/// plots therefore suit both light and dark pages.
/// </summary>
internal static class PagePlot
{
    /// <summary>Size of the text at the axes and in the legend.</summary>
    public const int FontSize = 12;

    /// <summary>The color that represents the page's text color while ScottPlot draws.</summary>
    private const string InkHex = "#010203";

    /// <summary>The color of lines and text, which becomes that of the page's text.</summary>
    public static readonly Color Ink = Color.FromHex(InkHex);

    /// <summary>Names the axes, and sets our font and the page's colors.</summary>
    public static void Decorate(Plot plot, string x, string y)
    {
        plot.FigureBackground.Color = Colors.Transparent;
        plot.DataBackground.Color = Colors.Transparent;
        plot.XLabel(x, size: 13);
        plot.YLabel(y, size: 13);
        PlotFont.Set(plot);
        plot.Axes.Color(Ink);
        plot.Grid.MajorLineColor = Ink.WithAlpha(0.12);
        foreach (IAxis axis in new IAxis[] { plot.Axes.Bottom, plot.Axes.Left })
        {
            axis.TickLabelStyle.FontSize = FontSize;
            axis.MinorTickStyle.Length = 0;
            axis.Label.Bold = false; // the font has only one weight
        }

        plot.Axes.Right.FrameLineStyle.Width = 0;
        plot.Axes.Top.FrameLineStyle.Width = 0;
    }

    /// <summary>Shows a legend without a frame.</summary>
    public static void ShowLegend(Plot plot)
    {
        plot.ShowLegend(Alignment.UpperLeft);
        plot.Legend.FontSize = FontSize;
        plot.Legend.FontColor = Ink;
        plot.Legend.BackgroundColor = Colors.Transparent;
        plot.Legend.OutlineWidth = 0;
        plot.Legend.ShadowColor = Colors.Transparent;
    }

    /// <summary>Returns an SVG element that scales with the page. Its ids are unique within the page.</summary>
    public static string Inline(Plot plot, string name, int width, int height)
    {
        string svg = PlotFont.Svg(plot, width, height);
        return svg[svg.IndexOf("<svg", StringComparison.Ordinal)..]
            .Replace($"width=\"{width}\" height=\"{height}\"", $"viewBox=\"0 0 {width} {height}\" style=\"width:{width}px\" role=\"img\"", StringComparison.Ordinal)
            .Replace($"\"{InkHex}\"", "\"currentColor\"", StringComparison.Ordinal)
            .Replace("id=\"cl_", $"id=\"{name}-", StringComparison.Ordinal)
            .Replace("url(#cl_", $"url(#{name}-", StringComparison.Ordinal);
    }
}
