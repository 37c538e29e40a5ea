using System.ClientModel;
using System.Text.Json.Nodes;
using Foreword.Cpu;
using OpenAI;
using OpenAI.Embeddings;

namespace Foreword.Server.Tests;

public sealed class EmbeddingsTests(TestServer server) : IClassFixture<TestServer>
{
    private const string Path = "/v1/embeddings";

    /// <summary>OpenAI's package asks for base64.</summary>
    [Fact]
    public async Task OpenAIsClientGetsVectorsOfLengthOne()
    {
        EmbeddingClient client = new(TestServer.Name, new ApiKeyCredential("any"), new OpenAIClientOptions { Endpoint = new Uri(server.Client.BaseAddress!, "/v1") });
        OpenAIEmbeddingCollection both = await client.GenerateEmbeddingsAsync(["the cat", "a dog"], cancellationToken: TestContext.Current.CancellationToken);
        OpenAIEmbedding one = await client.GenerateEmbeddingAsync("a dog", cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(2, both.Count);
        Assert.Equal(one.ToFloats().ToArray(), both[1].ToFloats().ToArray());
        Assert.NotEqual(both[0].ToFloats().ToArray(), both[1].ToFloats().ToArray());
        Assert.Equal(1, both[0].ToFloats().ToArray().Sum(value => (double)value * value), 1e-5);
        Assert.Equal(both.Usage.InputTokenCount, both.Usage.TotalTokenCount);
    }

    [Fact]
    public async Task TheLastStateIsTheModels()
    {
        int[] ids = server.Model.Tokenizer.Encode("the cat");
        float[] state = ((CpuLanguageModel)server.Model.Model).FinalStates([ids], TestContext.Current.CancellationToken)[0];
        double length = Math.Sqrt(state.Take(10).Sum(value => (double)value * value));
        JsonNode answer = await server.PostAsync(Path, TestServer.Json(new { input = ids, pooling = "last", dimensions = 10 }));
        Assert.Equal(state.Take(10).Select(value => value / length), answer["data"]![0]!["embedding"]!.AsArray().Select(value => value!.GetValue<double>()), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Theory]
    [InlineData("{}", "input")]
    [InlineData("""{"input":[]}""", "input")]
    [InlineData("""{"input":[[300]]}""", "input")]
    [InlineData("""{"input":"a","dimensions":65}""", "dimensions")]
    [InlineData("""{"input":"a","encoding_format":"int8"}""", "encoding_format")]
    [InlineData("""{"input":"a","pooling":"max"}""", "pooling")]
    public async Task BadRequestsAreToldTheField(string body, string parameter)
    {
        (int status, JsonNode answer) = await server.TryPostAsync(Path, body);
        Assert.Equal(400, status);
        Assert.Equal(parameter, answer["error"]!["param"]!.GetValue<string>());
    }
}
