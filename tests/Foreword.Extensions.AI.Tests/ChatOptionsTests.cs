using System.Text.Json;
using Foreword.Chat;
using Foreword.Extensions.AI.Requests;
using Foreword.Generation;
using Microsoft.Extensions.AI;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;
using ChatRole = Microsoft.Extensions.AI.ChatRole;

namespace Foreword.Extensions.AI.Tests;

/// <summary>Tests that every option is obeyed, which the same model shows without a scheduler, or refused by its name.</summary>
public sealed class ChatOptionsTests(ModelFixture fixture) : IClassFixture<ModelFixture>
{
    private static readonly Dictionary<string, (ChatOptions Chat, SamplingOptions Sampling)> _pairs = new()
    {
        ["Temperature"] = (new() { Temperature = 0.3f }, new() { Temperature = 0.3 }),
        ["TopP"] = (new() { TopP = 0.4f }, new() { TopP = 0.4 }),
        ["TopK"] = (new() { TopK = 3 }, new() { TopK = 3 }),
        ["FrequencyPenalty"] = (new() { FrequencyPenalty = 1.5f }, new() { FrequencyPenalty = 1.5 }),
        ["PresencePenalty"] = (new() { PresencePenalty = -1.1f }, new() { PresencePenalty = -1.1 }),
        ["Seed"] = (new() { Seed = 77 }, new() { Seed = 77 }),
        ["MaxOutputTokens"] = (new() { MaxOutputTokens = 7 }, new() { MaxTokens = 7 }),
        ["StopSequences"] = (new() { StopSequences = ["a", "e"] }, new() { Stop = ["a", "e"] }),
        ["min_p"] = (Extra("min_p", 0.2), new() { MinP = 0.2 }),
        ["typical_p"] = (Extra("typical_p", 0.3f), new() { TypicalP = 0.3 }),
        ["repetition_penalty"] = (Extra("repetition_penalty", 2), new() { RepetitionPenalty = 2 }),
        ["min_tokens"] = (Extra("min_tokens", 25), new() { MinTokens = 25 }),
        ["ignore_eos"] = (Extra("ignore_eos", true), new() { IgnoreEndOfText = true }),
        ["stop_token_ids"] = (Extra("stop_token_ids", Enumerable.Range(60, 60)), new() { StopIds = [.. Enumerable.Range(60, 60)] }),
        ["logit_bias"] = (Extra("logit_bias", new Dictionary<int, double> { [40] = 6.5 }), new() { LogitBias = new Dictionary<int, double> { [40] = 6.5 } }),
        ["logit_bias as JSON"] = (Extra("logit_bias", JsonSerializer.SerializeToElement(new Dictionary<string, double> { ["40"] = 6.5 })), new() { LogitBias = new Dictionary<int, double> { [40] = 6.5 } }),
    };

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => [.. _pairs.Keys];

