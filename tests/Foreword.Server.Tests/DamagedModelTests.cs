using System.Text;
using System.Text.Json.Nodes;
using Foreword.Cpu;
using Foreword.Weights;
using Foreword.Weights.HuggingFace;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foreword.Server.Tests;

/// <summary>Serves models with finite weights that are too large to compute with. The client is not to blame, so the status is 500 and never 400.</summary>
public sealed class DamagedModelTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private readonly RecordingLogger<ForewordServer> _log = new();
    private ForewordServer _server = null!;
    private HttpClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        string text = Directory.CreateDirectory(_directory.File("text")).FullName, task = Directory.CreateDirectory(_directory.File("task")).FullName;
        RandomModel.Write(text);
        foreach (string file in Directory.GetFiles(Fixtures.Path("classifiers/gpt2")))
            File.Copy(file, Path.Combine(task, Path.GetFileName(file)));
        string large = Directory.CreateDirectory(_directory.File("large")).FullName;
        RandomModel.Write(large);
        Enlarge(large, "ln_f.bias");
        Enlarge(text, "mlp.c_proj.bias");
        Enlarge(task, "ln_f.bias");
        _server = ForewordServer.Create(
            new ServerOptions
            {
                Models = [.. new[] { text, task, large }.Select(path => new ServedModelOptions { Name = Path.GetFileName(path), Path = path, Engine = new CpuEngine { Threads = 1 } })],
                Urls = "http://127.0.0.1:0",
            },
            logging => logging.AddProvider(new Provider(_log)));
        await _server.StartAsync(TestContext.Current.CancellationToken);
        _client = new HttpClient { BaseAddress = new Uri(_server.Addresses.Single()) };
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.StopAsync();
        await _server.DisposeAsync();
        _directory.Dispose();
    }

    [Theory]
    [InlineData("/v1/completions", """{"prompt":"a","max_tokens":3}""", "logit of a token")]
    [InlineData("/v1/completions", """{"prompt":"a","max_tokens":3,"stream":true}""", "logit of a token")]
    [InlineData("/v1/completions", """{"prompt":"the cat","max_tokens":0,"echo":true,"logprobs":2}""", "logit of a token")]
    [InlineData("/v1/embeddings", """{"input":"the cat"}""", "hidden state")]
    [InlineData("/v1/classify", """{"model":"task","input":"the cat"}""", "output for an example")]
    public async Task NumbersThatAreNotFiniteAreAFaultOfTheServer(string path, string body, string logged)
    {
        using StringContent content = new(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await _client.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
        string answer = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal(500, (int)response.StatusCode);
        JsonNode error = JsonNode.Parse(answer)!["error"]!;
        Assert.Equal("server_error", error["type"]!.GetValue<string>());
        Assert.StartsWith("the model cannot answer, because its weights are damaged or too large to compute with", error["message"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.DoesNotContain(_directory.Path, answer, StringComparison.Ordinal);
        Assert.Contains(_log.Entries, entry => entry.Level == LogLevel.Error && entry.Text.Contains($"{path} failed: the model's {logged} is ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AnExampleWithoutTokensIsStillTheClientsFault()
    {
        using StringContent content = new("""{"model":"task","input":""}""", Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await _client.PostAsync(new Uri("/v1/classify", UriKind.Relative), content, TestContext.Current.CancellationToken);
        Assert.Equal(400, (int)response.StatusCode);
    }

    /// <summary>The squares of these states exceed float32, but their directions are known.</summary>
    [Fact]
    public async Task LargeStatesAreScaledToLengthOne()
    {
        using StringContent content = new("""{"model":"large","input":"the cat"}""", Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await _client.PostAsync(new Uri("/v1/embeddings", UriKind.Relative), content, TestContext.Current.CancellationToken);
        JsonNode answer = JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        Assert.Equal(1, answer["data"]![0]!["embedding"]!.AsArray().Sum(value => Math.Pow(value!.GetValue<double>(), 2)), 1e-5);
    }

    /// <summary>Makes parameters so large that the numbers computed with them overflow.</summary>
    private static void Enlarge(string model, string parameter)
    {
        string file = Path.Combine(model, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(file);
        using (SafetensorsFile weights = SafetensorsFile.Open(file))
        {
            foreach (TensorInfo info in weights.Tensors.Keys.Where(name => name.EndsWith(parameter, StringComparison.Ordinal)).Select(weights.Tensor))
            {
                for (int i = 0; i < info.ElementCount; i++)
                    BitConverter.TryWriteBytes(bytes.AsSpan((int)info.Offset + 4 * i), 3e38f);
            }
        }

        File.WriteAllBytes(file, bytes);
    }

    private sealed class Provider(ILogger logger) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => categoryName.StartsWith(nameof(Foreword), StringComparison.Ordinal) ? logger : NullLogger.Instance;

        public void Dispose()
        {
        }
    }
}
