using System.Text.Json.Nodes;
using Foreword.Generation;
using Foreword.Models;

namespace Foreword.Server.Tests;

public sealed class CompletionsTests(TestServer server) : IClassFixture<TestServer>
{
    private const string Path = "/v1/completions";

    [Fact]
    public async Task TheTextIsThatOfGenerateStreamedOrNot()
    {
        SamplingOptions options = new() { MaxTokens = 30, Seed = 5, Temperature = 0.8, TopK = 40, TopP = 0.95, RepetitionPenalty = 1.2, AllowSpecial = true };
        Completion expected = server.Model.Generate("the cat", options, TestContext.Current.CancellationToken);
        const string Body = """{"prompt":"the cat","max_tokens":30,"seed":5,"temperature":0.8,"top_k":40,"top_p":0.95,"repeat_penalty":1.2""";
        JsonNode whole = await server.PostAsync(Path, Body + "}");
        Assert.Equal(expected.Text, Choice(whole)["text"]!.GetValue<string>());
        Assert.Equal(expected.FinishReason == FinishReason.Stop ? "stop" : "length", Choice(whole)["finish_reason"]!.GetValue<string>());
        List<JsonNode> events = await server.StreamAsync(Path, Body + ""","stream":true,"stream_options":{"include_usage":true}}""");
        Assert.Equal(expected.Text, string.Concat(events.SkipLast(1).Select(one => Choice(one)["text"]!.GetValue<string>())));
        Assert.Equal(1, events.SkipLast(1).Count(one => Choice(one)["finish_reason"] is not null));
        Assert.Equal(whole["usage"]!["total_tokens"]!.GetValue<int>(), events[^1]["usage"]!["total_tokens"]!.GetValue<int>());
        Assert.Empty(events[^1]["choices"]!.AsArray());
        Assert.Single(events.Select(one => one["id"]!.GetValue<string>()).Distinct());
    }

    [Fact]
    public async Task PromptsOfAllKindsGiveTheSameChoices()
    {
        int[] ids = server.Model.Tokenizer.Encode("the cat");
        string list = string.Join(",", ids);
        string[] prompts = ["\"the cat\"", "[\"the cat\"]", $"[{list}]", $"[[{list}]]", $"[\"the cat\",[{list}]]"];
        List<string> texts = [];
        foreach (string prompt in prompts)
        {
            JsonNode answer = await server.PostAsync(Path, $$"""{"prompt":{{prompt}},"max_tokens":12,"seed":1}""");
            texts.AddRange(answer["choices"]!.AsArray().Select(choice => choice!["text"]!.GetValue<string>()));
        }

        Assert.Equal(6, texts.Count);
        Assert.Single(texts.Distinct());
    }

    /// <summary>The requests of lm-evaluation-harness, byte for byte: the sums are those of evaluation, and so is every "greedy".</summary>
    [Fact]
    public async Task LoglikelihoodRequestsGiveTheScoresOfEvaluation()
    {
        (int[] Context, int[] Continuation)[] requests = [.. Enumerable.Range(0, 12).Select(i => (Ids(i, 1 + i * 20), Ids(100 + i, 1 + i % 5)))];
        requests = [.. requests, (Ids(40, 250), Ids(41, 5))]; // 255 tokens and one that is written: all that the context takes
        string prompt = string.Join(", ", requests.Select(request => $"[{string.Join(", ", request.Context.Concat(request.Continuation))}]"));
        string body = $$"""{"model": "{{TestServer.Name}}", "prompt": [{{prompt}}], "temperature": 0, "max_tokens": 1, "logprobs": 1, "seed": 1234, "echo": true}""";
        JsonNode answer = await server.PostAsync(Path, body);
        TokenScore[][][] expected = server.Model.Model.Score([.. requests.Select(request => new ScoringRequest(request.Context, [request.Continuation]))], TestContext.Current.CancellationToken);
        JsonNode?[] choices = [.. answer["choices"]!.AsArray().OrderBy(choice => choice!["index"]!.GetValue<int>())];
        for (int i = 0; i < requests.Length; i++)
        {
            JsonArray scores = choices[i]!["logprobs"]!["token_logprobs"]!.AsArray(), top = choices[i]!["logprobs"]!["top_logprobs"]!.AsArray();
            int length = requests[i].Context.Length;
            Assert.Equal(length + requests[i].Continuation.Length + 1, scores.Count);
            Assert.Null(scores[0]);
            Assert.Null(top[0]);
            double[] own = [.. scores.Skip(length).SkipLast(1).Select(score => score!.GetValue<double>())];
            double[] best = [.. top.Skip(length).SkipLast(1).Select(all => all!.AsObject().Max(one => one.Value!.GetValue<double>()))];
            Assert.Equal(expected[i][0].Sum(score => (double)score.LogProb), own.Sum(), 1e-5 * own.Length);
            Assert.Equal(expected[i][0].Select(score => score.IsGreedy), own.Zip(best, (a, b) => a == b));
        }
    }

