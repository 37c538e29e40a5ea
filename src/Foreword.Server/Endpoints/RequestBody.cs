using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;

namespace Foreword.Server.Endpoints;

/// <summary>Reads the body of a request.</summary>
internal static class RequestBody
{
    private static readonly JsonDocumentOptions _options = new() { MaxDepth = 32 };

    /// <summary>Parses the body as JSON. The type of its content is not asked for, because many programs leave it out.</summary>
    /// <exception cref="ApiException">The body is empty, no UTF-8, or no JSON.</exception>
    public static async Task<JsonDocument> ReadAsync(HttpContext context)
    {
        MemoryStream body = new(); // its buffer stays in use by the document
        await context.Request.Body.CopyToAsync(body, context.RequestAborted).ConfigureAwait(false);
        ReadOnlyMemory<byte> bytes = body.GetBuffer().AsMemory(0, (int)body.Length);
        if (!Utf8.IsValid(bytes.Span))
            throw new ApiException(400, "the body is not valid UTF-8");
        try
        {
            return JsonDocument.Parse(bytes, _options);
        }
        catch (JsonException problem)
        {
            string place = problem.LineNumber is { } line ? $" at line {line + 1}, byte {problem.BytePositionInLine + 1}" : "";
            throw new ApiException(400, $"the body is not valid JSON{place}");
        }
    }
}
