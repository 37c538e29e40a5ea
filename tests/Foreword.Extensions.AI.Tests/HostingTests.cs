using Foreword.Chat;
using Foreword.Cpu;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Foreword.Extensions.AI.Tests;

/// <summary>Tests models as services: settings, keys, loading, health.</summary>
public sealed class HostingTests(ModelFixture fixture) : IClassFixture<ModelFixture>
{
    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ConfigurationSetsEverything()
    {
        using IHost host = Host(("Path", fixture.Path), ("Name", "small"), ("Weights", "int8"), ("Threads", "1"), ("Deterministic", "true"), ("MaxSequences", "3"), ("MaxQueue", "5"), ("CacheMemory", "1000000"),
            ("Pooling", "last"), ("Template:User:Prefix", "Q: "), ("Template:User:Suffix", "\n"), ("Template:Assistant:Prefix", "A:"), ("Template:Stop:0", "Q:"));
        await host.StartAsync(Ended);
        ForewordOptions options = host.Services.GetRequiredService<IOptions<ForewordOptions>>().Value;
        Assert.Equal((WeightType.Int8, 1, true, 3, 5, 1_000_000, EmbeddingPooling.Last), (options.Weights!.Value, options.Threads!.Value, options.Deterministic, options.MaxSequences, options.MaxQueue, options.CacheMemory, options.Pooling));
        ChatTemplate template = options.Template!;
        Assert.Equal(("Q: ", "\n", "A:", "Q:"), (template.User.Prefix, template.User.Suffix, template.Assistant.Prefix, Assert.Single(template.Stop)));
        ChatResponse response = await host.Services.GetRequiredService<IChatClient>().GetResponseAsync("hello", new ChatOptions { MaxOutputTokens = 2 }, Ended);
        Assert.Equal("small", response.ModelId);
        Assert.Equal(64, (await host.Services.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>().GenerateVectorAsync("hello", cancellationToken: Ended)).Length);
        Assert.Same(host.Services.GetRequiredService<ForewordModel>(), host.Services.GetRequiredService<IChatClient>().GetService<ForewordModel>());
        await host.StopAsync(Ended);
    }

    [Theory]
    [InlineData("Path", "", "Foreword: Path is empty")]
    [InlineData("Path", "no/such/model", "no/such/model")]
    [InlineData("Threads", "0", "Foreword: Threads is 0; it must be 1 or more")]
    [InlineData("MaxSequences", "0", "Foreword: MaxSequences is 0")]
    [InlineData("MaxQueue", "-1", "Foreword: MaxQueue is -1")]
    [InlineData("CacheMemory", "-1", "Foreword: CacheMemory is -1")]
    [InlineData("Template:User:Prefix", "x", "Foreword: Template and TemplateFile are both given")]
    [InlineData("TemplateFile", "no/chat.yaml", "there is no chat template no/chat.yaml")]
    [InlineData("Wieghts", "int8", "Wieghts")]
    [InlineData("Weights", "int9", "int9")]
    public async Task AWrongSettingIsToldWhenTheHostStarts(string key, string value, string message)
    {
        using IHost host = Host([.. new Dictionary<string, string> { ["Path"] = fixture.Path, ["TemplateFile"] = "plain", [key] = value }.Select(pair => (pair.Key, pair.Value))]);
        Exception problem = await Assert.ThrowsAnyAsync<Exception>(() => host.StartAsync(Ended));
        Assert.Contains(message, $"{problem.Message} {problem.InnerException?.Message}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFineTunedModelIsRefused()
    {
        using IHost host = Host(("Path", Fixtures.Path("classifiers/gpt2")));
        OptionsValidationException problem = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Ended));
        Assert.Contains("is fine-tuned for classification and writes no text", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SeveralModelsHaveKeys()
    {
        HostApplicationBuilder builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddKeyedForeword("one", options => (options.Path, options.Name, options.TemplateFile) = (fixture.Path, "first", "plain"));
        builder.Services.AddKeyedForeword("two", options => (options.Path, options.Name, options.Weights, options.TemplateFile) = (fixture.Path, "second", WeightType.Int4, "plain"));
        using IHost host = builder.Build();
        await host.StartAsync(Ended);
        foreach ((string key, string name) in (ReadOnlySpan<(string, string)>)[("one", "first"), ("two", "second")])
            Assert.Equal(name, host.Services.GetRequiredKeyedService<IChatClient>(key).GetService<ChatClientMetadata>()!.DefaultModelId);
        Assert.Null(host.Services.GetService<IChatClient>());
        ChatOptions options = new() { MaxOutputTokens = 2 };
        ChatResponse[] both = await Task.WhenAll(((string[])["one", "two"]).Select(key => host.Services.GetRequiredKeyedService<IChatClient>(key).GetResponseAsync("a", options, Ended)));
        Assert.Equal(["first", "second"], both.Select(response => response.ModelId));
        await host.StopAsync(Ended);
    }

    [Fact]
    public async Task TheFirstRequestLoadsTheModelAndTheHostFreesIt()
    {
        ForewordModel model;
        using (IHost host = Host(("Path", fixture.Path), ("TemplateFile", "plain")))
        {
            await host.StartAsync(Ended);
            model = host.Services.GetRequiredService<ForewordModel>();
            Assert.False(model.IsLoaded);
            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => host.Services.GetRequiredService<IChatClient>().GetResponseAsync("a", new ChatOptions { MaxOutputTokens = 1 }, Ended)));
            Assert.True(model.IsLoaded);
            await host.StopAsync(Ended);
        }

        await Assert.ThrowsAsync<ObjectDisposedException>(() => model.LoadAsync(Ended));
    }