    [Fact]
    public async Task OffsetsCountCodePoints()
    {
        JsonNode answer = await server.PostAsync(Path, """{"prompt":"é日😀a","max_tokens":1,"echo":true,"logprobs":0,"temperature":0}""");
        JsonNode logProbs = Choice(answer)["logprobs"]!;
        int[] offsets = [.. logProbs["text_offset"]!.AsArray().Select(offset => offset!.GetValue<int>())];
        string[] tokens = [.. logProbs["tokens"]!.AsArray().Select(token => token!.GetValue<string>())];
        Assert.Equal(3, offsets[Array.LastIndexOf(tokens, "a", tokens.Length - 2)]);
        Assert.Contains(tokens, token => token.StartsWith("bytes:\\x", StringComparison.Ordinal));
        Assert.Null(logProbs["top_logprobs"]);
    }

    [Fact]
    public async Task EchoAloneWritesNothing()
    {
        JsonNode answer = await server.PostAsync(Path, """{"prompt":"the cat","max_tokens":0,"echo":true,"logprobs":2}""");
        Assert.Equal("the cat", Choice(answer)["text"]!.GetValue<string>());
        Assert.Equal(0, answer["usage"]!["completion_tokens"]!.GetValue<int>());
        Assert.Equal(server.Model.Tokenizer.Encode("the cat").Length, Choice(answer)["logprobs"]!["tokens"]!.AsArray().Count);
    }

    [Fact]
    public async Task SamplesHaveTheirOwnSeedsAndTheBestAreChosen()
    {
        JsonNode three = await server.PostAsync(Path, """{"prompt":"a","max_tokens":10,"seed":3,"n":3,"logprobs":0}""");
        Assert.Equal([0, 1, 2], three["choices"]!.AsArray().Select(choice => choice!["index"]!.GetValue<int>()));
        Assert.Equal(3, three["choices"]!.AsArray().Select(choice => choice!["text"]!.GetValue<string>()).Distinct().Count());
        JsonNode best = await server.PostAsync(Path, """{"prompt":"a","max_tokens":10,"seed":3,"n":1,"best_of":3}""");
        string expected = three["choices"]!.AsArray().MaxBy(choice => choice!["logprobs"]!["token_logprobs"]!.AsArray().Average(score => score!.GetValue<double>()))!["text"]!.GetValue<string>();
        Assert.Equal(expected, Choice(best)["text"]!.GetValue<string>());
    }

    [Fact]
    public async Task StopStringsAndTokensEndTheText()
    {
        JsonNode free = await server.PostAsync(Path, """{"prompt":"b","max_tokens":40,"seed":8,"logprobs":0}""");
        string text = Choice(free)["text"]!.GetValue<string>();
        string stop = text.Substring(text.Length / 2, 1);
        string body = TestServer.Json(new { prompt = "b", max_tokens = 40, seed = 8, stop = new[] { "never in it", stop } });
        JsonNode stopped = await server.PostAsync(Path, body);
        Assert.Equal(text[..text.IndexOf(stop, StringComparison.Ordinal)], Choice(stopped)["text"]!.GetValue<string>());
        Assert.Equal("stop", Choice(stopped)["finish_reason"]!.GetValue<string>());
        List<JsonNode> streamed = await server.StreamAsync(Path, body[..^1] + ",\"stream\":true}");
        Assert.Equal(Choice(stopped)["text"]!.GetValue<string>(), string.Concat(streamed.Select(one => Choice(one)["text"]!.GetValue<string>())));
    }

    [Fact]
    public async Task ABiasForbidsAndForcesTokens()
    {
        JsonNode forced = await server.PostAsync(Path, """{"prompt":"b","max_tokens":5,"temperature":0,"logit_bias":{"66":100},"return_tokens_as_token_ids":true,"logprobs":1}""");
        Assert.Equal(Enumerable.Repeat("token_id:66", 5), Choice(forced)["logprobs"]!["tokens"]!.AsArray().Select(token => token!.GetValue<string>()));
    }

    [Fact]
    public async Task MinTokensKeepStopTokensAway()
    {
        JsonNode free = await server.PostAsync(Path, """{"prompt":"b","max_tokens":30,"temperature":0,"logprobs":0,"return_tokens_as_token_ids":true}""");
        string first = Choice(free)["logprobs"]!["tokens"]![0]!.GetValue<string>()["token_id:".Length..];
        JsonNode stopped = await server.PostAsync(Path, $$"""{"prompt":"b","max_tokens":30,"temperature":0,"stop_token_ids":[{{first}}]}""");
        Assert.Equal(1, stopped["usage"]!["completion_tokens"]!.GetValue<int>());
        JsonNode later = await server.PostAsync(Path, $$"""{"prompt":"b","max_tokens":30,"temperature":0,"stop_token_ids":[{{first}}],"min_tokens":9}""");
        Assert.InRange(later["usage"]!["completion_tokens"]!.GetValue<int>(), 9, 30);
        Assert.Equal(400, (await server.TryPostAsync(Path, """{"prompt":"b","max_tokens":3,"min_tokens":4}""")).Status);
        Assert.Equal(400, (await server.TryPostAsync(Path, """{"prompt":"b","max_tokens":3,"min_tokens":2,"choice":["a"]}""")).Status);
    }

