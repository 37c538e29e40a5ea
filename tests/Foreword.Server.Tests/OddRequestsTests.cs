using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Foreword.Server.Tests;

/// <summary>Sends requests that no HTTP client sends: odd methods, headers and content types, deep and doubled JSON, bodies that end early.</summary>
public sealed class OddRequestsTests(TestServer server) : IClassFixture<TestServer>
{
    private static readonly string[] _methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "BREW", "post", "P\u00d6ST", ""];
    private static readonly string[] _paths = ["/v1/completions", "/v1/chat/completions", "/v1/embeddings", "/v1/models", "/v1/models/%00", "/v1/models/..%2f..%2fetc", "/v1/runs/..", "/tokenize", "/detokenize", "/docs/", "/page/../x", "//", "/%ff", "*", "/v1/completions?a=%"];
    private static readonly string[] _types = ["application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=utf-16", "\u0001", ""];

    private static readonly string[] _headers =
    [
        "Accept-Encoding: gzip;q=2, br;q=x, *", "Accept-Encoding: \u00e9", "Authorization: Bearer", "Authorization: Basic !!", "X-Api-Key: \t", "Expect: 100-continue", "Expect: nothing", "Upgrade: websocket",
        "Content-Encoding: gzip", "Range: bytes=5-1", "If-None-Match: \"", "Cookie: =;=;", "Origin: null", "Host: other", "Content-Length: -1", "Transfer-Encoding: gzip", "Content-Type: x/y", "No colon", ": empty", " folded",
    ];

    private const string Interim = "HTTP/1.1 100 Continue\r\n\r\n"; // comes before the answer to a request with Expect

    /// <summary>2,000 requests, written byte by byte: each gets 200, 3xx or 4xx. Only a request that ends early, or announces more than it sends, may be left without an answer.</summary>
    [Fact]
    public async Task OddRequestsAreNeverFaults()
    {
        int next = -1;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            for (int i = Interlocked.Increment(ref next); i < 2000; i = Interlocked.Increment(ref next))
            {
                (byte[] request, bool isWhole) = Request(new Random(i));
                (string answer, bool isEnded) = await SendAsync(request, isWhole).WaitAsync(TimeSpan.FromMinutes(5), TestContext.Current.CancellationToken);
                answer = answer.StartsWith(Interim, StringComparison.Ordinal) ? answer[Interim.Length..] : answer;
                if (answer.Length == 0 && isEnded)
                    continue;
                string status = answer.Split(' ') is [_, { Length: 3 } code, ..] ? code : answer;
                Assert.True(status is "200" or "204" or "302" or "304" || status.StartsWith('4'), $"{i}: {answer}\n{Encoding.Latin1.GetString(request)}");
            }
        }));
        using HttpResponseMessage alive = await server.Client.GetAsync(new Uri("/health", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.True(alive.IsSuccessStatusCode);
    }

    private static (byte[] Request, bool IsWhole) Request(Random random)
    {
        byte[] body = Body(random);
        bool isChunked = random.Next(3) == 0, isWhole = random.Next(3) > 0;
        StringBuilder head = new();
        head.Append(random.Next(2) == 0 ? "POST" : Any(random, _methods)).Append(' ').Append(Any(random, _paths)).Append(" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        for (int header = random.Next(3); header > 0; header--)
            head.Append(Any(random, _headers)).Append("\r\n");
        head.Append("Content-Type: ").Append(Any(random, _types)).Append("\r\n");
        if (isChunked)
            head.Append("Transfer-Encoding: chunked\r\n\r\n").Append(body.Length.ToString("x", CultureInfo.InvariantCulture)).Append("\r\n");
        else
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\n\r\n");
        byte[] all = [.. Encoding.Latin1.GetBytes(head.ToString()), .. body, .. isChunked ? "\r\n0\r\n\r\n"u8 : []];
        return (isWhole ? all : all[..random.Next(all.Length)], isWhole);
    }

    private static byte[] Body(Random random)
    {
        int depth = 1 << random.Next(16);
        return random.Next(7) switch
        {
            0 => Encoding.UTF8.GetBytes($"{{\"prompt\":{new string('[', depth)}1{new string(']', depth)}}}"),
            1 => Encoding.UTF8.GetBytes($"{{\"messages\":[{string.Concat(Enumerable.Repeat("{\"role\":", depth % 500))}"),
            2 => "{\"prompt\":\"a\",\"prompt\":\"b\",\"max_tokens\":1}"u8.ToArray(),
            3 => [.. "{\"prompt\":\""u8, 0xc3, 0x28, 0xff, 0xfe, .. "\"}"u8],
            4 => Encoding.UTF8.GetBytes($"{{\"prompt\":\"a\",\"max_tokens\":{new string('9', 1 + random.Next(400))},\"temperature\":1e{random.Next(999)}}}"),
            5 => Encoding.Unicode.GetBytes("{\"prompt\":\"a\"}"),
            _ => [],
        };
    }

    /// <summary>Sends bytes and returns all that comes back, and whether this side ended the connection: at once if the request is cut, else if the server waits for more.</summary>
    private async Task<(string Answer, bool IsEnded)> SendAsync(byte[] request, bool isWhole)
    {
        using TcpClient client = new();
        await client.ConnectAsync(server.Client.BaseAddress!.Host, server.Client.BaseAddress.Port, TestContext.Current.CancellationToken);
        NetworkStream stream = client.GetStream();
        using MemoryStream answer = new();
        bool isEnded = !isWhole;
        try
        {
            await stream.WriteAsync(request, TestContext.Current.CancellationToken);
            Task read = stream.CopyToAsync(answer, TestContext.Current.CancellationToken);
            if (!isEnded)
                isEnded = await Task.WhenAny(read, Task.Delay(TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken)) != read;
            if (isEnded)
                client.Client.Shutdown(SocketShutdown.Send); // the server takes this for a client that is gone
            await read;
        }
        catch (Exception closed) when (closed is IOException or SocketException)
        {
            isEnded = true; // the server closes a connection on which it reads nonsense, maybe before all was sent
        }

        return (Encoding.Latin1.GetString(answer.ToArray()), isEnded);
    }

    private static string Any(Random random, string[] values) => values[random.Next(values.Length)];
}
