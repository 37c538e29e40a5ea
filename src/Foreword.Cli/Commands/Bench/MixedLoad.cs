using System.Text;
using System.Text.Json;

namespace Foreword.Cli.Commands.Bench;

/// <summary>
/// Sends a mixture of requests from many clients. A third of them is aborted before the answer is complete. Every other answer is compared with the one
/// that the same request gets alone.
/// </summary>
/// <param name="client">A client with the server's address.</param>
/// <param name="mix">The different requests.</param>
internal sealed class MixedLoad(HttpClient client, IReadOnlyList<MixedRequest> mix)
{
    /// <summary>After this time, a request counts as lost.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    private readonly Lock _change = new();
    private int _answered, _aborted, _lost, _wrong;
    private string? _firstProblem;

    /// <summary>Gets the answers that each request gets alone, and the time of one.</summary>
    private (string Answer, TimeSpan Time)[] _alone = [];

    /// <summary>Sends each request twice, one after the other. Their answers are what <see cref="RunAsync"/> compares with.</summary>
    /// <exception cref="InvalidDataException">A request got no answer, or two different ones.</exception>
    public async Task AskAloneAsync(CancellationToken cancellationToken)
    {
        List<(string, TimeSpan)> alone = [];
        foreach (MixedRequest request in mix)
        {
            long start = System.Diagnostics.Stopwatch.GetTimestamp();
            string first = await AskAsync(request, int.MaxValue, cancellationToken).ConfigureAwait(false);
            TimeSpan time = System.Diagnostics.Stopwatch.GetElapsedTime(start);
            if (await AskAsync(request, int.MaxValue, cancellationToken).ConfigureAwait(false) != first)
                throw new InvalidDataException($"the server answers {request.Path} with the body {request.Body} differently each time, even if it does nothing else; --mixed needs equal answers");
            alone.Add((first, time));
        }

        _alone = [.. alone];
    }

    /// <summary>Sends the requests.</summary>
    /// <param name="clients">The number of requests at a time.</param>
    /// <param name="requests">The number of requests.</param>
    /// <param name="seed">The seed of the times at which requests are aborted.</param>
    /// <param name="early">The number of requests after which <paramref name="onEarly"/> is called.</param>
    /// <param name="onEarly">Is called once, while requests run.</param>
    /// <param name="cancellationToken">Ends the load.</param>
    public async Task<MixedCounts> RunAsync(int clients, int requests, int seed, int early, Action onEarly, CancellationToken cancellationToken)
    {
        int next = -1, done = 0;
        await Task.WhenAll(Enumerable.Range(0, clients).Select(async _ =>
        {
            for (int i = Interlocked.Increment(ref next); i < requests; i = Interlocked.Increment(ref next))
            {
                await SendAsync(i, seed, cancellationToken).ConfigureAwait(false);
                if (Interlocked.Increment(ref done) == early)
                    onEarly();
            }
        })).ConfigureAwait(false);
        return new MixedCounts(requests, clients, _answered, _aborted, _lost, _wrong, _firstProblem);
    }

