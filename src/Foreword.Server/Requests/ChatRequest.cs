using System.Text;
using System.Text.Json;
using Foreword.Chat;
using Foreword.Generation;
using Foreword.Server.Hosting;

namespace Foreword.Server.Requests;

/// <summary>Reads the body of <c>/v1/chat/completions</c>.</summary>
internal static class ChatRequest
{
    private const int MostMessages = 1024, MostParts = 64;

    /// <summary>Reads a request and turns its messages into one prompt.</summary>
    /// <exception cref="ApiException">The model has no template, or a field is impossible.</exception>
    public static CompletionRequest Read(RequestFields fields, ServedText model)
    {
        if (model.Template is not { } template)
        {
            throw new ApiException(
                400, $"{model.Name} has no chat template, so messages cannot become a prompt; add chat.yaml to the model directory, or start the server with --template FILE (--template plain writes \"User:\" and \"Assistant:\")", "model", "chat_template_missing");
        }

        SamplingOptions options = SamplingFields.Read(fields, model.Vocabulary);
        fields.Ignore("model", "user", "store", "metadata", "service_tier", "priority", "cache_prompt", "safety_identifier", "prompt_cache_key", "parallel_tool_calls", "reasoning_effort", "verbosity");
        fields.Refuse("the model calls no tools", "tools", "tool_choice", "functions", "function_call", "web_search_options");
        fields.Refuse("the model writes text only", "audio", "modalities", "prediction");
        bool streams = fields.Flag("stream") ?? false;
        (bool usage, bool continuous) = CompletionRequest.StreamOptions(fields, streams);
        long? older = fields.Integer("max_tokens", 1, int.MaxValue), wanted = fields.Integer("max_completion_tokens", 1, int.MaxValue) ?? older;
        bool scores = fields.Flag("logprobs") ?? false;
        long? top = fields.Integer("top_logprobs", 0, SamplingFields.MostLogProbs);
        if (top is not null && !scores)
            throw new ApiException(400, "top_logprobs is given, but logprobs is not true", "top_logprobs");
        int samples = (int)(fields.Integer("n", 1, CompletionRequest.MostSamples) ?? 1);
        ChatEncoder encoder = new(model.Tokenizer, template);
        List<ChatMessage> messages = Messages(fields);
        int[] ids = encoder.Encode(messages);
        if (ids.Length == 0)
            throw new ApiException(400, "no part of the messages is in the vocabulary", "messages");
        CompletionRequest.CheckLength(ids.Length, wanted ?? 1, model.Config.ContextLength, "messages", "leave out the oldest messages, or ask for fewer tokens (max_tokens)");
        bool asIds = fields.Flag("return_tokens_as_token_ids") ?? false;
        options = SamplingFields.WithLengths(fields, options, (int)(wanted ?? model.Config.ContextLength - ids.Length));
        fields.Finish();
        return new CompletionRequest
        {
            Prompts = [("", ids)],
            Options = Ending(encoder, options) with { LogProbs = scores ? (int)(top ?? 0) : null },
            Samples = samples,
            BestOf = Math.Max(samples, model.Ranking?.Candidates ?? 1),
            Messages = messages,
            Streams = streams,
            IncludesUsage = usage,
            ContinuousUsage = continuous,
            TokensAsIds = asIds,
        };
    }

    /// <summary>Returns the options with what ends an answer. A text with a constraint ends where it is complete, so the template's texts do not end it.</summary>
    private static SamplingOptions Ending(ChatEncoder encoder, SamplingOptions options)
    {
        SamplingOptions ending = encoder.Ending(options);
        return options.Constraint is null ? ending : ending with { Stop = options.Stop };
    }

    private static List<ChatMessage> Messages(RequestFields fields)
    {
        if (fields.Value("messages") is not { } value)
            throw new ApiException(400, "messages is missing; it must be a list of messages", "messages");
        JsonElement[] items = fields.Items("messages", value, "a list of messages", MostMessages);
        if (items.Length == 0)
            throw new ApiException(400, "messages is empty; it must have at least one message", "messages");
        List<ChatMessage> messages = [];
        for (int i = 0; i < items.Length; i++)
        {
            RequestFields message = new(items[i], $"messages[{i}]");
            string role = message.Text("role") ?? throw new ApiException(400, $"messages[{i}].role is missing; it must be system, developer, user or assistant", $"messages[{i}].role");
            message.Ignore("name");
            message.Refuse("the model calls no tools", "tool_calls", "function_call", "tool_call_id");
            message.Refuse("", "refusal", "audio");
            string text = Content(message);
            message.Finish();
            messages.Add(new ChatMessage(Role(role, i), text));
        }

        return messages;
    }

    private static ChatRole Role(string role, int i) => role switch
    {
        "system" or "developer" => ChatRole.System,
        "user" => ChatRole.User,
        "assistant" => ChatRole.Assistant,
        _ => throw new ApiException(400, $"messages[{i}].role is {(role.Length > 40 ? role[..40] : role)}; it must be system, developer, user or assistant", $"messages[{i}].role"),
    };

    /// <summary>Returns the content, a text or a list of parts of type text.</summary>
    private static string Content(RequestFields message)
    {
        string name = message.Name("content");
        if (message.Value("content") is not { } content)
            throw new ApiException(400, $"{name} is missing; it must be a text or a list of parts", name);
        if (content.ValueKind == JsonValueKind.String)
            return RequestFields.TextOf(content, name);
        StringBuilder text = new();
        JsonElement[] parts = message.Items("content", content, "a text or a list of parts", MostParts);
        for (int i = 0; i < parts.Length; i++)
        {
            RequestFields part = new(parts[i], $"{name}[{i}]");
            if (part.Text("type") is not ("text" or "input_text"))
                throw new ApiException(400, $"{name}[{i}].type is {part.Text("type") ?? "missing"}; the model reads parts of type text only", $"{name}[{i}].type");
            text.Append(part.Text("text") ?? throw new ApiException(400, $"{name}[{i}].text is missing", $"{name}[{i}].text"));
            part.Finish();
        }

        return text.ToString();
    }
}
