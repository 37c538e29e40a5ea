using Foreword.Chat;
using Foreword.Generation;
using Microsoft.Extensions.AI;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;
using ChatRole = Microsoft.Extensions.AI.ChatRole;

namespace Foreword.Extensions.AI.Tests;

/// <summary>The parts of the checklist of Microsoft.Extensions.AI that a model without tools can fulfill, and what Foreword promises beyond it.</summary>
public sealed class ChatClientTests(ModelFixture fixture) : IClassFixture<ModelFixture>
{
    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AnAnswerHasTextIdsNamesAndUsage()
    {
        DateTimeOffset before = DateTimeOffset.UtcNow;
        ChatResponse response = await fixture.Client.GetResponseAsync("the cat sat", new ChatOptions { Seed = 1, MaxOutputTokens = 12 }, Ended);
        ChatMessage message = Assert.Single(response.Messages);
        Assert.Equal(ChatRole.Assistant, message.Role);
        Assert.Equal(response.Text, message.Text);
        Assert.False(string.IsNullOrEmpty(response.ResponseId));
        Assert.False(string.IsNullOrEmpty(message.MessageId));
        Assert.Equal("tiny", response.ModelId);
        Assert.InRange(response.CreatedAt!.Value, before, DateTimeOffset.UtcNow);
        Completion completion = Assert.IsType<Completion>(response.RawRepresentation);
        Assert.Equal(completion.Text, response.Text);
        Assert.Equal(completion.FinishReason == FinishReason.Length ? ChatFinishReason.Length : ChatFinishReason.Stop, response.FinishReason);
        int ids = new Foreword.Chat.ChatEncoder(fixture.Alone.Tokenizer, ChatTemplate.Plain).Encode([new Foreword.Chat.ChatMessage(Foreword.Chat.ChatRole.User, "the cat sat")]).Length;
        Assert.Equal(ids, response.Usage!.InputTokenCount);
        Assert.Equal(completion.Ids.Count + (completion.EndId is null ? 0 : 1), response.Usage.OutputTokenCount);
        Assert.Equal(response.Usage.InputTokenCount + response.Usage.OutputTokenCount, response.Usage.TotalTokenCount);
    }

    [Fact]
    public async Task MessagesWithoutContentAreRead()
    {
        ChatResponse response = await fixture.Client.GetResponseAsync(
            [new(ChatRole.System, []), new(ChatRole.User, []), new(ChatRole.Assistant, []), new(ChatRole.User, "one and two")], new ChatOptions { MaxOutputTokens = 5 }, Ended);
        Assert.NotNull(response.FinishReason);
    }

    [Fact]
    public async Task AConversationIsAnsweredAsWithoutTheScheduler()
    {
        SamplingOptions options = new() { Seed = 3, Temperature = 0.7, TopK = 40, MaxTokens = 20 };
        List<ChatMessage> messages = [new(ChatRole.System, "Be brief.")];
        foreach (string said in (string[])["the cat", "and the dog", "at the lake"])
        {
            using Conversation conversation = new(fixture.Alone.Model, fixture.Alone.Tokenizer, ChatTemplate.Plain, [.. messages.Select(Known)]);
            messages.Add(new ChatMessage(ChatRole.User, [new TextContent(said[..3]), new TextContent(said[3..])]));
            ChatResponse response = await fixture.Client.GetResponseAsync(messages, new ChatOptions { Seed = 3, Temperature = 0.7f, TopK = 40, MaxOutputTokens = 20 }, Ended);
            Assert.Equal(conversation.Answer(said, options, cancellationToken: Ended).Text, response.Text);
            messages.AddMessages(response);
        }

        static Foreword.Chat.ChatMessage Known(ChatMessage message) => new(Enum.Parse<Foreword.Chat.ChatRole>(message.Role.Value, ignoreCase: true), message.Text);
    }

    [Fact]
    public async Task InstructionsAreTheFirstMessage()
    {
        ChatOptions options = new() { Seed = 1, MaxOutputTokens = 20 };
        ChatResponse message = await fixture.Client.GetResponseAsync([new(ChatRole.System, "Be brief."), new(ChatRole.User, "hello")], options, Ended);
        ChatResponse instruction = await fixture.Client.GetResponseAsync("hello", new ChatOptions { Seed = 1, MaxOutputTokens = 20, Instructions = "Be brief." }, Ended);
        Assert.Equal(message.Text, instruction.Text);
        Assert.Equal(message.Usage!.InputTokenCount, instruction.Usage!.InputTokenCount);
        Assert.NotEqual(message.Usage.InputTokenCount, (await fixture.Client.GetResponseAsync("hello", options, Ended)).Usage!.InputTokenCount);
    }

