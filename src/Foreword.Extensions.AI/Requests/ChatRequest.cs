using System.Globalization;
using Foreword.Chat;
using Foreword.Generation;
using Microsoft.Extensions.AI;
using Author = Foreword.Chat.ChatRole;
using Message = Microsoft.Extensions.AI.ChatMessage;
using Role = Microsoft.Extensions.AI.ChatRole;

namespace Foreword.Extensions.AI.Requests;

/// <summary>Turns messages and options into a prompt and sampling options.</summary>
internal static class ChatRequest
{
    /// <summary>Reads a request.</summary>
    /// <exception cref="ArgumentException">A message or an option is not possible.</exception>
    /// <exception cref="NotSupportedException">A message or an option is not supported.</exception>
    /// <exception cref="InvalidOperationException">The model has no chat template.</exception>
    public static (int[] Ids, SamplingOptions Options) Read(IEnumerable<Message> messages, ChatOptions? options, ForewordModel model, IChatClient client, LoadedModel loaded)
    {
        if (loaded.Template is not { } template)
        {
            throw new InvalidOperationException(
                $"{model.Name} has no chat template, so messages cannot become a prompt; set {nameof(ForewordOptions.Template)} of {nameof(ForewordOptions)}, or "
                + $"{nameof(ForewordOptions.TemplateFile)} to a YAML file or to \"plain\", or add {ChatYaml.FileName} to the model directory");
        }

        ModelName.Check(options?.ModelId, model);
        ChatEncoder encoder = new(loaded.Text.Tokenizer, template);
        int[] ids = encoder.Encode(Read(messages, options?.Instructions));
        int context = loaded.Network.Config.ContextLength;
        if (ids.Length == 0)
            throw new ArgumentException("no part of the messages is in the vocabulary", nameof(messages));
        if (ids.Length >= context)
            throw new ArgumentException($"the messages have {ids.Length} tokens, which leave no room for an answer; the context length is {context}", nameof(messages));
        return (ids, encoder.Ending(ChatSampling.Read(options ?? new ChatOptions(), client, context - ids.Length)));
    }

    private static List<Foreword.Chat.ChatMessage> Read(IEnumerable<Message> messages, string? instructions)
    {
        List<Foreword.Chat.ChatMessage> read = [];
        if (!string.IsNullOrEmpty(instructions))
            read.Add(new Foreword.Chat.ChatMessage(Author.System, instructions));
        int i = 0;
        foreach (Message message in messages)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"message {i++}");
            read.Add(message is null ? throw new ArgumentException($"{name} is null", nameof(messages)) : new Foreword.Chat.ChatMessage(AuthorOf(message.Role, name), TextOf(message, name)));
        }

        return read.Count > 0 ? read : throw new ArgumentException("there are no messages and no instructions; at least one is needed", nameof(messages));
    }

    private static Author AuthorOf(Role role, string name) => role.Value switch
    {
        "system" or "developer" => Author.System,
        "user" => Author.User,
        "assistant" => Author.Assistant,
        _ => throw new NotSupportedException($"{name} has the role {role.Value}; the model reads messages of system, developer, user and assistant"),
    };

    private static string TextOf(Message message, string name)
    {
        AIContent? other = message.Contents.FirstOrDefault(content => content is not (TextContent or UsageContent));
        return other is null ? message.Text : throw new NotSupportedException($"{name} has a {other.GetType().Name}; the model reads text only");
    }
}
