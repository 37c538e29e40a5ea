using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Foreword.Server.Responses;

/// <summary>Sends an answer as server-sent events. Events that are written without a flush between them share a packet.</summary>
internal sealed class EventStream
{
    private readonly HttpContext _context;
    private readonly CancellationToken _clientGone;

    /// <summary>Starts the answer. Its status is 200 from then on.</summary>
    /// <param name="context">The request.</param>
    /// <param name="clientGone">Ends the writing.</param>
    public EventStream(HttpContext context, CancellationToken clientGone)
    {
        (_context, _clientGone) = (context, clientGone);
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers["X-Accel-Buffering"] = "no"; // proxies must not hold events back
    }

    /// <summary>Writes an event.</summary>
    public void Write(Action<Utf8JsonWriter> fields)
    {
        _context.Response.BodyWriter.Write("data: "u8);
        JsonText.Write(_context.Response.BodyWriter, fields);
        _context.Response.BodyWriter.Write("\n\n"u8);
    }

    /// <summary>Sends what was written.</summary>
    public async Task FlushAsync() => await _context.Response.BodyWriter.FlushAsync(_clientGone).ConfigureAwait(false);

    /// <summary>Ends the stream as OpenAI's API does.</summary>
    public async Task FinishAsync()
    {
        _context.Response.BodyWriter.Write("data: [DONE]\n\n"u8);
        await FlushAsync().ConfigureAwait(false);
    }
}
