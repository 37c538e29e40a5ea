using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Foreword.Cpu;
using Foreword.Tasks;

namespace Foreword.Server.Tests;

/// <summary>Serves fine-tuned models beside a language model.</summary>
public sealed class TaskEndpointsTests(TestServer server) : IClassFixture<TestServer>, IAsyncLifetime
{
    private static readonly (string Name, string Path)[] _tasks = [("classifier", "classifiers/gpt2"), ("pairs", "classifiers/gpt2-entailment-run"), ("numbers", "classifiers/gpt2-regression")];

    private static readonly (string Kind, TargetKind Target)[] _kinds = [("multi-label", TargetKind.ClassSet), ("token-labels", TargetKind.WordClasses), ("span", TargetKind.Span)];

    private readonly TemporaryDirectory _place = Fixtures.NewDirectory();
    private ForewordServer _server = null!;
    private HttpClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync(server.Path, options => options with
        {
            Models =
            [
                .. options.Models, .. _tasks.Select(task => new ServedModelOptions { Name = task.Name, Path = Fixtures.Path(task.Path), Engine = new CpuEngine { Threads = 2 } }),
                .. _kinds.Select(kind => new ServedModelOptions { Name = kind.Kind, Path = OfKind(kind.Kind, kind.Target), Engine = new CpuEngine { Threads = 1 } }),
            ],
        });
        _client = new HttpClient { BaseAddress = new Uri(_server.Addresses.Single()) };
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.StopAsync();
        await _server.DisposeAsync();
        _place.Dispose();
    }

    [Fact]
    public async Task ClassifyAnswersWhatPredictAnswers()
    {
        using TaskModel model = TaskModel.Load(Fixtures.Path(_tasks[0].Path), threads: 2);
        string[] texts = ["the cat", "a dog sat", "no"];
        JsonNode answer = await PostAsync("/v1/classify", TestServer.Json(new { input = texts }));
        IReadOnlyList<Prediction> expected = model.Predict([.. texts.Select(text => new TaskExample([text], []))], TestContext.Current.CancellationToken);
        for (int i = 0; i < texts.Length; i++)
        {
            JsonNode one = answer["data"]![i]!;
            Assert.Equal(expected[i].Label, one["label"]!.GetValue<string>());
            Assert.Equal(expected[i].Probabilities, one["probs"]!.AsArray().Select(value => value!.GetValue<double>()), (a, b) => Math.Abs(a - b) < 1e-5);
            Assert.Equal(expected[i].Probabilities.Count, one["num_classes"]!.GetValue<int>());
        }
    }

    /// <summary>Serves the weights of a classifier as other kinds of tasks, whose answers have forms of their own.</summary>
    [Fact]
    public async Task OtherKindsOfTasksAnswerInTheirOwnForms()
    {
        JsonNode several = (await PostAsync("/v1/classify", TestServer.Json(new { model = "multi-label", input = "the cat" })))["data"]![0]!;
        Assert.Equal(string.Join('|', several["labels"]!.AsArray().Select(label => label!.GetValue<string>())), several["label"]!.GetValue<string>());
        JsonNode words = (await PostAsync("/v1/classify", TestServer.Json(new { model = "token-labels", input = "the cat sat" })))["data"]![0]!;
        Assert.Equal(["the", "cat", "sat"], words["words"]!.AsArray().Select(word => word!.GetValue<string>()));
        Assert.Equal(words["label"]!.GetValue<string>().Split(' '), words["labels"]!.AsArray().Select(label => label!.GetValue<string>()));
        Assert.Equal(3, words["probs"]!.AsArray().Count);
        JsonNode part = (await PostAsync("/v1/classify", TestServer.Json(new { model = "span", input = new[] { new[] { "who sat?", "the cat sat" } } })))["data"]![0]!;
        Assert.Equal("the cat sat"[part["start"]!.GetValue<int>()..part["end"]!.GetValue<int>()], part["label"]!.GetValue<string>());
        using StringContent pair = new(TestServer.Json(new { model = "span", text_1 = "a", text_2 = "b" }), Encoding.UTF8);
        using HttpResponseMessage refused = await _client.PostAsync(new Uri("/v1/score", UriKind.Relative), pair, TestContext.Current.CancellationToken);
        JsonNode problem = (await refused.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!;
        Assert.Equal("span does span, which gives no score; ask it with /v1/classify", problem["error"]!["message"]!.GetValue<string>());
    }

    /// <summary>Copies the run of a classifier with two classes, and makes it a task of another kind.</summary>
    private string OfKind(string kind, TargetKind target)
    {
        string source = Fixtures.Path("classifiers/gpt2-entailment-run"), copy = _place.File(kind);
        Directory.CreateDirectory(copy);
        foreach (string file in Directory.EnumerateFiles(source))
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        (TaskDescription.Read(source) with { Kind = kind, Target = target, Labels = target == TargetKind.Span ? [] : ["B-A", "O"], Columns = [] }).Save(copy);
        return copy;
    }

    [Fact]
    public async Task PairsAreScoredAndRanked()
    {
        using TaskModel model = TaskModel.Load(Fixtures.Path(_tasks[1].Path), threads: 2);
        string[] documents = ["a dog", "the cat", "the cat sat on it", "no"];
        string label = model.Task.Labels[0];
        double[] expected = [.. documents.Select(document => model.Predict("the cat", document).Probabilities[0])];
        JsonNode scored = await PostAsync("/v1/score", TestServer.Json(new { model = "pairs", text_1 = "the cat", text_2 = documents, label }));
        Assert.Equal(expected, scored["data"]!.AsArray().Select(one => one!["score"]!.GetValue<double>()), (a, b) => Math.Abs(a - b) < 1e-5);
        JsonNode ranked = await PostAsync("/v1/rerank", TestServer.Json(new { model = "pairs", query = "the cat", documents, label, top_n = 2, return_documents = true }));
        int[] order = [.. Enumerable.Range(0, documents.Length).OrderByDescending(i => expected[i]).Take(2)];
        Assert.Equal(order, ranked["results"]!.AsArray().Select(one => one!["index"]!.GetValue<int>()));
        Assert.Equal(order.Select(i => documents[i]), ranked["results"]!.AsArray().Select(one => one!["document"]!["text"]!.GetValue<string>()));
    }

    [Fact]
    public async Task NumbersAreValues()
    {
        using TaskModel model = TaskModel.Load(Fixtures.Path(_tasks[2].Path), threads: 2);
        JsonNode answer = await PostAsync("/v1/classify", """{"model":"numbers","input":"the cat"}""");
        Assert.Equal(model.Predict("the cat").Value, answer["data"]![0]!["value"]!.GetValue<double>(), 1e-4);
    }

    [Fact]
    public async Task ManyRequestsAtOnceGetTheirOwnAnswers()
    {
        using TaskModel model = TaskModel.Load(Fixtures.Path(_tasks[0].Path), threads: 2);
        await Task.WhenAll(Enumerable.Range(0, 60).Select(async i =>
        {
            string text = string.Concat(Enumerable.Repeat("cat ", 1 + i % 5));
            JsonNode answer = await PostAsync("/v1/classify", TestServer.Json(new { model = "classifier", input = text }));
            Assert.Equal(model.Predict(text).Probability, answer["data"]![0]!["probs"]!.AsArray().Max(value => value!.GetValue<double>()), 1e-5);
        }));
    }

    [Theory]
    [InlineData("/v1/classify", "{}", "input")]
    [InlineData("/v1/classify", """{"input":[["a","b"]]}""", null)]
    [InlineData("/v1/classify", """{"input":5}""", "input")]
    [InlineData("/v1/classify", """{"input":"","model":"numbers"}""", null)]
    [InlineData("/v1/classify", """{"input":"a","model":"tiny"}""", "model")]
    [InlineData("/v1/completions", """{"prompt":"a","model":"classifier"}""", "model")]
    [InlineData("/v1/score", """{"model":"pairs","text_1":"a"}""", "text_2")]
    [InlineData("/v1/score", """{"model":"pairs","text_1":["a","b"],"text_2":["a"]}""", "text_1")]
    [InlineData("/v1/score", """{"model":"pairs","text_1":"a","text_2":"b","label":"none such"}""", "label")]
    [InlineData("/v1/rerank", """{"model":"pairs","documents":["b"]}""", "query")]
    [InlineData("/v1/choose", """{"model":"pairs","input":"a","choices":["b","c"]}""", null)]
    public async Task BadRequestsAreTold(string path, string body, string? parameter)
    {
        using StringContent content = new(body, Encoding.UTF8);
        using HttpResponseMessage response = await _client.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
        Assert.Equal(400, (int)response.StatusCode);
        JsonNode answer = (await response.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!;
        Assert.Equal(parameter, answer["error"]!["param"]?.GetValue<string>());
    }

    private async Task<JsonNode> PostAsync(string path, string body)
    {
        using StringContent content = new(body, Encoding.UTF8);
        using HttpResponseMessage response = await _client.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
        JsonNode answer = (await response.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!;
        Assert.True(response.IsSuccessStatusCode, answer.ToJsonString());
        return answer;
    }
}
