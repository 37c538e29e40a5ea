using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Foreword.Server.Tests;

public sealed class ModelEndpointsTests(TestServer server) : IClassFixture<TestServer>
{
    [Fact]
    public async Task ModelsAreListedAndFoundByName()
    {
        JsonNode list = await GetAsync("/v1/models");
        Assert.Equal(TestServer.Name, list["data"]![0]!["id"]!.GetValue<string>());
        Assert.Equal(256, list["data"]![0]!["max_model_len"]!.GetValue<int>());
        Assert.True(list["data"]![0]!["meta"]!["weights_bytes"]!.GetValue<long>() > 100_000);
        Assert.DoesNotContain(server.Path, list.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(TestServer.Name, (await GetAsync($"/v1/models/{TestServer.Name}"))["id"]!.GetValue<string>());
        using HttpResponseMessage missing = await server.Client.GetAsync(new Uri("/v1/models/no/such", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(404, (int)missing.StatusCode);
    }

    [Fact]
    public async Task TextsBecomeTokensAndBackInBothDialects()
    {
        int[] ids = server.Model.Tokenizer.Encode("the cat 日");
        JsonNode vllm = await server.PostAsync("/tokenize", """{"prompt":"the cat 日","add_special_tokens":false,"return_token_strs":true}""");
        Assert.Equal(ids, vllm["tokens"]!.AsArray().Select(id => id!.GetValue<int>()));
        Assert.Equal(ids.Length, vllm["count"]!.GetValue<int>());
        Assert.Equal(ids.Length, vllm["token_strs"]!.AsArray().Count);
        JsonNode llama = await server.PostAsync("/tokenize", """{"content":"the cat 日","with_pieces":true}""");
        Assert.Equal(ids, llama["tokens"]!.AsArray().Select(token => token!["id"]!.GetValue<int>()));
        JsonNode back = await server.PostAsync("/detokenize", TestServer.Json(new { tokens = ids }));
        Assert.Equal("the cat 日", back["prompt"]!.GetValue<string>());
        Assert.Equal("the cat 日", back["content"]!.GetValue<string>());
        Assert.Equal(400, (await server.TryPostAsync("/detokenize", """{"tokens":[100000]}""")).Status);
        Assert.Equal(400, (await server.TryPostAsync("/tokenize", """{"prompt":"a","content":"b"}""")).Status);
        Assert.NotNull((await GetAsync("/tokenizer_info"))["eos_token"]);
    }

    [Theory]
    [InlineData("GET", "/nowhere", 404)]
    [InlineData("DELETE", "/v1/models", 405)]
    [InlineData("GET", "/v1/completions", 405)]
    public async Task WrongPathsAndMethodsAreAnsweredInTheSameForm(string method, string path, int status)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), path);
        using HttpResponseMessage response = await server.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(status, (int)response.StatusCode);
        JsonNode answer = (await response.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!;
        Assert.NotEmpty(answer["error"]!["message"]!.GetValue<string>());
    }

    [Fact]
    public async Task MetricsCountTokensRequestsAndTimes()
    {
        // The meters of all servers in a process have one name, so this one has a model of its own name.
        await using ForewordServer counted = await TestServer.StartAsync(server.Path, options => options with { Models = [options.Models[0] with { Name = "counted" }] });
        using HttpClient client = new() { BaseAddress = new Uri(counted.Addresses.Single()) };
        for (int i = 0; i < 3; i++)
        {
            using StringContent body = new("""{"prompt":"the cat","max_tokens":6,"ignore_eos":true,"stream":true}""");
            using HttpResponseMessage response = await client.PostAsync(new Uri("/v1/completions", UriKind.Relative), body, TestContext.Current.CancellationToken);
            Assert.EndsWith("[DONE]\n\n", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        string text = await client.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(3, Value("request_success_total"));
        Assert.Equal(15, Value("tokens_predicted_total")); // the last of six tokens is not read
        Assert.True(Value("prompt_tokens_total") > 0);
        Assert.Equal(3, Value("time_to_first_token_seconds_count"));
        Assert.Equal(15, Value("time_per_output_token_seconds_count"));
        Assert.Equal(0, Value("num_requests_running"));
        await counted.StopAsync();

        double Value(string name)
        {
            string line = text.Split('\n').Single(one => one.StartsWith(name + "{", StringComparison.Ordinal) && one.Contains("model_name=\"counted\"", StringComparison.Ordinal));
            return double.Parse(line.Split("} ")[1].Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    private async Task<JsonNode> GetAsync(string path) => (await server.Client.GetFromJsonAsync<JsonNode>(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken))!;
}