    [Theory]
    [InlineData("{}", 400, "prompt")]
    [InlineData("[]", 400, null)]
    [InlineData("{\"prompt\":", 400, null)]
    [InlineData("", 400, null)]
    [InlineData("""{"prompt":"a","prompt":"b"}""", 400, "prompt")]
    [InlineData("""{"prompt":7}""", 400, "prompt")]
    [InlineData("""{"prompt":[]}""", 400, "prompt")]
    [InlineData("""{"prompt":[[]]}""", 400, "prompt")]
    [InlineData("""{"prompt":[300]}""", 400, "prompt")]
    [InlineData("""{"prompt":[-1]}""", 400, "prompt[0]")]
    [InlineData("""{"prompt":["a",1]}""", 400, "prompt[1]")]
    [InlineData("""{"prompt":"\ud800"}""", 400, "prompt")]
    [InlineData("""{"prompt":"a","max_tokens":0}""", 400, "max_tokens")]
    [InlineData("""{"prompt":"a","max_tokens":1.5}""", 400, "max_tokens")]
    [InlineData("""{"prompt":"a","max_tokens":256}""", 400, "prompt")]
    [InlineData("""{"prompt":"a","max_token":1}""", 400, "max_token")]
    [InlineData("""{"prompt":"a","model":"other"}""", 404, "model")]
    [InlineData("""{"prompt":"a","temperature":-1}""", 400, "temperature")]
    [InlineData("""{"prompt":"a","temperature":1e999}""", 400, "temperature")]
    [InlineData("""{"prompt":"a","top_p":2}""", 400, "top_p")]
    [InlineData("""{"prompt":"a","stop":""}""", 400, "stop")]
    [InlineData("""{"prompt":"a","stop":[1]}""", 400, "stop[0]")]
    [InlineData("""{"prompt":"a","n":0}""", 400, "n")]
    [InlineData("""{"prompt":"a","n":2,"best_of":1}""", 400, "best_of")]
    [InlineData("""{"prompt":"a","best_of":2,"stream":true}""", 400, "best_of")]
    [InlineData("""{"prompt":"a","logprobs":21}""", 400, "logprobs")]
    [InlineData("""{"prompt":"a","logit_bias":{"x":1}}""", 400, "logit_bias")]
    [InlineData("""{"prompt":"a","logit_bias":{"1":101}}""", 400, "logit_bias")]
    [InlineData("""{"prompt":"a","logit_bias":{"300":1}}""", 400, "logit_bias")]
    [InlineData("""{"prompt":"a","suffix":"b"}""", 400, "suffix")]
    [InlineData("""{"prompt":"a","stream_options":{}}""", 400, "stream_options")]
    [InlineData("""{"prompt":"a","seed":"x"}""", 400, "seed")]
    public async Task BadRequestsAreToldFieldAndValue(string body, int status, string? parameter)
    {
        (int given, JsonNode answer) = await server.TryPostAsync(Path, body);
        Assert.Equal(status, given);
        Assert.Equal(parameter, answer["error"]!["param"]?.GetValue<string>());
        Assert.NotEmpty(answer["error"]!["message"]!.GetValue<string>());
    }

    [Fact]
    public async Task PromptsAreCutOnRequest()
    {
        int[] ids = Ids(3, 100);
        JsonNode whole = await server.PostAsync(Path, TestServer.Json(new { prompt = ids[^20..], max_tokens = 5, seed = 1 }));
        JsonNode cut = await server.PostAsync(Path, TestServer.Json(new { prompt = ids, max_tokens = 5, seed = 1, truncate_prompt_tokens = 20 }));
        Assert.Equal(Choice(whole)["text"]!.GetValue<string>(), Choice(cut)["text"]!.GetValue<string>());
        Assert.Equal(20, cut["usage"]!["prompt_tokens"]!.GetValue<int>());
    }

    [Fact]
    public async Task ABeginningThatWasReadIsNotReadAgain()
    {
        int[] ids = Ids(77, 200);
        await server.PostAsync(Path, TestServer.Json(new { prompt = ids, max_tokens = 1 }));
        JsonNode again = await server.PostAsync(Path, TestServer.Json(new { prompt = ids, max_tokens = 1 }));
        Assert.Equal(192, again["usage"]!["prompt_tokens_details"]!["cached_tokens"]!.GetValue<int>());
    }

    private static JsonNode Choice(JsonNode answer) => answer["choices"]![0]!;

    private static int[] Ids(int seed, int length)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, length).Select(_ => random.Next(256))];
    }
}
