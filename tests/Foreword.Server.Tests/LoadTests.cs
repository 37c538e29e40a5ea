using System.Diagnostics;
using System.Net;
using System.Text;

namespace Foreword.Server.Tests;

/// <summary>Tests many clients, clients that leave, damaged requests, limits and keys.</summary>
public sealed class LoadTests(TestServer server) : IClassFixture<TestServer>
{
    private const string Path = "/v1/completions";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AClientThatLeavesFreesItsPlace(bool streams)
    {
        await using ForewordServer one = await TestServer.StartAsync(server.Path, options => options with { MaxSequences = 1 });
        using HttpClient client = new() { BaseAddress = new Uri(one.Addresses.Single()) };
        string longRequest = TestServer.Json(new { prompt = "a", max_tokens = 250, stream = streams, logit_bias = new Dictionary<string, int> { ["0"] = -100 } });
        using CancellationTokenSource gone = new();
        Task[] leaving = [.. Enumerable.Range(0, 40).Select(_ => Task.Run(async () =>
        {
            using StringContent content = new(longRequest);
            using HttpResponseMessage response = await client.PostAsync(new Uri(Path, UriKind.Relative), content, gone.Token);
        }))];
        await Task.Delay(20, TestContext.Current.CancellationToken);
        await gone.CancelAsync();
        using StringContent last = new("""{"prompt":"b","max_tokens":1}""");
        using HttpResponseMessage answer = await client.PostAsync(new Uri(Path, UriKind.Relative), last, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await one.StopAsync();
    }

    [Fact]
    public async Task AFullQueueIsToldToComeBack()
    {
        await using ForewordServer small = await TestServer.StartAsync(server.Path, options => options with { MaxSequences = 1, MaxQueue = 1 });
        using HttpClient client = new() { BaseAddress = new Uri(small.Addresses.Single()) };
        HttpResponseMessage[] answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(async _ =>
        {
            using StringContent content = new("""{"prompt":"a","max_tokens":200}""");
            return await client.PostAsync(new Uri(Path, UriKind.Relative), content, TestContext.Current.CancellationToken);
        }));
        Assert.All(answers, answer => Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.TooManyRequests, answer.StatusCode.ToString()));
        HttpResponseMessage refused = answers.First(answer => answer.StatusCode == HttpStatusCode.TooManyRequests);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Contains(answers, answer => answer.StatusCode == HttpStatusCode.OK);
        await small.StopAsync();
    }

    /// <summary>20,000 damaged requests: all are refused or answered, none is a fault of the server.</summary>
    [Fact]
    public async Task DamagedRequestsAreNeverFaults()
    {
        Random random = new(5);
        string[] bodies =
        [
            """{"prompt":"the cat sat","max_tokens":2,"seed":1,"stop":["x"],"logit_bias":{"5":1},"logprobs":2,"echo":true}""",
            """{"messages":[{"role":"user","content":"hello"}],"max_tokens":2,"stream":true,"stream_options":{"include_usage":true}}""",
            """{"prompt":[[1,2,3],[4]],"n":2,"temperature":0.5,"max_tokens":1}""",
            """{"content":"hello","with_pieces":true}""",
            """{"tokens":[1,2,3]}""",
        ];
        string[] paths = [Path, "/v1/chat/completions", "/tokenize", "/detokenize"];
        List<byte[]> damaged = [];
        for (int i = 0; i < 20_000; i++)
        {
            byte[] body = Encoding.UTF8.GetBytes(bodies[random.Next(bodies.Length)]);
            for (int edit = random.Next(1, 4); edit > 0 && body.Length > 0; edit--)
            {
                int at = random.Next(body.Length);
                switch (random.Next(4))
                {
                    case 0:
                        body[at] = (byte)random.Next(256);
                        break;
                    case 1:
                        body = [.. body[..at], .. body[(at + 1)..]];
                        break;
                    case 2:
                        body = body[..at];
                        break;
                    default:
                        body = [.. body[..at], .. Encoding.UTF8.GetBytes(((string[])["null", "-1", "1e400", "[]", "{}", "\"\"", "99999999999999999999", "\\ud800", ",", "\"\\ud800\":1,"])[random.Next(10)]), .. body[at..]];
                        break;
                }
            }

            damaged.Add(body);
        }

        int next = -1;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            for (int i = Interlocked.Increment(ref next); i < damaged.Count; i = Interlocked.Increment(ref next))
            {
                using ByteArrayContent content = new(damaged[i]);
                using HttpResponseMessage response = await server.Client.PostAsync(new Uri(paths[i % paths.Length], UriKind.Relative), content, TestContext.Current.CancellationToken);
                Assert.True((int)response.StatusCode is 200 or (>= 400 and < 500), $"{(int)response.StatusCode} for {paths[i % paths.Length]} {Encoding.Latin1.GetString(damaged[i])}");
            }
        }));
    }

    [Fact]
    public async Task KeysAreCheckedEverywhereButForHealth()
    {
        await using ForewordServer guarded = await TestServer.StartAsync(server.Path, options => options with { ApiKeys = ["first", "second"] });
        using HttpClient client = new() { BaseAddress = new Uri(guarded.Addresses.Single()) };
        Assert.Equal(HttpStatusCode.OK, await Status("/health", null));
        Assert.Equal(HttpStatusCode.OK, await Status("/ready", null));
        Assert.Equal(HttpStatusCode.Unauthorized, await Status("/v1/models", null));
        Assert.Equal(HttpStatusCode.Unauthorized, await Status("/v1/models", "Bearer third"));
        Assert.Equal(HttpStatusCode.Unauthorized, await Status("/nowhere", null));
        Assert.Equal(HttpStatusCode.OK, await Status("/v1/models", "Bearer second"));
        await guarded.StopAsync();

        async Task<HttpStatusCode> Status(string path, string? key)
        {
            using HttpRequestMessage request = new(HttpMethod.Get, path);
            if (key is not null)
                request.Headers.Add("Authorization", key);
            using HttpResponseMessage response = await client.SendAsync(request, TestContext.Current.CancellationToken);
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task LimitsOnSizeAndTimeHold()
    {
        await using ForewordServer strict = await TestServer.StartAsync(server.Path, options => options with { MaxBodySize = 1000, Timeout = TimeSpan.FromMilliseconds(60), MaxSequences = 1 });
        using HttpClient client = new() { BaseAddress = new Uri(strict.Addresses.Single()) };
        using StringContent large = new($$"""{"prompt":"{{new string('a', 2000)}}"}""");
        using HttpResponseMessage tooLarge = await client.PostAsync(new Uri(Path, UriKind.Relative), large, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLarge.StatusCode);
        using StringContent slow = new("""{"prompt":["a","a","a","a","a","a","a","a","a","a","a","a"],"max_tokens":250,"n":1,"logprobs":20}""");
        using HttpResponseMessage tooSlow = await client.PostAsync(new Uri(Path, UriKind.Relative), slow, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.GatewayTimeout, tooSlow.StatusCode);
        await strict.StopAsync();
    }

    [Fact]
    public async Task AStreamThatTakesTooLongEndsWithAnErrorEvent()
    {
        await using ForewordServer strict = await TestServer.StartAsync(server.Path, options => options with { Timeout = TimeSpan.FromSeconds(1), MaxSequences = 1 });
        using HttpClient client = new() { BaseAddress = new Uri(strict.Addresses.Single()) };
        using StringContent body = new(TestServer.Json(new { prompt = Enumerable.Repeat("a", 200), max_tokens = 250, logprobs = 20, ignore_eos = true, stream = true }));
        using HttpResponseMessage cut = await client.PostAsync(new Uri(Path, UriKind.Relative), body, TestContext.Current.CancellationToken);
        string[] events = (await cut.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("data: [DONE]", events[^1]);
        Assert.Contains("\"error\"", events[^2], StringComparison.Ordinal);
        await strict.StopAsync();
    }

    /// <summary>A server that stops lets running requests finish.</summary>
    [Fact]
    public async Task StoppingLetsRequestsFinish()
    {
        ForewordServer stopping = await TestServer.StartAsync(server.Path, options => options with { Drain = TimeSpan.FromSeconds(60) });
        using HttpClient client = new() { BaseAddress = new Uri(stopping.Addresses.Single()) };
        using StringContent body = new("""{"prompt":"a","max_tokens":200,"logit_bias":{"0":-100},"stream":true}""");
        using HttpRequestMessage request = new(HttpMethod.Post, Path) { Content = body };
        using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Stopwatch time = Stopwatch.StartNew();
        Task stop = stopping.StopAsync();
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal);
        await stop;
        await stopping.DisposeAsync();
    }
}
