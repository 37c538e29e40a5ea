using System.Reflection;
using Foreword.Server.Responses;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Foreword.Server.Page;

/// <summary>
/// Serves the files of the page at <c>/</c>. They are resources of this assembly, so the page works offline and without the source tree.
/// The page is a client of the API like any other. It keeps nothing in the server.
/// </summary>
internal static class PageFiles
{
    private const string Prefix = "page/", Start = "index.html";

    /// <summary>What browsers let the page do: use its own files and this server, and nothing else. Scripts and styles inside HTML are refused.</summary>
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly Assembly _assembly = typeof(PageFiles).Assembly;

    /// <summary>Returns whether a path is the page or one of its files. These need no API key: a browser cannot send it before the page has asked for it.</summary>
    public static bool Has(PathString path) => path == "/" || path.StartsWithSegments("/page", StringComparison.Ordinal);

    /// <summary>Maps <c>/</c> and every file below <c>/page</c>.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (string resource in _assembly.GetManifestResourceNames())
        {
            string name = resource.Replace('\\', '/'); // a build on Windows names folders with \
            if (!name.StartsWith(Prefix, StringComparison.Ordinal))
                continue;
            Lazy<FixedContent> file = new(() => Read(resource));
            routes.MapMethods(name == Prefix + Start ? "/" : $"/{name}", [HttpMethods.Get, HttpMethods.Head], context => SendAsync(context, file.Value)).ExcludeFromDescription();
        }
    }

    private static Task SendAsync(HttpContext context, FixedContent file)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        return file.SendAsync(context);
    }

    private static FixedContent Read(string resource)
    {
        using Stream stream = _assembly.GetManifestResourceStream(resource)!;
        byte[] content = new byte[stream.Length];
        stream.ReadExactly(content);
        string type = Path.GetExtension(resource) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            ".svg" => "image/svg+xml",
            string other => throw new NotSupportedException($"{resource} has the extension {other}, which has no content type here"),
        };
        return new FixedContent(content, type);
    }
}