    private async Task SendAsync(int number, int seed, CancellationToken cancellationToken)
    {
        Random random = new(unchecked(seed * 31 + number));
        int which = random.Next(mix.Count);
        bool aborts = number % 3 == 0;
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using CancellationTokenSource gone = CancellationTokenSource.CreateLinkedTokenSource(limit.Token);
        limit.CancelAfter(Longest);
        if (aborts && !mix[which].Streams)
            gone.CancelAfter(random.NextDouble() * _alone[which].Time);
        try
        {
            string answer = await AskAsync(mix[which], aborts ? random.Next(4) : int.MaxValue, gone.Token).ConfigureAwait(false);
            if (answer == _alone[which].Answer)
                Interlocked.Increment(ref _answered);
            else
                Count(ref _wrong, $"{mix[which].Path} with the body {mix[which].Body} was answered with {answer}; alone, the answer is {_alone[which].Answer}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            if (aborts && !limit.IsCancellationRequested)
                Interlocked.Increment(ref _aborted);
            else
                Count(ref _lost, $"{mix[which].Path} with the body {mix[which].Body} got no answer within {Longest.TotalMinutes} minutes");
        }
        catch (InvalidDataException problem)
        {
            Count(ref _lost, problem.Message);
        }
    }

    private void Count(ref int count, string problem)
    {
        lock (_change)
        {
            count++;
            _firstProblem ??= problem;
        }
    }

    /// <summary>Sends a request and returns its status with what must be equal each time: choices, vectors or the error.</summary>
    /// <param name="request">The request.</param>
    /// <param name="most">The number of events after which the client leaves.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <exception cref="InvalidDataException">The server is to blame for the status, or the answer ends early or has another form. The message names the request.</exception>
    /// <exception cref="OperationCanceledException">The request was aborted.</exception>
    private async Task<string> AskAsync(MixedRequest request, int most, CancellationToken cancellationToken)
    {
        try
        {
            return await AnswerAsync(request, most, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is HttpRequestException or IOException or InvalidDataException or JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new InvalidDataException($"{request.Path} with the body {request.Body}: {problem.Message}", problem);
        }
    }

    private async Task<string> AnswerAsync(MixedRequest request, int most, CancellationToken cancellationToken)
    {
        using HttpRequestMessage message = new(HttpMethod.Post, request.Path) { Content = new StringContent(request.Body, Encoding.UTF8, "application/json") };
        using HttpResponseMessage response = await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        int status = (int)response.StatusCode;
        if (status is >= 500 or 429)
            throw new InvalidDataException($"the server answered with status {status}");
        if (request.Streams && response.IsSuccessStatusCode)
            return await EventsAsync(response, most, cancellationToken).ConfigureAwait(false);
        using JsonDocument answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false));
        string[] kept = [.. answer.RootElement.EnumerateObject().Where(field => field.Name is "choices" or "data" or "error").Select(field => field.Value.GetRawText())];
        return $"{status} {string.Concat(kept)}";
    }

    /// <summary>Joins the text of each choice. Which events it comes in depends on what else the server does.</summary>
    private static async Task<string> EventsAsync(HttpResponseMessage response, int most, CancellationToken cancellationToken)
    {
        SortedDictionary<int, StringBuilder> texts = [];
        using StreamReader reader = new(await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), Encoding.UTF8);
        for (int events = 0; await reader.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line;)
        {
            if (!line.StartsWith("data: ", StringComparison.Ordinal))
                continue;
            if (line == "data: [DONE]")
                return string.Join('|', texts.Select(text => $"{text.Key}: {text.Value}"));
            if (events++ == most)
                throw new OperationCanceledException("the client leaves");
            using JsonDocument chunk = JsonDocument.Parse(line[6..]);
            if (!chunk.RootElement.TryGetProperty("choices", out JsonElement choices))
                throw new InvalidDataException($"the stream has an error: {line}");
            foreach (JsonElement choice in choices.EnumerateArray())
                Add(texts, choice);
        }

        throw new InvalidDataException("the stream ended without [DONE]");
    }

    private static void Add(SortedDictionary<int, StringBuilder> texts, JsonElement choice)
    {
        int index = choice.GetProperty("index").GetInt32();
        if (!texts.TryGetValue(index, out StringBuilder? text))
            texts.Add(index, text = new StringBuilder());
        if (choice.TryGetProperty("text", out JsonElement part) || (choice.TryGetProperty("delta", out JsonElement delta) && delta.TryGetProperty("content", out part)))
            text.Append(part.GetString());
        if (choice.TryGetProperty("finish_reason", out JsonElement reason) && reason.ValueKind == JsonValueKind.String)
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $" ({reason.GetString()})");
    }
}

/// <summary>The outcome of a mixture of requests, in numbers.</summary>
/// <param name="Requests">The number of requests.</param>
/// <param name="Clients">The number of requests at a time.</param>
/// <param name="Answered">The number of answers that equal those given alone.</param>
/// <param name="Aborted">The number of requests that the client left.</param>
/// <param name="Lost">The number of requests without a complete answer, or with a status that the server is to blame for.</param>
/// <param name="Wrong">The number of other answers than those given alone.</param>
/// <param name="FirstProblem">A sentence about the first request that was lost or answered wrongly; null if there is none.</param>
internal sealed record MixedCounts(int Requests, int Clients, int Answered, int Aborted, int Lost, int Wrong, string? FirstProblem);
