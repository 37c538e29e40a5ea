using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Foreword.Server.Responses;

/// <summary>Writes JSON answers.</summary>
internal static class JsonText
{
    private static readonly JsonWriterOptions _options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>Writes a JSON object to a buffer.</summary>
    public static void Write(IBufferWriter<byte> buffer, Action<Utf8JsonWriter> fields)
    {
        using Utf8JsonWriter json = new(buffer, _options);
        json.WriteStartObject();
        fields(json);
        json.WriteEndObject();
    }

    /// <summary>Sends a JSON object as the whole answer.</summary>
    public static async Task SendAsync(HttpContext context, Action<Utf8JsonWriter> fields, int status = 200)
    {
        ArrayBufferWriter<byte> buffer = new();
        Write(buffer, fields);
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = buffer.WrittenCount;
        await context.Response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>Sends an error in OpenAI's form.</summary>
    public static Task SendAsync(HttpContext context, ApiException problem)
    {
        if (problem.RetryAfter is { } seconds)
            context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return SendAsync(context, json => WriteError(json, problem), problem.Status);
    }

    /// <summary>Writes the field <c>error</c>.</summary>
    public static void WriteError(Utf8JsonWriter json, ApiException problem)
    {
        json.WriteStartObject("error");
        json.WriteString("message", problem.Message);
        json.WriteString("type", problem.Type);
        json.WriteString("param", problem.Parameter);
        if (problem.Code is null)
            json.WriteNumber("code", problem.Status);
        else
            json.WriteString("code", problem.Code);
        json.WriteEndObject();
    }

    /// <summary>Writes the numbers of tokens.</summary>
    public static void WriteUsage(Utf8JsonWriter json, int prompt, int cached, int completion)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", prompt);
        json.WriteNumber("completion_tokens", completion);
        json.WriteNumber("total_tokens", prompt + completion);
        json.WriteStartObject("prompt_tokens_details");
        json.WriteNumber("cached_tokens", cached);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