    [Fact]
    public async Task AStreamHasTheSameTextIdsAndUsage()
    {
        ChatOptions options = new() { Seed = 5, MaxOutputTokens = 40, StopSequences = ["zz"] };
        ChatResponse whole = await fixture.Client.GetResponseAsync("tell me", options, Ended);
        List<ChatResponseUpdate> updates = [];
        await foreach (ChatResponseUpdate update in fixture.Client.GetStreamingResponseAsync("tell me", options, Ended))
            updates.Add(update);
        Assert.True(updates.Count > 2);
        Assert.Single(updates.Select(update => (update.ResponseId, update.MessageId, update.ModelId, update.CreatedAt, update.Role)).Distinct());
        Assert.All(updates[..^1], update => Assert.Null(update.FinishReason));
        UsageDetails usage = Assert.Single(updates.SelectMany(update => update.Contents).OfType<UsageContent>()).Details;
        Assert.Equal((whole.Usage!.InputTokenCount, whole.Usage.OutputTokenCount), (usage.InputTokenCount, usage.OutputTokenCount));
        ChatResponse gathered = updates.ToChatResponse();
        Assert.Equal(whole.Text, gathered.Text);
        Assert.Equal(whole.FinishReason, gathered.FinishReason);
        Assert.NotNull(gathered.Usage);
    }

    [Fact]
    public async Task ABeginningThatWasReadIsCounted()
    {
        string system = string.Concat(Enumerable.Repeat("rules ", 25));
        ChatOptions options = new() { Instructions = system, MaxOutputTokens = 2, Temperature = 0 };
        await fixture.Client.GetResponseAsync("first", options, Ended);
        UsageDetails usage = (await fixture.Client.GetResponseAsync("second", options, Ended)).Usage!;
        Assert.InRange(usage.CachedInputTokenCount!.Value, 64, usage.InputTokenCount!.Value);
    }

    /// <summary>Concurrent calls share passes, and each gets exactly the answer that it gets alone.</summary>
    [Fact]
    public async Task ConcurrentCallsGetTheirOwnAnswers()
    {
        (string Text, ChatOptions Options)[] calls = [.. Enumerable.Range(0, 24).Select(i =>
            ($"question {i} {new string('a', i * 3)}", new ChatOptions { Seed = i, Temperature = i % 3 == 0 ? 0 : 1, MaxOutputTokens = 10 + i, AdditionalProperties = new() { ["logprobs"] = 0 } }))];
        List<string> alone = [];
        foreach ((string text, ChatOptions options) in calls)
            alone.Add(Numbers(await fixture.Client.GetResponseAsync(text, options, Ended)));
        using ForewordModel cold = fixture.Create(options => options.CacheMemory = 0);
        IChatClient client = cold.AsIChatClient();
        ChatResponse[] together = await Task.WhenAll(calls.Select((call, i) => i % 2 == 0
            ? client.GetResponseAsync(call.Text, call.Options, Ended) : StreamAsync(client, call.Text, call.Options)));
        Assert.Equal(alone, together.Select(Numbers));
        Assert.True(cold.Loaded!.Scheduler.Statistics.Passes < together.Sum(response => response.Usage!.OutputTokenCount), "no passes were shared");

        static async Task<ChatResponse> StreamAsync(IChatClient client, string text, ChatOptions options)
        {
            List<ChatResponseUpdate> updates = [];
            await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(text, options, Ended))
                updates.Add(update);
            ChatResponse response = updates.ToChatResponse();
            response.RawRepresentation = updates[^1].RawRepresentation;
            return response;
        }

        static string Numbers(ChatResponse response) =>
            $"{response.Text}|{string.Join(',', ((Completion)response.RawRepresentation!).LogProbs!.Select(one => BitConverter.SingleToInt32Bits(one.LogProb)))}";
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ACanceledCallFreesItsPlace(bool streams)
    {
        using ForewordModel narrow = fixture.Create(options => options.MaxSequences = 1);
        IChatClient client = narrow.AsIChatClient();
        ChatOptions endless = new() { MaxOutputTokens = 200, AdditionalProperties = new() { ["ignore_eos"] = true, ["logit_bias"] = Newline() } };
        using CancellationTokenSource leaving = new();
        Task[] calls = [.. Enumerable.Range(0, 10).Select(_ => streams ? client.GetStreamingResponseAsync("a", endless, leaving.Token).ToChatResponseAsync(leaving.Token) : client.GetResponseAsync("a", endless, leaving.Token))];
        await narrow.LoadAsync(Ended);
        await leaving.CancelAsync();
        foreach (Task call in calls)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.NotNull((await client.GetResponseAsync("b", new ChatOptions { MaxOutputTokens = 1 }, Ended)).FinishReason);
        Assert.Equal((0, 0), await IdleAsync(narrow));
    }

