using System.ClientModel;
using System.Text.Json.Nodes;
using OpenAI;
using OpenAI.Chat;

namespace Foreword.Server.Tests;

/// <summary>Talks to the server with OpenAI's own package, and with requests that it does not send.</summary>
public sealed class ChatTests(TestServer server) : IClassFixture<TestServer>
{
    private const string Path = "/v1/chat/completions";

    private ChatClient Client => new(TestServer.Name, new ApiKeyCredential("any"), new OpenAIClientOptions { Endpoint = new Uri(server.Client.BaseAddress!, "/v1") });

    [Fact]
    public async Task OpenAIsClientGetsTheSameAnswerWholeAndStreamed()
    {
        ChatMessage[] messages = [new SystemChatMessage("Be short."), new UserChatMessage("the cat"), new AssistantChatMessage("sat"), new UserChatMessage(ChatMessageContentPart.CreateTextPart("on "), ChatMessageContentPart.CreateTextPart("what?"))];
#pragma warning disable OPENAI001 // the seed is marked as a preview by the package
        ChatCompletionOptions Options() => new() { MaxOutputTokenCount = 25, Temperature = 0.9f, TopP = 0.9f, Seed = 4, StopSequences = { "\n" }, IncludeLogProbabilities = true, TopLogProbabilityCount = 2 };
#pragma warning restore OPENAI001
        ChatCompletion whole = await Client.CompleteChatAsync(messages, Options(), TestContext.Current.CancellationToken);
        Assert.Equal(ChatMessageRole.Assistant, whole.Role);
        Assert.All(whole.ContentTokenLogProbabilities, token => Assert.Equal(2, token.TopLogProbabilities.Count));
        Assert.Equal(whole.Usage.OutputTokenCount, whole.ContentTokenLogProbabilities.Count);

        string text = "";
        ChatFinishReason? reason = null;
        ChatTokenUsage? usage = null;
        await foreach (StreamingChatCompletionUpdate update in Client.CompleteChatStreamingAsync(messages, Options(), TestContext.Current.CancellationToken))
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            reason = update.FinishReason ?? reason;
            usage = update.Usage ?? usage;
        }

        Assert.Equal(whole.Content[0].Text, text);
        Assert.Equal(whole.FinishReason, reason);
        Assert.Equal(whole.Usage.TotalTokenCount, usage!.TotalTokenCount);
    }

    [Fact]
    public async Task OpenAIsClientSeesErrors()
    {
        ClientResultException problem = await Assert.ThrowsAsync<ClientResultException>(() => Client.CompleteChatAsync(
            [new UserChatMessage("x")], new ChatCompletionOptions { Tools = { ChatTool.CreateFunctionTool("f") } }, TestContext.Current.CancellationToken));
        Assert.Equal(400, problem.Status);
        Assert.Contains("tools is not supported", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{}""", "messages")]
    [InlineData("""{"messages":[]}""", "messages")]
    [InlineData("""{"messages":[{"role":"user"}]}""", "messages[0].content")]
    [InlineData("""{"messages":[{"role":"robot","content":"a"}]}""", "messages[0].role")]
    [InlineData("""{"messages":[{"content":"a"}]}""", "messages[0].role")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]}""", "messages[0].content[0].type")]
    [InlineData("""{"messages":[{"role":"user","content":"a","colour":1}]}""", "messages[0].colour")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"top_logprobs":2}""", "top_logprobs")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"logprobs":1}""", "logprobs")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"max_tokens":1000}""", "messages")]
    public async Task BadRequestsAreToldTheField(string body, string parameter)
    {
        (int status, JsonNode answer) = await server.TryPostAsync(Path, body);
        Assert.Equal(400, status);
        Assert.Equal(parameter, answer["error"]!["param"]!.GetValue<string>());
    }

    [Fact]
    public async Task AConversationThatDoesNotFitIsToldWhatToDo()
    {
        (int status, JsonNode answer) = await server.TryPostAsync(Path, """{"messages":[{"role":"user","content":"a"}],"max_tokens":1000}""");
        Assert.Equal((400, "context_length_exceeded"), (status, answer["error"]!["code"]!.GetValue<string>()));
        Assert.EndsWith("; leave out the oldest messages, or ask for fewer tokens (max_tokens)", answer["error"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AModelWithoutATemplateSaysHowToGiveOne()
    {
        await using ForewordServer plain = await TestServer.StartAsync(server.Path, options => options with { Models = [options.Models[0] with { Template = null }] });
        using HttpClient client = new() { BaseAddress = new Uri(plain.Addresses.Single()) };
        using StringContent body = new("""{"messages":[{"role":"user","content":"a"}]}""");
        using HttpResponseMessage response = await client.PostAsync(new Uri(Path, UriKind.Relative), body, TestContext.Current.CancellationToken);
        Assert.Equal(400, (int)response.StatusCode);
        Assert.Contains("chat.yaml", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await plain.StopAsync();
    }
}
