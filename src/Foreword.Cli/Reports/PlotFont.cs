using System.Text;
using System.Text.RegularExpressions;
using ScottPlot;
using SkiaSharp;

namespace Foreword.Cli.Reports;

/// <summary>
/// The font of our pictures. It is embedded in the program (Fonts/LICENSE.txt), because SkiaSharp draws no text if the system has no fonts.
/// </summary>
internal static partial class PlotFont
{
    /// <summary>The font's name. ScottPlot uses the embedded font for this name once <see cref="Set"/> has been called.</summary>
    public const string Name = "DejaVu Sans";

    static PlotFont() => Fonts.FontResolvers.Insert(0, new EmbeddedFont());

    /// <summary>Sets the font of everything that the plot contains at this moment.</summary>
    public static void Set(Plot plot) => plot.Font.Set(Name);

    /// <summary>Returns whether the font has every character of a text.</summary>
    public static bool CanDraw(string text)
    {
        using SKTypeface font = Load();
        return font.ContainsGlyphs(text);
    }

    /// <summary>Returns the plot as SVG. The picture names our font and an alternative of the same width for viewers without it. The same plot is the same text.</summary>
    public static string Svg(Plot plot, int width, int height) => Finished(plot.GetSvgXml(width, height));

    /// <summary>Returns several plots as one SVG.</summary>
    public static string Svg(int width, int height, Action<SKCanvas> draw)
    {
        using MemoryStream stream = new();
        using (SKCanvas canvas = SKSvgCanvas.Create(new SKRect(0, 0, width, height), stream))
            draw(canvas);
        return Finished(Encoding.UTF8.GetString(stream.ToArray()));
    }

    private static string Finished(string svg) => NamingOthers(Numbered(svg));

    /// <summary>Numbers the ids of an SVG from 1, as Skia writes them (cl_1). Skia itself goes on counting through all pictures of a process.</summary>
    private static string Numbered(string svg)
    {
        Dictionary<string, string> numbers = [];
        foreach (Match id in Id().Matches(svg))
            numbers.TryAdd(id.Groups[1].Value, $"cl_{numbers.Count + 1}");
        return Reference().Replace(svg, reference => numbers.TryGetValue(reference.Groups[2].Value, out string? number) ? reference.Groups[1].Value + number + reference.Groups[3].Value : reference.Value);
    }

    [GeneratedRegex(@"\bid=""([^""]+)""")]
    private static partial Regex Id();

    [GeneratedRegex(@"(\bid=""|href=""#|url\(#)([^"")]+)([""\)])")]
    private static partial Regex Reference();

    private static string NamingOthers(string svg) => svg.Replace($"font-family=\"{Name}\"", $"font-family=\"{Name}, Verdana, sans-serif\"", StringComparison.Ordinal);

    private static SKTypeface Load()
    {
        using Stream font = typeof(PlotFont).Assembly.GetManifestResourceStream("DejaVuSans.ttf")!;
        return SKTypeface.FromStream(font);
    }

    /// <summary>Resolves the font's name to the font embedded in this assembly.</summary>
    private sealed class EmbeddedFont : IFontResolver
    {
        public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) => fontName == Name ? Load() : null;

        public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) => CreateTypeface(fontName, bold: false, italic: false);
    }
}
