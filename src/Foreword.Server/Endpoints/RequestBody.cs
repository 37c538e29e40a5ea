using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Foreword.Server.Endpoints;

/// <summary>Reads the body of a request.</summary>
internal static class RequestBody
{
    private static readonly JsonDocumentOptions _options = new() { MaxDepth = 32 };

    /// <summary>Parses the body as JSON. The type of its content is not asked for, because many programs leave it out.</summary>
    /// <exception cref="ApiException">The body is empty, too large, or no JSON.</exception>
    public static async Task<JsonDocument> ReadAsync(HttpContext context)
    {
        try
        {
            return await JsonDocument.ParseAsync(context.Request.Body, _options, context.RequestAborted).ConfigureAwait(false);
        }
        catch (JsonException problem)
        {
            string place = problem.LineNumber is { } line ? $" at line {line + 1}, byte {problem.BytePositionInLine + 1}" : "";
            throw new ApiException(400, $"the body is not valid JSON{place}");
        }
    }
}
