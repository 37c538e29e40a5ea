using Foreword.Extensions.AI;
using Microsoft.Extensions.AI;

if (args is not [var path, .. { Length: <= 1 } rest])
{
    Console.Error.WriteLine("usage: ConsoleChat MODEL [TEMPLATE]");
    return 2;
}

using ForewordModel model = new(new ForewordOptions { Path = path, TemplateFile = rest is [var template] ? template : "plain" });
IChatClient client = model.AsIChatClient();
ChatOptions options = new() { MaxOutputTokens = 60, Temperature = 0.7f, TopK = 40 };
List<ChatMessage> messages = [];
Console.WriteLine($"Talk to {model.Name}. An empty line ends the conversation.");
while (Console.ReadLine() is { Length: > 0 } line)
{
    messages.Add(new ChatMessage(ChatRole.User, line));
    if (messages.Count > 5)
        messages.RemoveRange(0, 2); // the context of a small model is short
    List<ChatResponseUpdate> updates = [];
    await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(messages, options))
    {
        Console.Write(update.Text);
        updates.Add(update);
    }

    ChatResponse answer = updates.ToChatResponse();
    messages.AddMessages(answer);
    Console.WriteLine($"\n[{answer.Usage!.InputTokenCount} tokens read, {answer.Usage.CachedInputTokenCount} of them from the cache, {answer.Usage.OutputTokenCount} written]");
}

return 0;
