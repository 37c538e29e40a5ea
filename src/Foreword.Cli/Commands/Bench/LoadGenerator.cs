using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Foreword.Cli.Commands.Bench;

/// <summary>Describes what a load generator sends.</summary>
/// <param name="Clients">The number of requests at a time.</param>
/// <param name="Requests">The number of requests.</param>
/// <param name="PromptTokens">The number of tokens of each prompt.</param>
/// <param name="MaxTokens">The number of tokens that each request asks for.</param>
/// <param name="Rate">The mean number of requests that start in a second, at random times (Poisson); infinite for as soon as a client is free.</param>
/// <param name="Seed">The seed of prompts and times.</param>
internal sealed record Load(int Clients, int Requests, int PromptTokens, int MaxTokens, double Rate, int Seed);

/// <summary>The measured times of one request, in seconds.</summary>
/// <param name="FirstToken">From sending to the first text.</param>
/// <param name="Total">From sending to the end.</param>
/// <param name="Gaps">The times between two events with text.</param>
/// <param name="PromptTokens">The number of tokens of the prompt, as the server counts.</param>
/// <param name="OutputTokens">The number of tokens that were written, as the server counts.</param>
internal sealed record RequestTimes(double FirstToken, double Total, IReadOnlyList<double> Gaps, int PromptTokens, int OutputTokens)
{
    /// <summary>Gets the time of each token after the first (TPOT).</summary>
    public double PerToken => OutputTokens > 1 ? (Total - FirstToken) / (OutputTokens - 1) : 0;
}

/// <summary>Sends streamed requests to <c>/v1/completions</c> of any server that speaks OpenAI's API, and measures the answers.</summary>
internal sealed class LoadGenerator : IDisposable
{
    private readonly HttpClient _client;
    private readonly string _model;
    private readonly int _vocabulary;

    private LoadGenerator(HttpClient client, string model, int vocabulary) => (_client, _model, _vocabulary) = (client, model, vocabulary);

    /// <summary>Gets the client, which has the server's address and key.</summary>
    public HttpClient Client => _client;

    /// <summary>Gets the number of token ids that prompts are drawn from.</summary>
    public int Vocabulary => _vocabulary;

    /// <summary>Gets the name of the model that is measured.</summary>
    public string Model => _model;

