using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Foreword.Server.Responses;

/// <summary>An answer with the same content for every request. A client that has it already is answered with status 304.</summary>
/// <param name="bytes">The content.</param>
/// <param name="type">The content type.</param>
internal sealed class FixedContent(byte[] bytes, string type)
{
    private readonly EntityTagHeaderValue _tag = new($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 16))}\"");

    /// <summary>Sends the content. A browser asks each time whether its copy is current.</summary>
    public Task SendAsync(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-cache";
        return TypedResults.Bytes(bytes, type, entityTag: _tag).ExecuteAsync(context);
    }
}
