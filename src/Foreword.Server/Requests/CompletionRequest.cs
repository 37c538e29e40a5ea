using Foreword.Chat;
using Foreword.Generation;
using Foreword.Server.Hosting;

namespace Foreword.Server.Requests;

/// <summary>A checked request for completions, of <c>/v1/completions</c> or <c>/v1/chat/completions</c>.</summary>
internal sealed record CompletionRequest
{
    /// <summary>The largest number of prompts and of completions for each.</summary>
    public const int MostPrompts = 1024, MostSamples = 64;

    /// <summary>Gets the prompts with their texts; a prompt that was given as ids has its decoded text.</summary>
    public required IReadOnlyList<(string Text, int[] Ids)> Prompts { get; init; }

    /// <summary>Gets how tokens are chosen. <see cref="SamplingOptions.MaxTokens"/> is at least 1, also if no token is wanted.</summary>
    public required SamplingOptions Options { get; init; }

    /// <summary>Gets the number of completions of each prompt that are returned.</summary>
    public int Samples { get; init; } = 1;

    /// <summary>Gets the number of completions of each prompt that are written; the likeliest are returned.</summary>
    public int BestOf { get; init; } = 1;

    /// <summary>Gets the messages of a conversation; empty for prompts.</summary>
    public IReadOnlyList<ChatMessage> Messages { get; init; } = [];

    /// <summary>Gets whether tokens are written, or only the prompt is echoed.</summary>
    public bool Generates { get; init; } = true;

    /// <summary>Gets whether the prompt stands before each completion.</summary>
    public bool Echo { get; init; }

    /// <summary>Gets whether the answer is a stream of events.</summary>
    public bool Streams { get; init; }

    /// <summary>Gets whether the stream ends with the numbers of tokens.</summary>
    public bool IncludesUsage { get; init; }

    /// <summary>Gets whether every event of the stream has the numbers of tokens so far.</summary>
    public bool ContinuousUsage { get; init; }

    /// <summary>Gets whether tokens are written as <c>token_id:N</c>.</summary>
    public bool TokensAsIds { get; init; }

    /// <summary>Reads the body of <c>/v1/completions</c>.</summary>
    /// <exception cref="ApiException">A field is impossible.</exception>
    public static CompletionRequest Read(RequestFields fields, ServedText model)
    {
        SamplingOptions options = SamplingFields.Read(fields, model.Vocabulary);
        fields.Ignore("model", "user", "store", "metadata", "service_tier", "priority", "cache_prompt", "safety_identifier");
        fields.Refuse("text cannot be inserted before other text", "suffix");
        fields.Refuse("use echo and logprobs", "prompt_logprobs");
        bool streams = fields.Flag("stream") ?? false;
        (bool usage, bool continuous) = StreamOptions(fields, streams);
        int samples = (int)(fields.Integer("n", 1, MostSamples) ?? 1), best = (int)(fields.Integer("best_of", 1, MostSamples) ?? samples);
        if (best < samples)
            throw new ApiException(400, $"best_of is {best}, but n is {samples}; best_of must be at least n", "best_of");
        if (best > samples && streams)
            throw new ApiException(400, $"best_of is {best}, but n is {samples}; the best can be chosen only after all are written, so it cannot be combined with stream", "best_of");
        bool echo = fields.Flag("echo") ?? false;
        int? logProbs = (int?)fields.Integer("logprobs", 0, SamplingFields.MostLogProbs);
        long? wanted = fields.Integer("max_tokens", echo ? 0 : 1, int.MaxValue);
        long? truncated = fields.Integer("truncate_prompt_tokens", -1, int.MaxValue);
        if (truncated == 0)
            throw new ApiException(400, "truncate_prompt_tokens is 0; it must be at least 1, or -1 for the context length", "truncate_prompt_tokens");
        int context = model.Config.ContextLength;
        int? most = truncated is null ? null : truncated == -1 ? context - (int)Math.Min(wanted ?? 16, context - 1) : (int)truncated;
        (string Text, int[] Ids)[] prompts = PromptList.Read(fields, "prompt", model, most, MostPrompts);
        foreach ((_, int[] ids) in prompts)
            CheckLength(ids.Length, wanted ?? 0, context, "prompt", "shorten it, ask for fewer tokens (max_tokens), or keep only its end (truncate_prompt_tokens)");
        bool asIds = fields.Flag("return_tokens_as_token_ids") ?? false;
        int length = (int)Math.Max(1, wanted ?? Math.Clamp(context - prompts.Max(prompt => prompt.Ids.Length), 1, 16));
        options = SamplingFields.WithLengths(fields, options, length) with { LogProbs = logProbs };
        fields.Finish();
        return new CompletionRequest
        {
            Prompts = prompts,
            Options = options,
            Samples = samples,
            BestOf = best,
            Generates = wanted != 0,
            Echo = echo,
            Streams = streams,
            IncludesUsage = usage,
            ContinuousUsage = continuous,
            TokensAsIds = asIds,
        };
    }

    /// <summary>Checks that a prompt and the tokens to be written fit into the context.</summary>
    /// <param name="prompt">The number of tokens of the prompt.</param>
    /// <param name="wanted">The number of tokens to be written.</param>
    /// <param name="context">The length of the context.</param>
    /// <param name="field">The field that holds the prompt.</param>
    /// <param name="remedy">What the client can do.</param>
    /// <exception cref="ApiException">They do not fit.</exception>
    public static void CheckLength(int prompt, long wanted, int context, string field, string remedy)
    {
        if (prompt + wanted > context || (prompt == context && wanted > 0))
        {
            throw new ApiException(
                400, $"the prompt has {prompt} tokens{(wanted > 0 ? $" and max_tokens is {wanted}, {prompt + wanted} together" : "")}; the context length (n_ctx) is {context}; {remedy}", field, "context_length_exceeded");
        }
    }

    /// <summary>Reads <c>stream_options</c>.</summary>
    public static (bool Usage, bool Continuous) StreamOptions(RequestFields fields, bool streams)
    {
        if (fields.Value("stream_options") is not { } value)
            return (false, false);
        if (!streams)
            throw new ApiException(400, "stream_options is given, but stream is not true", "stream_options");
        RequestFields options = new(value, "stream_options");
        bool usage = options.Flag("include_usage") ?? false, continuous = options.Flag("continuous_usage_stats") ?? false;
        options.Ignore("include_obfuscation");
        options.Finish();
        return (usage, usage && continuous);
    }
}