    /// <summary>Connects to a server and asks for its first model.</summary>
    /// <param name="url">The address, with or without <c>/v1</c>.</param>
    /// <param name="key">The API key; null for none.</param>
    /// <param name="model">The name of the model; null for the first.</param>
    /// <exception cref="InvalidDataException">The server does not answer, or lists no model.</exception>
    public static async Task<LoadGenerator> ConnectAsync(string url, string? key, string? model)
    {
        string root = url.TrimEnd('/');
        SocketsHttpHandler handler = new() { PooledConnectionLifetime = TimeSpan.Zero }; // some servers close a kept connection just as the next request is sent
        HttpClient client = new(handler) { BaseAddress = new Uri((root.EndsWith("/v1", StringComparison.Ordinal) ? root[..^3] : root) + "/"), Timeout = Timeout.InfiniteTimeSpan };
        try
        {
            if (key is not null)
                client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
            using HttpResponseMessage response = await client.GetAsync(new Uri("v1/models", UriKind.Relative)).ConfigureAwait(false);
            string body = await response.Content.ReadAsStringAsync().ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
                throw new InvalidDataException($"{url}/v1/models answers with status {(int)response.StatusCode}");
            using JsonDocument list = JsonDocument.Parse(body);
            JsonElement first = list.RootElement.GetProperty("data")[0];
            int vocabulary = first.TryGetProperty("meta", out JsonElement meta) && meta.ValueKind == JsonValueKind.Object && meta.TryGetProperty("n_vocab", out JsonElement ids) ? ids.GetInt32() : 20_000;
            return new LoadGenerator(client, model ?? first.GetProperty("id").GetString()!, vocabulary);
        }
        catch (Exception problem)
        {
            client.Dispose();
            if (problem is HttpRequestException or JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
                throw new InvalidDataException($"{url} does not answer as a server with OpenAI's API: {problem.Message}");
            throw;
        }
    }

    /// <summary>Sends the requests of a load.</summary>
    /// <param name="load">The load.</param>
    /// <param name="cancellationToken">Ends the measurement.</param>
    /// <returns>The times of all requests that succeeded, the number of those that failed, and the time of all in seconds.</returns>
    public async Task<(IReadOnlyList<RequestTimes> Times, int Failed, double Seconds)> RunAsync(Load load, CancellationToken cancellationToken)
    {
        Random random = new(load.Seed);
        string[] bodies = [.. Enumerable.Range(0, load.Requests).Select(_ => Body(load, random))];
        double[] starts = new double[load.Requests];
        for (int i = 1; i < starts.Length; i++)
            starts[i] = double.IsInfinity(load.Rate) ? 0 : starts[i - 1] - Math.Log(1 - random.NextDouble()) / load.Rate;
        (List<(string Event, double Time)> Events, double Total)?[] answers = new (List<(string, double)>, double)?[load.Requests];
        int next = -1;
        long start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, load.Clients).Select(async _ =>
        {
            for (int i = Interlocked.Increment(ref next); i < bodies.Length; i = Interlocked.Increment(ref next))
            {
                double wait = starts[i] - Stopwatch.GetElapsedTime(start).TotalSeconds;
                if (wait > 0)
                    await Task.Delay(TimeSpan.FromSeconds(wait), cancellationToken).ConfigureAwait(false);
                answers[i] = await SendAsync(bodies[i], cancellationToken).ConfigureAwait(false);
            }
        })).ConfigureAwait(false);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        RequestTimes?[] times = [.. answers.Select(answer => answer is { } events ? Read(events.Events, events.Total) : null)];
        return ([.. times.OfType<RequestTimes>()], times.Count(one => one is null), seconds);
    }

    public void Dispose() => _client.Dispose();

    private string Body(Load load, Random random)
    {
        StringBuilder prompt = new();
        for (int i = 0; i < load.PromptTokens; i++)
            prompt.Append(i == 0 ? "" : ",").Append(random.Next(Math.Min(10, _vocabulary / 2), Math.Min(_vocabulary, 20_000)));
        return $$$"""{"model":{{{JsonSerializer.Serialize(_model)}}},"prompt":[{{{prompt}}}],"max_tokens":{{{load.MaxTokens}}},"temperature":0,"ignore_eos":true,"stream":true,"stream_options":{"include_usage":true}}""";
    }

    /// <summary>Sends one request and collects the events of the answer; returns null if it failed.</summary>
    private async Task<(List<(string Event, double Time)> Events, double Total)?> SendAsync(string body, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            using HttpRequestMessage request = new(HttpMethod.Post, "v1/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            using HttpResponseMessage response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
                return null;
            List<(string Event, double Time)> events = []; // read later, so that the measurement takes little of the processors
            using StreamReader reader = new(await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), Encoding.UTF8);
            while (await reader.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
            {
                if (line.StartsWith("data: {", StringComparison.Ordinal))
                    events.Add((line[6..], Stopwatch.GetElapsedTime(start).TotalSeconds));
            }

            return (events, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        catch (Exception problem) when (problem is HttpRequestException or IOException)
        {
            return null;
        }
    }

    /// <summary>Returns the times of an answer; null if it failed.</summary>
    private static RequestTimes? Read(List<(string Event, double Time)> events, double total)
    {
        try
        {
            double? first = null;
            double last = 0;
            List<double> gaps = [];
            int prompt = 0, output = 0;
            foreach ((string text, double time) in events)
            {
                using JsonDocument chunk = JsonDocument.Parse(text);
                if (chunk.RootElement.TryGetProperty("usage", out JsonElement usage) && usage.ValueKind == JsonValueKind.Object)
                    (prompt, output) = (usage.GetProperty("prompt_tokens").GetInt32(), usage.GetProperty("completion_tokens").GetInt32());
                if (!chunk.RootElement.TryGetProperty("choices", out JsonElement choices))
                    return null; // an error after the start
                if (choices.GetArrayLength() == 0 || choices[0].GetProperty("text").GetString() is not { Length: > 0 })
                    continue;
                if (first is null)
                    first = time;
                else
                    gaps.Add(time - last);
                last = time;
            }

            return output > 0 ? new RequestTimes(first ?? total, total, gaps, prompt, output) : null;
        }
        catch (Exception problem) when (problem is JsonException or KeyNotFoundException)
        {
            return null;
        }
    }
}