    /// <summary>Each stream has 200 tokens. A few are written before the scheduler notices that nobody reads them.</summary>
    [Fact]
    public async Task AStreamThatIsNotReadToItsEndFreesItsPlace()
    {
        using ForewordModel narrow = fixture.Create(options => options.MaxSequences = 1);
        IChatClient client = narrow.AsIChatClient();
        for (int i = 0; i < 20; i++)
        {
            await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync("a", new ChatOptions { MaxOutputTokens = 200, AdditionalProperties = new() { ["ignore_eos"] = true, ["logit_bias"] = Newline() } }, Ended))
                break;
        }

        Assert.Equal((0, 0), await IdleAsync(narrow));
        Assert.InRange(narrow.Loaded!.Scheduler.Statistics.GeneratedTokens, 0, 20 * 199 * 9 / 10);
    }

    [Fact]
    public async Task AFullQueueIsAnError()
    {
        using ForewordModel narrow = fixture.Create(options => (options.MaxSequences, options.MaxQueue) = (1, 1));
        await narrow.LoadAsync(Ended);
        IChatClient client = narrow.AsIChatClient();
        Task[] calls = [.. Enumerable.Range(0, 20).Select(_ => client.GetResponseAsync("a", new ChatOptions { MaxOutputTokens = 100 }, Ended))];
        await Task.WhenAll(calls.Select(call => call.ContinueWith(_ => { }, TaskScheduler.Default)));
        Assert.Contains(calls, call => call.IsCompletedSuccessfully);
        Exception refused = Assert.Single(calls.First(call => call.IsFaulted).Exception!.InnerExceptions);
        Assert.Equal("too many requests wait for the model; try again later", Assert.IsAssignableFrom<InvalidOperationException>(refused).Message);
    }

    [Fact]
    public async Task DisposingTheModelEndsItsCalls()
    {
        ForewordModel short_ = fixture.Create();
        IChatClient client = short_.AsIChatClient();
        await using IAsyncEnumerator<ChatResponseUpdate> updates = client.GetStreamingResponseAsync(
            "a", new ChatOptions { MaxOutputTokens = 240, AdditionalProperties = new() { ["ignore_eos"] = true, ["logit_bias"] = Newline() } }, Ended).GetAsyncEnumerator(Ended);
        Assert.True(await updates.MoveNextAsync());
        short_.Dispose();
        short_.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () =>
        {
            while (await updates.MoveNextAsync())
            {
            }
        });
        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.GetResponseAsync("a", null, Ended));
    }

    [Fact]
    public async Task AModelWithoutATemplateSaysHowToGiveOne()
    {
        using ForewordModel bare = fixture.Create(options => options.Template = null);
        InvalidOperationException problem = await Assert.ThrowsAsync<InvalidOperationException>(() => bare.AsIChatClient().GetResponseAsync("a", null, Ended));
        Assert.Equal(
            "tiny has no chat template, so messages cannot become a prompt; set Template of ForewordOptions, or TemplateFile to a YAML file or to \"plain\", or add chat.yaml to the model directory", problem.Message);
    }

    [Fact]
    public async Task ServicesAreFound()
    {
        ChatClientMetadata metadata = fixture.Client.GetRequiredService<ChatClientMetadata>();
        Assert.Equal(("foreword", "tiny"), (metadata.ProviderName, metadata.DefaultModelId));
        Assert.Same(fixture.Client, fixture.Client.GetService<IChatClient>());
        Assert.Same(fixture.Model, fixture.Client.GetService<ForewordModel>());
        Assert.Same(await fixture.Model.LoadAsync(Ended), fixture.Client.GetService<TextModel>());
        Assert.Null(fixture.Client.GetService<string>());
        Assert.Null(fixture.Client.GetService<IChatClient>("key"));
        fixture.Client.Dispose();
        Assert.NotNull((await fixture.Client.GetResponseAsync("still here", new ChatOptions { MaxOutputTokens = 1 }, Ended)).Usage);
    }

    private Dictionary<int, double> Newline() => fixture.Alone.Tokenizer.Encode("\n").ToDictionary(id => id, _ => -100.0);

    private static async Task<(int Running, int Waiting)> IdleAsync(ForewordModel model)
    {
        for (int i = 0; i < 600 && model.Loaded!.Scheduler.Statistics.Running + model.Loaded.Scheduler.Statistics.Waiting > 0; i++)
            await Task.Delay(50, Ended);
        return (model.Loaded!.Scheduler.Statistics.Running, model.Loaded.Scheduler.Statistics.Waiting);
    }
}
