using System.ClientModel;
using Microsoft.Extensions.AI;
using OpenAI;

namespace Foreword.Server.Tests.Clients;

/// <summary>Talks to the server through Microsoft.Extensions.AI, whose clients wrap OpenAI's package.</summary>
public sealed class ExtensionsAiTests(TestServer server) : IClassFixture<TestServer>
{
    private OpenAIClient Client => new(new ApiKeyCredential("any"), new OpenAIClientOptions { Endpoint = new Uri(server.Client.BaseAddress!, "/v1") });

    private static ChatOptions Options => new() { MaxOutputTokens = 25, Temperature = 0.9f, TopP = 0.9f, Seed = 4, StopSequences = ["qqq"], FrequencyPenalty = 0.1f, PresencePenalty = 0.1f };

    [Fact]
    public async Task ChatGivesTheSameTextWholeAndStreamed()
    {
        using IChatClient chat = Client.GetChatClient(TestServer.Name).AsIChatClient();
        ChatMessage[] messages = [new(ChatRole.System, "Be short."), new(ChatRole.User, "the cat")];
        ChatResponse whole = await chat.GetResponseAsync(messages, Options, TestContext.Current.CancellationToken);
        ChatResponse streamed = await chat.GetStreamingResponseAsync(messages, Options, TestContext.Current.CancellationToken).ToChatResponseAsync(TestContext.Current.CancellationToken);
        Assert.NotEmpty(whole.Text);
        Assert.Equal(whole.Text, streamed.Text);
        Assert.Equal(whole.FinishReason, streamed.FinishReason);
        Assert.Equal(whole.Usage!.TotalTokenCount, streamed.Usage!.TotalTokenCount);
        Assert.Equal(TestServer.Name, whole.ModelId);
        Assert.StartsWith("chatcmpl-", whole.ResponseId, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StructuredOutputBecomesAnObject()
    {
        using IChatClient chat = Client.GetChatClient(TestServer.Name).AsIChatClient();
        ChatResponse<Reply> reply = await chat.GetResponseAsync<Reply>("Is it?", new ChatOptions { MaxOutputTokens = 60, Seed = 4 }, cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(Enum.IsDefined(reply.Result.Answer));
    }

    [Fact]
    public async Task EmbeddingsHaveLengthOne()
    {
        using IEmbeddingGenerator<string, Embedding<float>> generator = Client.GetEmbeddingClient(TestServer.Name).AsIEmbeddingGenerator();
        GeneratedEmbeddings<Embedding<float>> embeddings = await generator.GenerateAsync(["the cat", "the dog"], new EmbeddingGenerationOptions { Dimensions = 8 }, TestContext.Current.CancellationToken);
        Assert.Equal(2, embeddings.Count);
        Assert.All(embeddings, one => Assert.Equal(1, one.Vector.ToArray().Sum(value => value * value), 4));
        Assert.Equal(8, embeddings[0].Vector.Length);
        Assert.True(embeddings.Usage!.InputTokenCount > 0);
    }

    private enum Answer
    {
        Yes,
        No,
    }

    private sealed record Reply(Answer Answer, bool Sure);
}
