using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Foreword.Chat;
using Foreword.Cpu;

namespace Foreword.Server.Tests;

/// <summary>A server with a small random model on a free port, and a client for it.</summary>
public sealed class TestServer : IAsyncLifetime
{
    public const string Name = "tiny";

    private readonly TemporaryDirectory _directory = new();

    public ForewordServer Server { get; private set; } = null!;

    public HttpClient Client { get; private set; } = null!;

    public TextModel Model { get; private set; } = null!;

    public string Path => _directory.Path;

    /// <summary>Starts a server with settings of its own for the same model.</summary>
    public static async Task<ForewordServer> StartAsync(string path, Func<ServerOptions, ServerOptions> change)
    {
        ServerOptions options = new()
        {
            Models = [new ServedModelOptions { Path = path, Name = Name, Engine = new CpuEngine { Weights = WeightType.Int8, Threads = 2 }, Template = ChatTemplate.Plain }],
            Urls = "http://127.0.0.1:0",
        };
        ForewordServer server = ForewordServer.Create(change(options));
        await server.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    public async ValueTask InitializeAsync()
    {
        RandomModel.Write(_directory.Path);
        Server = await StartAsync(_directory.Path, options => options);
        Client = new HttpClient { BaseAddress = new Uri(Server.Addresses.Single()) };
        Model = TextModel.Load(_directory.Path, WeightType.Int8, 2);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Model.Dispose();
        await Server.StopAsync();
        await Server.DisposeAsync();
        _directory.Dispose();
    }

    /// <summary>Sends a body and returns the answer, which must be a success.</summary>
    public async Task<JsonNode> PostAsync(string path, string body)
    {
        (int status, JsonNode answer) = await TryPostAsync(path, body);
        Assert.True(status == 200, answer.ToJsonString());
        return answer;
    }

    /// <summary>Sends a body and returns status and answer.</summary>
    public async Task<(int Status, JsonNode Answer)> TryPostAsync(string path, string body)
    {
        using StringContent content = new(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await Client.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
        return ((int)response.StatusCode, (await response.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!);
    }

    /// <summary>Sends a body and returns the events of the answer; the last must be <c>[DONE]</c>.</summary>
    public async Task<List<JsonNode>> StreamAsync(string path, string body)
    {
        using StringContent content = new(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await Client.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        string[] events = (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.All(events, one => Assert.StartsWith("data: ", one, StringComparison.Ordinal));
        Assert.Equal("data: [DONE]", events[^1]);
        return [.. events[..^1].Select(one => JsonNode.Parse(one["data: ".Length..])!)];
    }

    /// <summary>Writes a JSON object.</summary>
    public static string Json(object body) => JsonSerializer.Serialize(body);
}
