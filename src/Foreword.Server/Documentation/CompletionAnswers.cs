using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Foreword.Server.Documentation;

internal abstract record CompletionBase
{
    [Description("A new name for each answer. All events of a stream have the same one.")]
    public required string Id { get; init; }

    [Description("Seconds since 1970.")]
    public required long Created { get; init; }

    [Description("The model that wrote the text.")]
    public required string Model { get; init; }

    [Description("Program, version and number format. Answers with the same one and the same seed are equal.")]
    public required string SystemFingerprint { get; init; }

    [Description("The numbers of tokens. In a stream only where stream_options asks for them.")]
    public Usage? Usage { get; init; }
}

internal sealed record TextCompletion : CompletionBase
{
    [Description("The kind of the answer."), AllowedValues("text_completion")]
    public required string Object { get; init; }

    [Description("The completions: n for each prompt. An event of a stream has one with the new piece of text.")]
    public required IReadOnlyList<TextChoice> Choices { get; init; }
}

internal sealed record ChatCompletion : CompletionBase
{
    [Description("The kind of the answer."), AllowedValues("chat.completion", "chat.completion.chunk")]
    public required string Object { get; init; }

    [Description("The answers. An event of a stream has one with the new piece of text.")]
    public required IReadOnlyList<ChatChoice> Choices { get; init; }
}

internal abstract record ChoiceBase
{
    [Description("The place of the completion: the prompt's place times n, plus the sample's place.")]
    public required int Index { get; init; }

    [Description("stop if the text ended by itself or at a stop, length if max_tokens was reached. Null in a stream until the text ends."), AllowedValues("stop", "length", null)]
    public required string? FinishReason { get; init; }
}

internal sealed record TextChoice : ChoiceBase
{
    [Description("The written text, after the prompt if echo is set.")]
    public required string Text { get; init; }

    [Description("The scores of the tokens, if the request asks for them.")]
    public required TextScores? Logprobs { get; init; }
}

internal sealed record TextScores
{
    [Description("The texts of the tokens. Bytes that are no whole characters are written as bytes:\\xNN.")]
    public required string[] Tokens { get; init; }

    [Description("The natural logarithm of each token's probability. Null for the first token of a prompt.")]
    public required double?[] TokenLogprobs { get; init; }

    [Description("The likeliest tokens at each place with their log-probabilities.")]
    public required Dictionary<string, double>?[]? TopLogprobs { get; init; }

    [Description("The number of code points before each token.")]
    public required int[] TextOffset { get; init; }
}

internal sealed record ChatChoice : ChoiceBase
{
    [Description("The answer. A stream has delta instead.")]
    public AnswerMessage? Message { get; init; }

    [Description("The new piece of the answer. Only in a stream.")]
    public AnswerMessage? Delta { get; init; }

    [Description("The scores of the tokens, if the request asks for them.")]
    public required ChatScores? Logprobs { get; init; }
}

internal sealed record AnswerMessage
{
    [Description("Who speaks. In a stream only in the first piece."), AllowedValues("assistant")]
    public string? Role { get; init; }

    [Description("The text.")]
    public string? Content { get; init; }

    [Description("Always null.")]
    public string? Refusal { get; init; }
}

internal sealed record ChatScores
{
    [Description("The written tokens.")]
    public required IReadOnlyList<ScoredToken> Content { get; init; }

    [Description("Always null.")]
    public string? Refusal { get; init; }
}

internal record TokenScore
{
    [Description("The text of the token.")]
    public required string Token { get; init; }

    [Description("The natural logarithm of the token's probability.")]
    public required double Logprob { get; init; }

    [Description("The bytes of the token.")]
    public required int[] Bytes { get; init; }
}

internal sealed record ScoredToken : TokenScore
{
    [Description("The likeliest tokens at this place.")]
    public required IReadOnlyList<TokenScore> TopLogprobs { get; init; }
}

internal sealed record Usage
{
    [Description("The number of tokens of the prompts.")]
    public required int PromptTokens { get; init; }

    [Description("The number of written tokens.")]
    public required int CompletionTokens { get; init; }

    [Description("The sum of both.")]
    public required int TotalTokens { get; init; }

    [Description("More about the prompts.")]
    public required PromptDetails PromptTokensDetails { get; init; }
}

internal sealed record PromptDetails
{
    [Description("The number of tokens that were found in the cache of prompts.")]
    public required int CachedTokens { get; init; }
}
