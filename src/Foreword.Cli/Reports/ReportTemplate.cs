using HandlebarsDotNet;

namespace Foreword.Cli.Reports;

/// <summary>Reads the program's page templates. A page's body is put into a shared page, and values in double braces are escaped.</summary>
internal static class ReportTemplate
{
    /// <summary>Compiles the page with an embedded body. Its data must contain a Title in addition to the values that the body uses.</summary>
    public static HandlebarsTemplate<object, object> Read(string body) =>
        Handlebars.Create(new HandlebarsConfiguration { ThrowOnUnresolvedBindingExpression = true })
            .Compile(Resource("Report.html").Replace("{{{Style}}}", Resource("Report.css"), StringComparison.Ordinal).Replace("{{{Body}}}", Resource(body), StringComparison.Ordinal));

    /// <summary>Compiles an embedded template of plain text. Values are not escaped.</summary>
    public static HandlebarsTemplate<object, object> ReadText(string name) =>
        Handlebars.Create(new HandlebarsConfiguration { ThrowOnUnresolvedBindingExpression = true, NoEscape = true }).Compile(Resource(name));

    private static string Resource(string name)
    {
        using StreamReader reader = new(typeof(ReportTemplate).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
