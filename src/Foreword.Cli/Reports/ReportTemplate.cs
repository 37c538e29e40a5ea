using HandlebarsDotNet;

namespace Foreword.Cli.Reports;

/// <summary>The program's own page templates: a body each, in the page that all share. What stands in double braces is escaped.</summary>
internal static class ReportTemplate
{
    /// <summary>Compiles the page of a body that lies in the program; it asks for a Title beside what the body does.</summary>
    public static HandlebarsTemplate<object, object> Read(string body) =>
        Handlebars.Create(new HandlebarsConfiguration { ThrowOnUnresolvedBindingExpression = true })
            .Compile(Resource("Report.html").Replace("{{{Style}}}", Resource("Report.css"), StringComparison.Ordinal).Replace("{{{Body}}}", Resource(body), StringComparison.Ordinal));

    private static string Resource(string name)
    {
        using StreamReader reader = new(typeof(ReportTemplate).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
