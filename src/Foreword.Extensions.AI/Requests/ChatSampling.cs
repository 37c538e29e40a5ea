using System.Globalization;
using Foreword.Generation;
using Foreword.Generation.Constraints;
using Microsoft.Extensions.AI;

namespace Foreword.Extensions.AI.Requests;

/// <summary>Turns chat options into sampling options, and refuses what the model cannot do.</summary>
internal static class ChatSampling
{
    /// <summary>Reads the options. Those without a value are the model's own distribution, a random seed, and as many tokens as fit.</summary>
    /// <param name="options">The options.</param>
    /// <param name="client">The client, for <see cref="ChatOptions.RawRepresentationFactory"/>.</param>
    /// <param name="room">The number of tokens that fit after the messages.</param>
    /// <exception cref="ArgumentException">An option is not possible.</exception>
    /// <exception cref="NotSupportedException">An option is not supported.</exception>
    public static SamplingOptions Read(ChatOptions options, IChatClient client, int room)
    {
        Refuse(options);
        SamplingOptions given = Raw(options, client) ?? new SamplingOptions { Seed = Random.Shared.NextInt64(), MaxTokens = room };
        SamplingOptions read = given with
        {
            Temperature = Exact(options.Temperature) ?? given.Temperature,
            TopP = Exact(options.TopP) ?? given.TopP,
            TopK = options.TopK ?? given.TopK,
            FrequencyPenalty = Exact(options.FrequencyPenalty) ?? given.FrequencyPenalty,
            PresencePenalty = Exact(options.PresencePenalty) ?? given.PresencePenalty,
            Seed = options.Seed ?? given.Seed,
            MaxTokens = options.MaxOutputTokens ?? given.MaxTokens,
            Stop = options.StopSequences is { Count: > 0 } stops ? [.. stops] : given.Stop,
            Constraint = ConstraintOf(options.ResponseFormat) ?? given.Constraint,
        };
        return ChatExtras.Read(options.AdditionalProperties, read).Validate();
    }

    private static void Refuse(ChatOptions options)
    {
        if (options.ConversationId is { } id)
            throw new NotSupportedException($"{nameof(options.ConversationId)} is {id}; the client keeps no conversations. Pass all messages with each call");
        if (options.Tools is { Count: > 0 } tools && options.ToolMode is not NoneChatToolMode)
            throw new NotSupportedException($"{nameof(options.Tools)} has {tools[0].Name}; the model calls no tools. Set {nameof(options.ToolMode)} to {nameof(ChatToolMode)}.{nameof(ChatToolMode.None)}, or leave the tools out");
        if (options.ToolMode is RequiredChatToolMode)
            throw new NotSupportedException($"{nameof(options.ToolMode)} requires a tool; the model calls no tools");
        if (options.Reasoning is { Effort: not (null or ReasoningEffort.None) } reasoning)
            throw new NotSupportedException($"{nameof(options.Reasoning)} has the effort {reasoning.Effort}; the model does not reason before it answers");
#pragma warning disable MEAI001 // the option is a preview, and refusing it needs no promise about its form
        if (options.ContinuationToken is not null)
            throw new NotSupportedException($"{nameof(options.ContinuationToken)} is given; the client runs no requests in the background");
#pragma warning restore MEAI001
    }

    private static SamplingOptions? Raw(ChatOptions options, IChatClient client)
    {
        object? raw = options.RawRepresentationFactory?.Invoke(client);
        if (raw is not null and not SamplingOptions)
            throw new NotSupportedException($"{nameof(options.RawRepresentationFactory)} returned a {raw.GetType().Name}; it must return {nameof(SamplingOptions)}");
        if (raw is SamplingOptions { Slide: true } or SamplingOptions { Truncate: true })
            throw new NotSupportedException($"{nameof(SamplingOptions.Slide)} and {nameof(SamplingOptions.Truncate)} are not supported; messages must fit into the context");
        return (SamplingOptions?)raw;
    }

    private static TextConstraint? ConstraintOf(ChatResponseFormat? format) => format switch
    {
        null or ChatResponseFormatText => null,
        ChatResponseFormatJson { Schema: { } schema } => SharedConstraints.Get("schema of a type", schema.GetRawText(), text => TextConstraint.JsonSchema(BoundedIntegers.Add(text))),
        ChatResponseFormatJson => SharedConstraints.Get("object", "", _ => TextConstraint.JsonObject()),
        _ => throw new NotSupportedException($"ResponseFormat is {format.GetType().Name}; it must be text or JSON"),
    };

    /// <summary>Returns the number that a caller has written: 0.7, not the nearest float to it.</summary>
    private static double? Exact(float? value) =>
        value is { } number ? double.Parse(number.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) : null;
}
