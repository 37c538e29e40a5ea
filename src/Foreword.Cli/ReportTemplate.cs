using HandlebarsDotNet;

namespace Foreword.Cli;

/// <summary>The program's own page templates. What stands in double braces is escaped; <c>{{{Style}}}</c> takes the sheet that all pages share.</summary>
internal static class ReportTemplate
{
    /// <summary>Compiles a template that lies in the program.</summary>
    public static HandlebarsTemplate<object, object> Read(string name) =>
        Handlebars.Create(new HandlebarsConfiguration { ThrowOnUnresolvedBindingExpression = true }).Compile(Resource(name).Replace("{{{Style}}}", Resource("Report.css"), StringComparison.Ordinal));

    private static string Resource(string name)
    {
        using StreamReader reader = new(typeof(ReportTemplate).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
