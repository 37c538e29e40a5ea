using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Foreword.Hub.Tests;

/// <summary>A request that the server received.</summary>
internal sealed record FakeRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>Gets the first requested byte; 0 if the request has no range.</summary>
    public int From => Headers.TryGetValue("Range", out string? range) ? int.Parse(range["bytes=".Length..^1], CultureInfo.InvariantCulture) : 0;
}

/// <summary>A response of the server. The body may break off, or have a different length from the one that the header states.</summary>
internal sealed record FakeAnswer(int Status, byte[] Body, params (string Name, string Value)[] Headers)
{
    /// <summary>Gets the number of body bytes after which the connection is closed; null to send the whole body.</summary>
    public int? BreaksAfter { get; init; }

    /// <summary>Gets the number of body bytes after which nothing more is sent, but the connection stays open; null to send the whole body.</summary>
    public int? StallsAfter { get; init; }

    /// <summary>Gets the Content-Length to state; null for the body's length, and -1 for no Content-Length.</summary>
    public long? ClaimedLength { get; init; }

    public static FakeAnswer Text(int status, string text, params (string, string)[] headers) => new(status, Encoding.UTF8.GetBytes(text), headers);
}

/// <summary>A small HTTP server on its own port that responds as a test specifies, including incorrectly.</summary>
internal sealed class FakeHub : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<FakeRequest, FakeAnswer> _answer;

    public FakeHub(Func<FakeRequest, FakeAnswer> answer)
    {
        _answer = answer;
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _ = AcceptAsync();
    }

    public Uri Address { get; }

    /// <summary>Gets all requests so far.</summary>
    public ConcurrentQueue<FakeRequest> Requests { get; } = [];

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Stop();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
        }
        catch (Exception problem) when (problem is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // the test is over
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                NetworkStream stream = client.GetStream();
                FakeRequest request = await ReadAsync(stream);
                Requests.Enqueue(request);
                await WriteAsync(stream, request, _answer(request));
            }
            catch (Exception problem) when (problem is IOException or OperationCanceledException or ObjectDisposedException)
            {
                // the client has closed the connection
            }
        }
    }

    private static async Task<FakeRequest> ReadAsync(NetworkStream stream)
    {
        using StreamReader reader = new(stream, Encoding.ASCII, leaveOpen: true);
        string[] first = (await reader.ReadLineAsync() ?? throw new IOException("no request")).Split(' ');
        Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
        for (string? line; !string.IsNullOrEmpty(line = await reader.ReadLineAsync());)
            headers[line[..line.IndexOf(':')]] = line[(line.IndexOf(':') + 1)..].Trim();
        return new FakeRequest(first[0], first[1], headers);
    }

    private async Task WriteAsync(NetworkStream stream, FakeRequest request, FakeAnswer answer)
    {
        StringBuilder head = new($"HTTP/1.1 {answer.Status} {(HttpStatusCode)answer.Status}\r\nConnection: close\r\n");
        if (answer.ClaimedLength != -1)
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {answer.ClaimedLength ?? answer.Body.Length}\r\n");
        foreach ((string name, string value) in answer.Headers)
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()));
        if (request.Method == "HEAD")
            return;
        await stream.WriteAsync(answer.Body.AsMemory(0, answer.BreaksAfter ?? answer.StallsAfter ?? answer.Body.Length));
        await stream.FlushAsync();
        if (answer.StallsAfter is not null)
            await Task.Delay(Timeout.Infinite, _stop.Token);
    }
}
