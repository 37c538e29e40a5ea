using System.Text;
using System.Text.Json.Nodes;
using Foreword.Chat;
using Foreword.Cpu;

namespace Foreword.Server.Tests;

/// <summary>Tests servers that choose each answer among candidates (<c>serve --mmi</c>).</summary>
public sealed class RankedAnswersTests(TestServer server) : IClassFixture<TestServer>
{
    private const string Body = """{"messages":[{"role":"user","content":"the cat"}],"max_tokens":8,"seed":5,"temperature":1""";

    [Theory]
    [InlineData(AnswerRule.History, true)]
    [InlineData(AnswerRule.Sequence, true)]
    [InlineData(AnswerRule.Interpolated, true)]
    [InlineData(AnswerRule.History, false)]
    public async Task TheBestCandidateIsTheAnswerWholeAndStreamed(AnswerRule rule, bool hasModel)
    {
        JsonNode all = await server.PostAsync("/v1/chat/completions", Body + ""","n":4,"logprobs":true}""");
        AnswerCandidate[] candidates = [.. all["choices"]!.AsArray().Select(choice => new AnswerCandidate(
            (string)choice!["message"]!["content"]!, choice["logprobs"]!["content"]!.AsArray().Sum(token => (double)token!["logprob"]!), choice["logprobs"]!["content"]!.AsArray().Count))];
        using TextModel backward = TextModel.Load(server.Path, WeightType.Int8, 2);
        AnswerRanker ranker = new(backward.Model, backward.Tokenizer, ChatTemplate.ChatMl, rule, 0.3);
        string expected = (hasModel ? ranker.Rank([new ChatMessage(ChatRole.User, "the cat")], candidates, TestContext.Current.CancellationToken) : AnswerRanker.ByLikelihood(candidates))[0].Answer.Text;

        await using ForewordServer ranked = await StartAsync(new AnswerRanking { Candidates = 4, Path = hasModel ? server.Path : null, Template = ChatTemplate.ChatMl, Rule = rule, Lambda = 0.3 });
        using HttpClient client = new() { BaseAddress = new Uri(ranked.Addresses.Single()) };
        JsonNode whole = JsonNode.Parse(await PostAsync(client, Body + "}"))!;
        Assert.Equal(expected, (string)Assert.Single(whole["choices"]!.AsArray())!["message"]!["content"]!);
        Assert.Null(whole["choices"]![0]!["logprobs"]);
        Assert.True((int)whole["usage"]!["completion_tokens"]! > 8); // all candidates were written
        JsonNode[] chunks = [.. (await PostAsync(client, Body + ""","stream":true}""")).Split("\n\n").Where(line => line.StartsWith("data: {", StringComparison.Ordinal)).Select(line => JsonNode.Parse(line[6..])!)];
        Assert.Equal(expected, string.Concat(chunks.SelectMany(chunk => chunk["choices"]!.AsArray()).Select(choice => (string?)choice!["delta"]!["content"])));
        Assert.Equal("assistant", (string)chunks[0]["choices"]![0]!["delta"]!["role"]!);
        Assert.Equal((string)whole["choices"]![0]!["finish_reason"]!, (string)chunks[^1]["choices"]![0]!["finish_reason"]!);

        // Prompts are not conversations: nothing is chosen there.
        JsonNode completion = JsonNode.Parse(await PostAsync(client, """{"prompt":"the","max_tokens":4,"seed":1}""", "/v1/completions"))!;
        Assert.Equal((string)(await server.PostAsync("/v1/completions", """{"prompt":"the","max_tokens":4,"seed":1}"""))["choices"]![0]!["text"]!, (string)completion["choices"]![0]!["text"]!);
        await ranked.StopAsync();
    }

    [Theory]
    [InlineData(true, null, "does not write them")]
    [InlineData(null, false, "a model trained on reversed dialogues ranks answers")]
    public async Task AModelOfTheWrongDirectionIsRefused(bool? model, bool? backward, string expected)
    {
        AnswerRanking ranking = new() { Candidates = 2, Path = server.Path, Template = ChatTemplate.ChatMl with { Reverse = backward } };
        InvalidDataException problem = await Assert.ThrowsAsync<InvalidDataException>(() =>
            TestServer.StartAsync(server.Path, options => options with { Models = [options.Models[0] with { Ranking = ranking, Template = ChatTemplate.ChatMl with { Reverse = model } }] }));
        Assert.Contains(expected, problem.Message, StringComparison.Ordinal);
    }

    private async Task<ForewordServer> StartAsync(AnswerRanking ranking) =>
        await TestServer.StartAsync(server.Path, options => options with { Models = [options.Models[0] with { Ranking = ranking }] });

    private static async Task<string> PostAsync(HttpClient client, string body, string path = "/v1/chat/completions")
    {
        using StringContent content = new(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await client.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, text);
        return text;
    }
}