    [Fact]
    public async Task HealthFollowsTheLoading()
    {
        using IHost lazy = Host(("Path", fixture.Path));
        await lazy.StartAsync(Ended);
        HealthReportEntry waiting = await HealthAsync(lazy);
        Assert.Equal((HealthStatus.Healthy, $"{System.IO.Path.GetFileName(fixture.Path)} is loaded with the first request"), (waiting.Status, waiting.Description));
        await lazy.Services.GetRequiredService<ForewordModel>().LoadAsync(Ended);
        HealthReportEntry loaded = await HealthAsync(lazy);
        Assert.Equal(HealthStatus.Healthy, loaded.Status);
        Assert.Equal(("f32", 0), (loaded.Data["weights"], loaded.Data["running"]));
    }

    /// <summary>A model whose weights are broken is opened, but cannot be loaded. When the file is whole again, the next request loads it.</summary>
    [Fact]
    public async Task AModelThatCannotBeLoadedIsUnhealthyAndTriedAgain()
    {
        using TemporaryDirectory directory = new();
        RandomModel.Write(directory.Path);
        string config = await File.ReadAllTextAsync(directory.File("config.json"), Ended);
        using IHost host = Host(("Path", directory.Path), ("LoadOnStart", "true"), ("TemplateFile", "plain"), ("Threads", "1"));
        _ = host.Services.GetRequiredService<IOptionsMonitor<ForewordOptions>>().Get(null);
        await File.WriteAllTextAsync(directory.File("config.json"), config.Replace("\"n_layer\": 2", "\"n_layer\": 3", StringComparison.Ordinal), Ended);
        await host.StartAsync(Ended);
        ForewordModel model = host.Services.GetRequiredService<ForewordModel>();
        await Assert.ThrowsAsync<InvalidDataException>(() => model.LoadAsync(Ended));
        HealthReportEntry failed = await HealthAsync(host);
        Assert.Equal(HealthStatus.Unhealthy, failed.Status);
        Assert.IsType<InvalidDataException>(failed.Exception);
        await File.WriteAllTextAsync(directory.File("config.json"), config, Ended);
        Assert.NotNull((await host.Services.GetRequiredService<IChatClient>().GetResponseAsync("a", new ChatOptions { MaxOutputTokens = 1 }, Ended)).Usage);
        Assert.Equal(HealthStatus.Healthy, (await HealthAsync(host)).Status);
    }

    [Fact]
    public void SettingsAreCheckedWithoutAHost() =>
        Assert.Contains("Path is empty", Assert.Throws<ArgumentException>(() => new ForewordModel(new ForewordOptions())).Message, StringComparison.Ordinal);

    private static IHost Host(params (string Key, string Value)[] settings)
    {
        HostApplicationBuilder builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(settings.Select(pair => KeyValuePair.Create($"Foreword:{pair.Key}", (string?)pair.Value)));
        builder.Services.AddForeword(builder.Configuration.GetSection("Foreword"));
        builder.Services.AddLogging().AddHealthChecks().AddForeword();
        return builder.Build();
    }

    private static async Task<HealthReportEntry> HealthAsync(IHost host) =>
        (await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Ended)).Entries["foreword"];
}
