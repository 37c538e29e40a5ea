using System.IO.Compression;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Foreword.Server;

/// <summary>Compresses JSON and files of at least a kilobyte with Brotli or gzip. Event streams are sent as they are, because a compressor would hold them back.</summary>
internal static class AnswerCompression
{
    private const long Least = 1024;

    /// <summary>Adds the services.</summary>
    public static void Add(IServiceCollection services)
    {
        services.AddResponseCompression(options =>
        {
            // Keys are in headers only, and no browser sends them by itself. So an attacker learns nothing from the sizes of answers.
            options.EnableForHttps = true;
            options.MimeTypes = ["application/json", "text/html", "text/css", "text/javascript", "application/javascript", "text/plain", "image/svg+xml"];
        });
        services.Configure<BrotliCompressionProviderOptions>(options => options.Level = CompressionLevel.Fastest);
        services.Configure<GzipCompressionProviderOptions>(options => options.Level = CompressionLevel.Fastest);
        services.AddSingleton<IResponseCompressionProvider, LargeAnswers>();
    }

    private sealed class LargeAnswers(IServiceProvider services, IOptions<ResponseCompressionOptions> options) : ResponseCompressionProvider(services, options)
    {
        public override bool ShouldCompressResponse(HttpContext context) => !(context.Response.ContentLength < Least) && base.ShouldCompressResponse(context);
    }
}
