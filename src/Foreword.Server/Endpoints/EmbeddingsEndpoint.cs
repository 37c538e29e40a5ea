using System.Runtime.InteropServices;
using System.Text.Json;
using Foreword.Cpu.Scheduling;
using Foreword.Generation;
using Foreword.Server.Hosting;
using Foreword.Server.Requests;
using Foreword.Server.Responses;
using Microsoft.AspNetCore.Http;

namespace Foreword.Server.Endpoints;

/// <summary>Answers <c>/v1/embeddings</c>: the mean of the final hidden states of a text, or the state at its last token, scaled to length 1.</summary>
internal sealed class EmbeddingsEndpoint(ModelHost models)
{
    private const int MostInputs = 2048;

    /// <summary>Answers a request.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        using JsonDocument body = await RequestBody.ReadAsync(context).ConfigureAwait(false);
        RequestFields fields = new(body.RootElement);
        ServedText model = models.Text(fields.Text("model"));
        fields.Ignore("model", "user");
        string format = fields.Text("encoding_format") ?? "float";
        if (format is not ("float" or "base64"))
            throw new ApiException(400, $"encoding_format is {format}; it must be float or base64", "encoding_format");
        StateWanted state = fields.Text("pooling") switch
        {
            null or "mean" => StateWanted.Mean,
            "last" => StateWanted.Last,
            { } other => throw new ApiException(400, $"pooling is {other}; it must be mean or last", "pooling"),
        };
        int dimensions = (int)(fields.Integer("dimensions", 1, model.Config.NEmbd) ?? model.Config.NEmbd);
        (string, int[] Ids)[] inputs = PromptList.Read(fields, "input", model, null, MostInputs);
        foreach ((_, int[] ids) in inputs)
        {
            if (ids.Length > model.Config.ContextLength)
                throw new ApiException(400, $"an input has {ids.Length} tokens; the context length (n_ctx) is {model.Config.ContextLength}; divide it", "input", "context_length_exceeded");
        }

        fields.Finish();
        CompletionRun run = await CompletionRun.StartAsync(
            model.Scheduler, ended => inputs.Select(input => new GenerationJob { Prompt = input.Ids, Samples = 0, Streams = false, State = state, Options = new SamplingOptions(), Client = models.ClientOf(context), CancellationToken = ended }), context.RequestAborted)
            .ConfigureAwait(false);
        await using (run.ConfigureAwait(false))
        {
            JobResult[] results = await run.FinishAsync().ConfigureAwait(false);
            await JsonText.SendAsync(context, json =>
            {
                json.WriteString("object", "list");
                json.WriteString("model", model.Name);
                json.WriteStartArray("data");
                for (int i = 0; i < results.Length; i++)
                {
                    json.WriteStartObject();
                    json.WriteString("object", "embedding");
                    json.WriteNumber("index", i);
                    WriteEmbedding(json, results[i].Prompt!.Embedding(dimensions), format);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteStartObject("usage");
                json.WriteNumber("prompt_tokens", run.Prompts.Tokens);
                json.WriteNumber("total_tokens", run.Prompts.Tokens);
                json.WriteEndObject();
            }).ConfigureAwait(false);
        }
    }

    private static void WriteEmbedding(Utf8JsonWriter json, float[] vector, string format)
    {
        if (format == "base64")
        {
            json.WriteBase64String("embedding", MemoryMarshal.AsBytes<float>(vector)); // little-endian, as on every processor that this runs on
            return;
        }

        json.WriteStartArray("embedding");
        foreach (float value in vector)
            json.WriteNumberValue(value);
        json.WriteEndArray();
    }
}
