using System.Diagnostics;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Foreword.Extensions.AI.Tests;

/// <summary>The middleware of Microsoft.Extensions.AI works before the client.</summary>
public sealed class PipelineTests(ModelFixture fixture) : IClassFixture<ModelFixture>
{
    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task CachedAnswersAreNotWrittenAgain(bool streams)
    {
        int calls = 0;
        using IChatClient client = fixture.Client.AsBuilder().UseDistributedCache(new MemoryDistributedCache(Options.Create(new MemoryDistributedCacheOptions())))
            .Use((messages, options, next, cancellationToken) =>
            {
                calls++;
                return next(messages, options, cancellationToken);
            }).Build();
        ChatResponse first = await AnswerAsync(), second = await AnswerAsync();
        Assert.Equal(1, calls);
        Assert.Equal((first.Text, first.ResponseId, first.FinishReason, first.Usage!.TotalTokenCount), (second.Text, second.ResponseId, second.FinishReason, second.Usage!.TotalTokenCount));

        Task<ChatResponse> AnswerAsync() => streams
            ? client.GetStreamingResponseAsync("hello", new ChatOptions { MaxOutputTokens = 10 }, Ended).ToChatResponseAsync(Ended)
            : client.GetResponseAsync("hello", new ChatOptions { MaxOutputTokens = 10 }, Ended);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task CallsAreLogged(bool streams)
    {
        MessageList log = new();
        using ILoggerFactory loggers = LoggerFactory.Create(builder => builder.AddProvider(log).SetMinimumLevel(LogLevel.Trace));
        using IChatClient client = fixture.Client.AsBuilder().UseLogging(loggers).Build();
        _ = streams ? await client.GetStreamingResponseAsync("hello", new ChatOptions { MaxOutputTokens = 3 }, Ended).ToChatResponseAsync(Ended) : await client.GetResponseAsync("hello", new ChatOptions { MaxOutputTokens = 3 }, Ended);
        Assert.Contains(log.Messages, message => message.Contains("hello", StringComparison.Ordinal));
        Assert.Contains(log.Messages, message => message.Contains("completed", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ActivitiesHaveModelAndUsage(bool streams)
    {
        string source = $"test {Guid.NewGuid()}";
        List<Activity> activities = [];
        using ActivityListener listener = new()
        {
            ShouldListenTo = one => one.Name == source || one.Name == ForewordModel.TelemetryName,
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                lock (activities)
                    activities.Add(activity);
            },
        };
        ActivitySource.AddActivityListener(listener);
        using IChatClient client = fixture.Client.AsBuilder().UseOpenTelemetry(sourceName: source).Build();
        ChatResponse response = streams ? await client.GetStreamingResponseAsync("hello", new ChatOptions { MaxOutputTokens = 3 }, Ended).ToChatResponseAsync(Ended) : await client.GetResponseAsync("hello", new ChatOptions { MaxOutputTokens = 3 }, Ended);
        Activity call = Assert.Single(activities, activity => activity.Source.Name == source);
        Assert.Equal("foreword", call.GetTagItem("gen_ai.provider.name"));
        Assert.Equal("tiny", call.GetTagItem("gen_ai.response.model"));
        Assert.Equal(response.Usage!.InputTokenCount, Convert.ToInt64(call.GetTagItem("gen_ai.usage.input_tokens"), System.Globalization.CultureInfo.InvariantCulture));
        Activity generation = Assert.Single(activities, activity => activity.ParentSpanId == call.SpanId);
        Assert.Equal("generate tiny", generation.DisplayName);
        Assert.Equal((int)response.Usage.OutputTokenCount!, generation.GetTagItem("gen_ai.usage.output_tokens"));
    }

    /// <summary>Without tools, a pipeline that would call functions passes everything through.</summary>
    [Fact]
    public async Task APipelineThatCallsFunctionsPassesAnswersThrough()
    {
        using IChatClient client = fixture.Client.AsBuilder().UseFunctionInvocation().ConfigureOptions(options => options.MaxOutputTokens = 8).Build();
        ChatOptions options = new() { Seed = 6 };
        ChatResponse direct = await fixture.Client.GetResponseAsync("hello", new ChatOptions { Seed = 6, MaxOutputTokens = 8 }, Ended);
        Assert.Equal(direct.Text, (await client.GetResponseAsync("hello", options, Ended)).Text);
        Assert.Equal(direct.Text, (await client.GetStreamingResponseAsync("hello", options, Ended).ToChatResponseAsync(Ended)).Text);
    }

    [Fact]
    public async Task APipelineIsBuiltOverTheServices()
    {
        ServiceCollection services = new();
        services.AddForeword(options => (options.Path, options.TemplateFile) = (fixture.Path, "plain"));
        services.AddDistributedMemoryCache();
        services.AddLogging();
        services.AddChatClient(provider => provider.GetRequiredService<ForewordModel>().AsIChatClient()).UseDistributedCache().UseLogging().UseFunctionInvocation();
        await using ServiceProvider provider = services.BuildServiceProvider();
        IChatClient client = provider.GetRequiredService<IChatClient>();
        Assert.NotNull(client.GetService<DistributedCachingChatClient>());
        ChatResponse first = await client.GetResponseAsync("hello", new ChatOptions { MaxOutputTokens = 4 }, Ended);
        Assert.Equal(first.ResponseId, (await client.GetResponseAsync("hello", new ChatOptions { MaxOutputTokens = 4 }, Ended)).ResponseId);
    }

    /// <summary>Collects messages.</summary>
    private sealed class MessageList : ILoggerProvider, ILogger
    {
        public List<string> Messages { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Messages.Add(formatter(state, exception));

        public void Dispose()
        {
        }
    }
}