    public static TheoryData<string, ChatOptions> Refused => new()
    {
        { "ConversationId is abc", new ChatOptions { ConversationId = "abc" } },
        { "Tools has now; the model calls no tools", new ChatOptions { Tools = [AIFunctionFactory.Create(() => 1, "now")] } },
        { "ToolMode requires a tool", new ChatOptions { ToolMode = ChatToolMode.RequireAny } },
        { "Reasoning has the effort High", new ChatOptions { Reasoning = new ReasoningOptions { Effort = ReasoningEffort.High } } },
        { "RawRepresentationFactory returned a String; it must return SamplingOptions", new ChatOptions { RawRepresentationFactory = _ => "x" } },
        { "Slide and Truncate are not supported", new ChatOptions { RawRepresentationFactory = _ => new SamplingOptions { Slide = true } } },
        { "ModelId is gpt-4; this model is tiny", new ChatOptions { ModelId = "gpt-4" } },
        { "temperature is -1; it must be", new ChatOptions { Temperature = -1 } },
        { "max-tokens is 0; it must be", new ChatOptions { MaxOutputTokens = 0 } },
        { "cannot be combined with a constraint", new ChatOptions { StopSequences = ["x"], ResponseFormat = ChatResponseFormat.Json } },
        { "num-beams is 4", new ChatOptions { RawRepresentationFactory = _ => new SamplingOptions { NumBeams = 4 } } },
        { "AdditionalProperties has min-p, which is unknown; the names are min_p,", Extra("min-p", 0.1) },
        { "; did you mean 'min_tokens'?", Extra("min_token", 1) },
        { "min_p is \"high\"; it must be a number", Extra("min_p", "high") },
        { "min_tokens is 1.5; it must be an integer", Extra("min_tokens", 1.5) },
        { "ignore_eos is 1; it must be true or false", Extra("ignore_eos", 1) },
        { "stop_token_ids is [1,\"2\"]; it must be a list of integers", Extra("stop_token_ids", new object[] { 1, "2" }) },
        { "logit_bias is {\"x\":1}; it must be an object of token ids and numbers", Extra("logit_bias", new Dictionary<string, int> { ["x"] = 1 }) },
        { "an option names token 4000", Extra("stop_token_ids", new[] { 4000 }) },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public async Task AnOptionIsObeyed(string name)
    {
        (ChatOptions chat, SamplingOptions sampling) = _pairs[name];
        chat = chat.Clone();
        chat.Seed ??= 4;
        chat.MaxOutputTokens ??= 30;
        sampling = sampling with { Seed = sampling.Seed == 0 ? 4 : sampling.Seed, MaxTokens = sampling.MaxTokens == 100 ? 30 : sampling.MaxTokens };
        using Conversation conversation = fixture.Alone.StartConversation();
        string expected = conversation.Answer("the cat", sampling, cancellationToken: Ended).Text;
        Assert.Equal(expected, (await fixture.Client.GetResponseAsync("the cat", chat, Ended)).Text);
        using Conversation plain = fixture.Alone.StartConversation();
        if (name is not ("ignore_eos" or "min_tokens")) // this model hardly ever draws the end of a text
            Assert.NotEqual(plain.Answer("the cat", new SamplingOptions { Seed = 4, MaxTokens = 30 }, cancellationToken: Ended).Text, expected);
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task WhatIsNotPossibleIsRefusedByItsName(string message, ChatOptions options)
    {
        Exception problem = await Assert.ThrowsAnyAsync<Exception>(() => fixture.Client.GetResponseAsync("a", options, Ended));
        Assert.True(problem is ArgumentException or NotSupportedException, problem.ToString());
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync(problem.GetType(), () => fixture.Client.GetStreamingResponseAsync("a", options, Ended).ToChatResponseAsync(Ended));
    }

    [Fact]
    public async Task OptionsThatChangeNothingAreTaken() => Assert.NotNull((await fixture.Client.GetResponseAsync("a", new ChatOptions
    {
        MaxOutputTokens = 1,
        ModelId = "tiny",
        Tools = [AIFunctionFactory.Create(() => 1, "now")],
        ToolMode = ChatToolMode.None,
        AllowMultipleToolCalls = true,
        ResponseFormat = ChatResponseFormat.Text,
        Reasoning = new ReasoningOptions { Effort = ReasoningEffort.None },
        StopSequences = [],
    }, Ended)).FinishReason);

    /// <summary>An option of type float means the number that was written, so the same request gives the same bits as over HTTP.</summary>
    [Fact]
    public void NumbersAreThoseThatWereWritten()
    {
        SamplingOptions read = ChatSampling.Read(new ChatOptions { Temperature = 0.7f, TopP = 0.9f }, fixture.Client, 10);
        Assert.Equal((0.7, 0.9), (read.Temperature, read.TopP));
    }

    [Fact]
    public async Task MoreTokensThanFitEndWithTheContext()
    {
        ChatResponse response = await fixture.Client.GetResponseAsync("a", new ChatOptions { MaxOutputTokens = 5000, ResponseFormat = ChatResponseFormat.Json, Seed = 2 }, Ended);
        Assert.InRange(response.Usage!.TotalTokenCount!.Value, 1, 257);
    }

    [Fact]
    public async Task SamplingOptionsOfForewordAreTheBeginning()
    {
        SamplingOptions raw = new() { Seed = 9, MaxTokens = 25, TopK = 5, Temperature = 0.1 };
        using Conversation conversation = fixture.Alone.StartConversation();
        string expected = conversation.Answer("hello", raw with { Temperature = 1.5 }, cancellationToken: Ended).Text;
        Assert.Equal(expected, (await fixture.Client.GetResponseAsync("hello", new ChatOptions { RawRepresentationFactory = _ => raw, Temperature = 1.5f }, Ended)).Text);
    }

    [Fact]
    public async Task LogProbabilitiesAreInTheCompletion()
    {
        ChatResponse response = await fixture.Client.GetResponseAsync("hello", Extra("logprobs", 3), Ended);
        Completion completion = Assert.IsType<Completion>(response.RawRepresentation);
        Assert.Equal(completion.Ids.Count, completion.LogProbs!.Count);
    }

    [Fact]
    public async Task MessagesThatAreNoTextAreRefused()
    {
        (string Problem, ChatMessage Message)[] cases =
        [
            ("message 1 has a DataContent; the model reads text only", new(ChatRole.User, [new TextContent("see"), new DataContent(new byte[] { 1 }, "image/png")])),
            ("message 1 has the role tool", new(ChatRole.Tool, "42")),
            ("message 1 has a FunctionCallContent", new(ChatRole.Assistant, [new FunctionCallContent("1", "now")])),
        ];
        foreach ((string problem, ChatMessage message) in cases)
            Assert.Contains(problem, (await Assert.ThrowsAsync<NotSupportedException>(() => fixture.Client.GetResponseAsync([new(ChatRole.User, "a"), message], null, Ended))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentNullException>(() => fixture.Client.GetResponseAsync((IEnumerable<ChatMessage>)null!, null, Ended));
        Assert.Contains("there are no messages", (await Assert.ThrowsAsync<ArgumentException>(() => fixture.Client.GetResponseAsync([], null, Ended))).Message, StringComparison.Ordinal);
        Assert.Contains("leave no room", (await Assert.ThrowsAsync<ArgumentException>(() => fixture.Client.GetResponseAsync(new string('x', 900), null, Ended))).Message, StringComparison.Ordinal);
    }

    private static ChatOptions Extra(string name, object value) => new() { AdditionalProperties = new() { [name] = value } };
}
