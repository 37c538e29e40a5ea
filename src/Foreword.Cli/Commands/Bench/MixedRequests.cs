using System.Text.Json;

namespace Foreword.Cli.Commands.Bench;

/// <summary>A request of a mixture.</summary>
/// <param name="Path">The endpoint, without a slash before it.</param>
/// <param name="Body">The body, which is not always JSON.</param>
/// <param name="Streams">Whether the answer comes as events.</param>
internal sealed record MixedRequest(string Path, string Body, bool Streams);

/// <summary>
/// Creates requests of many kinds: short and long prompts as texts and as tokens, greedy and drawn, one sample and several, whole and streamed, with
/// log-probabilities, conversations, embeddings, and requests that no server can answer.
/// </summary>
internal static class MixedRequests
{
    private const string Completions = "v1/completions", Conversations = "v1/chat/completions", Embeddings = "v1/embeddings";

    /// <summary>Returns the different requests. Every answer follows from the request, because each has a seed or is greedy.</summary>
    /// <param name="model">The name of the model.</param>
    /// <param name="vocabulary">The number of token ids that prompts are drawn from.</param>
    /// <param name="seed">The seed of the drawn prompts.</param>
    public static IReadOnlyList<MixedRequest> Create(string model, int vocabulary, int seed)
    {
        Random random = new(seed);
        List<MixedRequest> requests = [];
        for (int i = 0; i < 24; i++)
        {
            Add(Completions, i % 2 == 1, ("prompt", string.Concat(Enumerable.Repeat($"text {i} ", 1 + i % 7))), ("max_tokens", 1 + i * 3 % 40), ("seed", i), ("temperature", i % 4 == 0 ? 0 : 1), ("n", 1 + i % 3));
            if (i % 3 == 0)
                Add(Completions, false, ("prompt", Ids(1 + i * 6)), ("max_tokens", 8), ("temperature", 0), ("logprobs", 2), ("echo", i % 2 == 0));
            if (i % 6 == 0)
                Add(Conversations, i % 4 == 0, ("messages", new[] { new { role = "user", content = $"hello {i}" } }), ("max_tokens", 12), ("seed", i));
            if (i % 6 == 3)
                Add(Embeddings, false, ("input", new[] { $"text {i}", "another" }));
        }

        Add(Completions, true, ("prompt", "stop here"), ("max_tokens", 30), ("seed", 1), ("stop", new[] { "e", "no such text" }));
        Add(Completions, false, ("prompt", new[] { "several", "prompts", "at once" }), ("max_tokens", 5), ("seed", 2), ("top_p", 0.9));
        requests.AddRange(Bad(model));
        return requests;

        void Add(string path, bool streams, params (string Name, object Value)[] fields)
        {
            Dictionary<string, object> body = fields.Append(("model", model)).ToDictionary(field => field.Item1, field => field.Item2);
            if (streams)
                body.Add("stream", true);
            requests.Add(new MixedRequest(path, JsonSerializer.Serialize(body), streams));
        }

        int[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(Math.Min(10, vocabulary / 2), Math.Min(vocabulary, 20_000)))];
    }

    /// <summary>Returns requests that are refused: each has one mistake.</summary>
    private static IEnumerable<MixedRequest> Bad(string model)
    {
        string name = JsonSerializer.Serialize(model), much = string.Join(',', Enumerable.Repeat('1', 5000));
        string[] bodies =
        [
            "{\"prompt\":", "[]", "", $$"""{"model":{{name}}}""", """{"model":"no such model","prompt":"a"}""", $$"""{"model":{{name}},"prompt":"a","temperature":-1}""",
            $$"""{"model":{{name}},"prompt":[{{much}}]}""", $$"""{"model":{{name}},"prompt":"a","n":2,"best_of":1}""", $$"""{"model":{{name}},"prompt":"a","max_tokens":-1,"stream":true}""",
        ];
        return bodies.Select(body => new MixedRequest(Completions, body, false));
    }
}
