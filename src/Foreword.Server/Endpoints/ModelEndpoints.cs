using System.Text.Json;
using Foreword.Models;
using Foreword.Server.Hosting;
using Foreword.Server.Requests;
using Foreword.Server.Responses;
using Foreword.Tasks;
using Foreword.Tokenization;
using Microsoft.AspNetCore.Http;

namespace Foreword.Server.Endpoints;

/// <summary>Answers what the server has: <c>/v1/models</c>, <c>/tokenize</c>, <c>/detokenize</c>, <c>/tokenizer_info</c>, <c>/health</c> and <c>/ready</c>.</summary>
internal sealed class ModelEndpoints(ModelHost models)
{
    private const int LongestText = 1 << 20;

    /// <summary>Answers <c>GET /v1/models</c>.</summary>
    public Task ListAsync(HttpContext context) => JsonText.SendAsync(context, json =>
    {
        json.WriteString("object", "list");
        json.WriteStartArray("data");
        foreach (HostedModel model in models.Models)
        {
            json.WriteStartObject();
            WriteModel(json, model);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    /// <summary>Answers <c>GET /v1/models/{id}</c>; an id may hold slashes.</summary>
    public Task GetAsync(HttpContext context)
    {
        HostedModel model = models.Find((string)context.Request.RouteValues["id"]!);
        return JsonText.SendAsync(context, json => WriteModel(json, model));
    }

    /// <summary>Answers <c>POST /tokenize</c>, in vLLM's form and in llama.cpp's.</summary>
    public async Task TokenizeAsync(HttpContext context)
    {
        using JsonDocument body = await RequestBody.ReadAsync(context).ConfigureAwait(false);
        RequestFields fields = new(body.RootElement);
        ServedText model = models.Text(fields.Text("model"));
        string? prompt = fields.Text("prompt"), content = fields.Text("content");
        if ((prompt is null) == (content is null))
            throw new ApiException(400, "give prompt (as for vLLM) or content (as for llama.cpp), one of them", "prompt");
        string text = prompt ?? content!;
        if (text.Length > LongestText)
            throw new ApiException(400, $"the text has {text.Length} characters; at most {LongestText} are allowed", prompt is null ? "content" : "prompt");
        bool template = fields.Flag("add_special_tokens") ?? fields.Flag("add_special") ?? prompt is not null;
        bool special = fields.Flag("parse_special") ?? true, pieces = fields.Flag("with_pieces") ?? false, texts = fields.Flag("return_token_strs") ?? false;
        fields.Finish();
        Tokenizer tokenizer = model.Tokenizer;
        int[] ids = template ? tokenizer.EncodeWithTemplate(text, special) : tokenizer.Encode(text, special);
        TokenScores names = new(tokenizer, asIds: false);
        await JsonText.SendAsync(context, json =>
        {
            json.WriteNumber("count", ids.Length);
            json.WriteNumber("max_model_len", model.Config.ContextLength);
            json.WriteStartArray("tokens");
            foreach (int id in ids)
            {
                if (!pieces)
                {
                    json.WriteNumberValue(id);
                    continue;
                }

                json.WriteStartObject();
                json.WriteNumber("id", id);
                json.WriteString("piece", names.Name(id));
                json.WriteEndObject();
            }

            json.WriteEndArray();
            if (texts)
                WriteTexts(json, tokenizer, ids);
        }).ConfigureAwait(false);
    }

    /// <summary>Answers <c>POST /detokenize</c>. With <c>return_token_strs</c>, as in <c>/tokenize</c>, every token's own text is returned, too.</summary>
    public async Task DetokenizeAsync(HttpContext context)
    {
        using JsonDocument body = await RequestBody.ReadAsync(context).ConfigureAwait(false);
        RequestFields fields = new(body.RootElement);
        ServedText model = models.Text(fields.Text("model"));
        if (fields.Value("tokens") is null)
            throw new ApiException(400, "tokens is missing; it must be a list of token ids", "tokens");
        int[] ids = fields.Integers("tokens", LongestText);
        bool texts = fields.Flag("return_token_strs") ?? false;
        fields.Finish();
        if (Array.FindIndex(ids, id => id >= model.Tokenizer.VocabSize) is >= 0 and int at)
            throw new ApiException(400, $"tokens[{at}] is {ids[at]}, which is out of vocabulary; it has {model.Tokenizer.VocabSize} ids", "tokens");
        string text = model.Tokenizer.Decode(ids);
        await JsonText.SendAsync(context, json =>
        {
            json.WriteString("prompt", text);
            json.WriteString("content", text);
            if (texts)
                WriteTexts(json, model.Tokenizer, ids);
        }).ConfigureAwait(false);
    }

    /// <summary>Answers <c>GET /tokenizer_info</c>.</summary>
    public Task TokenizerAsync(HttpContext context)
    {
        ServedText model = models.Text(context.Request.Query["model"] is [{ Length: > 0 } name, ..] ? name : null);
        Tokenizer tokenizer = model.Tokenizer;
        return JsonText.SendAsync(context, json =>
        {
            json.WriteString("tokenizer_class", tokenizer.Kind);
            json.WriteNumber("vocab_size", tokenizer.VocabSize);
            json.WriteNumber("model_max_length", model.Config.ContextLength);
            json.WriteString("bos_token", TextOf(tokenizer.StartOfTextId));
            json.WriteString("eos_token", TextOf(tokenizer.EndOfTextId));
            json.WriteNull("pad_token");
            json.WriteNull("chat_template");
        });

        string? TextOf(int? id) => id is { } known ? tokenizer.TokenText(known) : null;
    }

    /// <summary>Answers <c>GET /health</c> and <c>GET /ready</c>: 503 while a model is being loaded.</summary>
    public Task HealthAsync(HttpContext context) => models.IsReady
        ? JsonText.SendAsync(context, json => json.WriteString("status", "ok"))
        : JsonText.SendAsync(context, new ApiException(503, "Loading model") { RetryAfter = 1 });

    /// <summary>Writes what a fine-tuned model reads, and its classes.</summary>
    private static void WriteTask(Utf8JsonWriter json, TaskDescription task)
    {
        json.WriteStartArray("inputs");
        foreach (TaskColumn column in task.Definition.Columns.Where(column => !column.IsMany))
            json.WriteStringValue(column.Role);
        json.WriteEndArray();
        json.WriteBoolean("choices", task.Definition.Columns.Any(column => column.IsMany));
        json.WriteStartArray("labels");
        foreach (string label in task.Labels)
            json.WriteStringValue(label);
        json.WriteEndArray();
    }

    private static void WriteTexts(Utf8JsonWriter json, Tokenizer tokenizer, int[] ids)
    {
        TokenScores names = new(tokenizer, asIds: false);
        json.WriteStartArray("token_strs");
        foreach (int id in ids)
            json.WriteStringValue(names.Name(id));
        json.WriteEndArray();
    }

    private static void WriteModel(Utf8JsonWriter json, HostedModel model)
    {
        ModelConfig config = model.Stored.Config;
        json.WriteString("id", model.Name);
        json.WriteString("object", "model");
        json.WriteNumber("created", model.Created);
        json.WriteString("owned_by", "foreword");
        json.WriteString("root", model.Name);
        json.WriteNumber("max_model_len", config.ContextLength);
        json.WriteStartObject("meta");
        json.WriteString("architecture", config.Architecture.ToString().ToLowerInvariant());
        json.WriteNumber("n_params", config.ParameterCount);
        json.WriteNumber("n_ctx_train", config.ContextLength);
        json.WriteNumber("n_vocab", config.VocabSize);
        json.WriteNumber("n_embd", config.NEmbd);
        json.WriteNumber("n_layer", config.LayerCount);
        if (model.IsTask)
            json.WriteString("task", model.Stored.FineTunedFor);
        if (model.Task is { } task)
            WriteTask(json, task.Description);
        if (model.Format is { } format)
        {
            json.WriteString("format", format);
            json.WriteNumber("weights_bytes", model.WeightBytes);
        }

        if (model.Text is { } text)
            json.WriteNumber("cache_bytes", text.Scheduler.CacheBytes);

        json.WriteEndObject();
    }
}
