using System.Net;
using System.Text.Json.Nodes;

namespace Foreword.Server.Tests;

/// <summary>Serves the directories of training runs, one of which still trains.</summary>
public sealed class RunsTests(TestServer server) : IClassFixture<TestServer>, IAsyncLifetime
{
    private const string Step = "{\"step\":10,\"loss\":2.5,\"learning_rate\":0.001,\"grad_norm\":1,\"tokens_per_second\":100}\n";
    private const string Validation = "{\"step\":10,\"eval_loss\":2.75}\n";

    private readonly TemporaryDirectory _directory = new();
    private ForewordServer _server = null!;
    private HttpClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        WriteRun(_directory);
        _server = await TestServer.StartAsync(server.Path, options => options with { Runs = [_directory.Path] });
        _client = new HttpClient { BaseAddress = new Uri(_server.Addresses.Single()) };
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.StopAsync();
        await _server.DisposeAsync();
        _directory.Dispose();
    }

    /// <summary>Writes a run that trains, with a fine-tuning run inside that has stopped.</summary>
    internal static void WriteRun(TemporaryDirectory directory)
    {
        directory.Write("first/recipe.yaml", "data:\n  text:\n    - /books/corpus.txt\n  steps: 5\ntrain:\n  lr: 0.001\n  steps: 100\n  sample_prompts:\n    - \"\\n\"\n");
        directory.Write("first/metrics.jsonl", Step + Validation + Step.Replace("10,", "20,", StringComparison.Ordinal) + "{\"step\":30,\"lo");
        directory.Write("first/samples.jsonl", "{\"step\":10,\"prompt\":\"Once\",\"text\":\" upon\"}\n");
        directory.Write("first/checkpoint-10/model.safetensors", "12345");
        directory.Write("first/checkpoint-x/model.safetensors", "1");
        directory.Write("first/finetuned/recipe.yaml", "task:\n  kind: classification\ntrain:\n  epochs: 3\n" + string.Concat(Enumerable.Repeat("    a: b\n", 100)));
        File.SetLastWriteTimeUtc(directory.Write("first/finetuned/metrics.jsonl", Step), DateTime.UtcNow.AddHours(-1));
        File.SetLastWriteTimeUtc(directory.File("first/finetuned/recipe.yaml"), DateTime.UtcNow.AddHours(-1));
        directory.Write("other/notes.txt", "no run");
    }

    [Fact]
    public async Task RunsAreListedWithTheirProgress()
    {
        JsonArray runs = (await GetAsync("/v1/runs"))["data"]!.AsArray();
        Assert.Equal(["first", "first.finetuned"], runs.Select(run => run!["id"]!.GetValue<string>()));
        Assert.Equal(["pretrain", "finetune"], runs.Select(run => run!["kind"]!.GetValue<string>()));
        Assert.Equal(["training", "stopped"], runs.Select(run => run!["state"]!.GetValue<string>()));
        Assert.Equal([20, 10], runs.Select(run => run!["steps"]!.GetValue<int>()));
        Assert.Equal([100, null], runs.Select(run => run!["planned_steps"]?.GetValue<int>()));
    }

    /// <summary>A fine-tuning run plans epochs, so only its newest checkpoint says that it is complete.</summary>
    [Theory]
    [InlineData("{\"step\":10,\"is_complete\":true}", 10, "finished")]
    [InlineData("{\"step\":10,\"is_complete\":false}", 10, "stopped")]
    [InlineData("{\"step\":10}", 10, "stopped")] // of an earlier version
    [InlineData("{\"step\":10,\"is_comp", 10, "stopped")]
    [InlineData("{\"step\":5,\"is_complete\":true}", 5, "stopped")] // resumed with more epochs, and stopped before the next checkpoint
    public async Task ARunIsFinishedIfItsNewestCheckpointSaysSo(string state, int step, string expected)
    {
        _directory.Write($"first/finetuned/checkpoint-{step}/trainer_state.json", state);
        Assert.Equal(expected, (await GetAsync("/v1/runs/first.finetuned"))["state"]!.GetValue<string>());
    }

    [Fact]
    public async Task ARunHasItsRecipeCheckpointsAndSamplesButNoPaths()
    {
        JsonNode run = await GetAsync("/v1/runs/first");
        Assert.Contains("- .../corpus.txt\n", run["recipe"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains("- \"\\n\"", run["recipe"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.DoesNotContain("/home", run.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain(_directory.Path, run.ToJsonString(), StringComparison.Ordinal);
        JsonNode checkpoint = Assert.Single(run["checkpoints"]!.AsArray())!;
        Assert.Equal((10, 5), (checkpoint["step"]!.GetValue<int>(), checkpoint["bytes"]!.GetValue<int>()));
        Assert.Equal(" upon", Assert.Single(run["samples"]!.AsArray())!["text"]!.GetValue<string>());
    }

    [Fact]
    public async Task AHalfWrittenLineIsLeftForTheNextCall()
    {
        Assert.Equal((int[])[10, 10, 20], await StepsAsync("/v1/runs/first/metrics"));
        Assert.Equal((int[])[20], await StepsAsync("/v1/runs/first/metrics?after=10"));
        Assert.Empty(await StepsAsync("/v1/runs/first/metrics?after=20"));
        await File.AppendAllTextAsync(_directory.File("first/metrics.jsonl"), "ss\":null}\n", TestContext.Current.CancellationToken);
        Assert.Equal((int[])[30], await StepsAsync("/v1/runs/first/metrics?after=20"));
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync("/v1/runs/first/metrics?after=soon"));
    }

    [Theory]
    [InlineData("/v1/runs/none")]
    [InlineData("/v1/runs/..")]
    [InlineData("/v1/runs/%2e%2e%2f%2e%2e%2fetc")]
    [InlineData("/v1/runs/first%2ffinetuned")]
    [InlineData("/v1/runs/other/metrics")]
    [InlineData("/v1/runs/checkpoint-10")]
    public async Task NothingElseIsFound(string path) => Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(path));

    [Fact]
    public async Task ADirectoryThatIsARunAndAServerWithoutRunsAreListed()
    {
        await using ForewordServer one = await TestServer.StartAsync(server.Path, options => options with { Runs = [_directory.File("first/finetuned"), _directory.File("first")] });
        using HttpClient client = new() { BaseAddress = new Uri(one.Addresses.Single()) };
        JsonNode runs = JsonNode.Parse(await client.GetStringAsync(new Uri("/v1/runs", UriKind.Relative), TestContext.Current.CancellationToken))!;
        Assert.Equal(["finetuned", "first", "first.finetuned"], runs["data"]!.AsArray().Select(run => run!["id"]!.GetValue<string>()).Order(StringComparer.Ordinal));
        Assert.Empty(JsonNode.Parse(await server.Client.GetStringAsync(new Uri("/v1/runs", UriKind.Relative), TestContext.Current.CancellationToken))!["data"]!.AsArray());
        await one.StopAsync();
    }

    private async Task<int[]> StepsAsync(string path) => [.. (await GetAsync(path))["data"]!.AsArray().Select(row => row!["step"]!.GetValue<int>())];

    private async Task<JsonNode> GetAsync(string path) => JsonNode.Parse(await _client.GetStringAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken))!;

    private async Task<HttpStatusCode> StatusAsync(string path)
    {
        using HttpResponseMessage response = await _client.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        return response.StatusCode;
    }
}
