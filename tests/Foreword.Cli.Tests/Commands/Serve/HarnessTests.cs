using System.Globalization;
using System.Text.Json;
using Foreword.Evaluation;
using Foreword.Evaluation.Prompts;
using Foreword.Evaluation.Running;

namespace Foreword.Cli.Tests.Commands.Serve;

/// <summary>
/// Sends the requests of lm-evaluation-harness (<c>local-completions</c> with <c>tokenizer_backend=remote</c>) byte for byte, and reads the answers as
/// it does: the same tokens, sums, greedy flags and metrics as <c>foreword evaluate</c>.
/// </summary>
[Collection(nameof(SharedModels))]
public sealed class HarnessTests(TrainedModels models)
{
    private const int MaxLength = 256;

    [Theory]
    [InlineData("lambada", 1)]
    [InlineData("lambada", 5)]
    [InlineData("copa:split=all", 1)]
    [InlineData("copa:split=all", 7)]
    public async Task SumsAndGreedyFlagsAreThoseOfEvaluation(string benchmark, int batchSize)
    {
        using TextModel model = TextModel.Load(models.LanguageModel, threads: 2);
        EvaluationOptions options = new() { Data = Fixtures.Path("benchmarks"), Shots = [0] };
        PreparedBenchmark prepared = options.Prepare([BenchmarkSpecification.Parse(benchmark, BenchmarkCatalog.All)], model.Model.Config, model.Tokenizer, TestContext.Current.CancellationToken)[0].Benchmark;
        EvaluatedDocument[] documents = [.. new Evaluator(model.Model, model.Tokenizer).Run(prepared, cancellationToken: TestContext.Current.CancellationToken)];
        List<(string Context, string Continuation, ContinuationScore Expected)> asked = [.. documents.SelectMany(document => document.Requests.Zip(document.Responses))
            .SelectMany(pair => ((LikelihoodRequest)pair.First).Continuations.Select((continuation, i) => (((LikelihoodRequest)pair.First).Context, continuation, ((LikelihoodResponse)pair.Second).Continuations[i])))];

        List<(int[] Tokens, int ContextLength, ContinuationScore Expected)> requests = [];
        foreach ((string context, string continuation, ContinuationScore expected) in asked)
        {
            int[] before = await TokensAsync(context), whole = await TokensAsync(context + continuation);
            Assert.Equal(expected.Tokens.Count, whole.Length - before.Length);
            requests.Add((whole, before.Length, expected));
        }

        int greedy = 0;
        foreach ((int[] Tokens, int ContextLength, ContinuationScore Expected)[] batch in requests.OrderByDescending(request => request.Tokens.Length).Chunk(batchSize))
        {
            (double Sum, bool IsGreedy)[] answers = await AskAsync([.. batch.Select(request => (request.Tokens, request.ContextLength))]);
            foreach (((_, _, ContinuationScore expected), (double sum, bool isGreedy)) in batch.Zip(answers))
            {
                Assert.Equal(expected.LogLikelihood, sum, 1e-5);
                Assert.Equal(expected.IsGreedy, isGreedy);
                greedy += isGreedy ? 1 : 0;
            }
        }

        Assert.InRange(greedy, 1, requests.Count - 1); // both answers occur, so the flags are tested
    }

    /// <summary>All that the context takes: one token less than it has, and one that is written.</summary>
    [Fact]
    public async Task TheLongestRequestIsAnsweredAndALongerOneIsRefusedByName()
    {
        int[] tokens = [.. Enumerable.Range(0, MaxLength - 1).Select(i => i * 7 % 400)];
        using TextModel model = TextModel.Load(models.LanguageModel, threads: 2);
        double expected = model.Model.Score([new Models.ScoringRequest(tokens[..250], [tokens[250..]])], TestContext.Current.CancellationToken)[0][0].Sum(score => (double)score.LogProb);
        Assert.Equal(expected, (await AskAsync([(tokens, 250)]))[0].Sum, 1e-5);
        using StringContent body = new(Body([[.. tokens, 1]]));
        using HttpResponseMessage refused = await models.Client.PostAsync(new Uri("/v1/completions", UriKind.Relative), body, TestContext.Current.CancellationToken);
        Assert.Equal(400, (int)refused.StatusCode);
        Assert.Contains("256", await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    /// <summary>Encodes a text as <c>RemoteTokenizer</c> does.</summary>
    private async Task<int[]> TokensAsync(string text)
    {
        JsonElement answer = await models.PostAsync("/tokenize", JsonSerializer.Serialize(new { prompt = text, add_special_tokens = false }));
        return [.. answer.GetProperty("tokens").EnumerateArray().Select(id => id.GetInt32())];
    }

    /// <summary>Sends one batch, and reads it as <c>LocalCompletionsAPI.parse_logprobs</c> does.</summary>
    private async Task<(double Sum, bool IsGreedy)[]> AskAsync((int[] Tokens, int ContextLength)[] batch)
    {
        JsonElement answer = await models.PostAsync("/v1/completions", Body([.. batch.Select(request => request.Tokens)]));
        JsonElement[] choices = [.. answer.GetProperty("choices").EnumerateArray().OrderBy(choice => choice.GetProperty("index").GetInt32())];
        Assert.Equal(batch.Length, choices.Length);
        return [.. choices.Zip(batch, (choice, request) =>
        {
            JsonElement logProbs = choice.GetProperty("logprobs");
            double[] own = [.. logProbs.GetProperty("token_logprobs").EnumerateArray().Skip(request.ContextLength).SkipLast(1).Select(score => score.GetDouble())];
            double[] best = [.. logProbs.GetProperty("top_logprobs").EnumerateArray().Skip(request.ContextLength).SkipLast(1).Select(top => top.EnumerateObject().Max(one => one.Value.GetDouble()))];
            return (own.Sum(), own.Zip(best, (score, largest) => score == largest).All(same => same));
        })];
    }

    /// <summary>Writes a body as Python's <c>json.dumps</c> does.</summary>
    private static string Body(int[][] prompts)
    {
        string lists = string.Join(", ", prompts.Select(ids => $"[{string.Join(", ", ids.Select(id => id.ToString(CultureInfo.InvariantCulture)))}]"));
        return $$"""{"model": "{{TrainedModels.Language}}", "prompt": [{{lists}}], "temperature": 0, "max_tokens": 1, "logprobs": 1, "seed": 1234, "echo": true}""";
    }
}
