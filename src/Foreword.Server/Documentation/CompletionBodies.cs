using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Foreword.Server.Requests;

namespace Foreword.Server.Documentation;

internal sealed record CompletionBody : SamplingBody
{
    [Description("The text to continue, or its token ids. A list holds up to 1,024 of them."), OneOf(typeof(string), typeof(string[]), typeof(int[]), typeof(int[][]))]
    public required object Prompt { get; init; }

    [Description("The largest number of tokens to write. 0 is allowed together with echo."), Range(0, int.MaxValue), DefaultValue(16)]
    public int? MaxTokens { get; init; }

    [Description("The number of completions of each prompt that are written. The n likeliest ones are returned. Default: n."), Range(1, CompletionRequest.MostSamples)]
    public int? BestOf { get; init; }

    [Description("Puts the prompt in front of each completion."), DefaultValue(false)]
    public bool? Echo { get; init; }

    [Description("Returns the log-probability of each token, and of this number of likeliest alternatives. With echo, the tokens of the prompt are scored too."), Range(0, SamplingFields.MostLogProbs)]
    public int? Logprobs { get; init; }

    [Description("Keeps only this number of last tokens of the prompt. -1 keeps what fits into the context."), Range(-1, int.MaxValue)]
    public int? TruncatePromptTokens { get; init; }
}

internal sealed record ChatBody : SamplingBody
{
    [Description("The conversation, oldest message first."), MinLength(1), MaxLength(1024)]
    public required IReadOnlyList<MessageBody> Messages { get; init; }

    [Description("The largest number of tokens to write. Default: what fits into the context."), Range(1, int.MaxValue)]
    public int? MaxCompletionTokens { get; init; }

    [Description("The older name of max_completion_tokens."), Range(1, int.MaxValue)]
    public int? MaxTokens { get; init; }

    [Description("Returns the log-probability of each token."), DefaultValue(false)]
    public bool? Logprobs { get; init; }

    [Description("Returns also this number of likeliest alternatives. Only together with logprobs."), Range(0, SamplingFields.MostLogProbs)]
    public int? TopLogprobs { get; init; }

    [Description(Ignored.Text)]
    public string? PromptCacheKey { get; init; }

    [Description(Ignored.Text)]
    public bool? ParallelToolCalls { get; init; }

    [Description(Ignored.Text)]
    public string? ReasoningEffort { get; init; }

    [Description(Ignored.Text)]
    public string? Verbosity { get; init; }
}

internal sealed record MessageBody
{
    [Description("Who speaks."), AllowedValues("system", "developer", "user", "assistant")]
    public required string Role { get; init; }

    [Description("The text, or up to 64 parts of type text."), OneOf(typeof(string), typeof(PartBody[]))]
    public required object Content { get; init; }

    [Description(Ignored.Text)]
    public string? Name { get; init; }
}

internal sealed record PartBody
{
    [Description("The kind of the part."), AllowedValues("text", "input_text")]
    public required string Type { get; init; }

    [Description("The text of the part.")]
    public required string Text { get; init; }
}

internal sealed record EmbeddingBody
{
    [Description("The text, or its token ids. A list holds up to 2,048 of them."), OneOf(typeof(string), typeof(string[]), typeof(int[]), typeof(int[][]))]
    public required object Input { get; init; }

    [Description("The name of a language model. Default: the first one of the server.")]
    public string? Model { get; init; }

    [Description("How vectors are written: a list of numbers, or little-endian float32 in base64."), AllowedValues("float", "base64"), DefaultValue("float")]
    public string? EncodingFormat { get; init; }

    [Description("What a vector is: the mean of the final hidden states, or the state at the last token. Its length is 1."), AllowedValues("mean", "last"), DefaultValue("mean")]
    public string? Pooling { get; init; }

    [Description("Keeps the first numbers of each vector, and scales them to length 1. Default: all."), Range(1, int.MaxValue)]
    public int? Dimensions { get; init; }

    [Description(Ignored.Text)]
    public string? User { get; init; }
}
