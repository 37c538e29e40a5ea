using System.Text;
using ScottPlot;
using SkiaSharp;

namespace Foreword.Cli.Reports;

/// <summary>The font of our pictures. It comes with us (Fonts/LICENSE.txt): SkiaSharp without a font on the system draws no text at all.</summary>
internal static class PlotFont
{
    /// <summary>Its name, which means it to ScottPlot once <see cref="Set"/> was called.</summary>
    public const string Name = "DejaVu Sans";

    static PlotFont() => Fonts.FontResolvers.Insert(0, new EmbeddedFont());

    /// <summary>Makes it the font of everything that is in the plot by now.</summary>
    public static void Set(Plot plot) => plot.Font.Set(Name);

    /// <summary>Whether it has every character of a text.</summary>
    public static bool CanDraw(string text)
    {
        using SKTypeface font = Load();
        return font.ContainsGlyphs(text);
    }

    /// <summary>The plot as SVG. The picture names our font; a viewer that does not have it takes one of the same width.</summary>
    public static string Svg(Plot plot, int width, int height) =>
        NamingOthers(plot.GetSvgXml(width, height));

    /// <summary>Several plots as one SVG.</summary>
    public static string Svg(int width, int height, Action<SKCanvas> draw)
    {
        using MemoryStream stream = new();
        using (SKCanvas canvas = SKSvgCanvas.Create(new SKRect(0, 0, width, height), stream))
            draw(canvas);
        return NamingOthers(Encoding.UTF8.GetString(stream.ToArray()));
    }

    private static string NamingOthers(string svg) => svg.Replace($"font-family=\"{Name}\"", $"font-family=\"{Name}, Verdana, sans-serif\"", StringComparison.Ordinal);

    private static SKTypeface Load()
    {
        using Stream font = typeof(PlotFont).Assembly.GetManifestResourceStream("DejaVuSans.ttf")!;
        return SKTypeface.FromStream(font);
    }

    /// <summary>Gives ScottPlot the font that is part of this assembly.</summary>
    private sealed class EmbeddedFont : IFontResolver
    {
        public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) => fontName == Name ? Load() : null;

        public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) => CreateTypeface(fontName, bold: false, italic: false);
    }
}
