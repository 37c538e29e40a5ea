using System.ComponentModel.DataAnnotations;
using Foreword.Extensions.AI;
using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;

if (args is not [var path])
{
    Console.Error.WriteLine("usage: Agents MODEL");
    return 2;
}

using ForewordModel model = new(new ForewordOptions { Path = path, TemplateFile = "plain" });
IChatClient client = model.AsIChatClient();
ChatClientAgent writer = new(client, new ChatClientAgentOptions { Name = "writer", ChatOptions = new() { Instructions = "Write one sentence.", MaxOutputTokens = 24, TopK = 40, Seed = 1 } });
ChatClientAgent judge = new(client, new ChatClientAgentOptions { Name = "judge", ChatOptions = new() { Instructions = "Judge the sentence.", Temperature = 0 } });

// The session keeps what the writer was asked and wrote. The judge sees one sentence at a time, and always answers with a record.
AgentSession session = await writer.CreateSessionAsync();
foreach (string topic in (string[])["a lake", "the winter"])
{
    AgentResponse sentence = await writer.RunAsync($"Write about {topic}.", session);
    AgentResponse<Verdict> verdict = await judge.RunAsync<Verdict>(sentence.Text);
    Console.WriteLine($"{topic}: {sentence.Text.ReplaceLineEndings(" ")}");
    Console.WriteLine($"{verdict.Result.Grade} of 5, {(verdict.Result.IsFinal ? "final" : "to be revised")}");
}

return 0;

internal sealed record Verdict([property: Range(1, 5)] int Grade, bool IsFinal);
