using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Foreword.Server.Tests;

/// <summary>Tests the rate limit and the compression of answers.</summary>
public sealed class LimitsTests(TestServer server) : IClassFixture<TestServer>
{
    [Fact]
    public async Task EachKeyHasItsOwnNumberOfRequestsAMinute()
    {
        await using ForewordServer limited = await TestServer.StartAsync(server.Path, options => options with { ApiKeys = ["first", "second"], RateLimit = 3 });
        using HttpClient client = new() { BaseAddress = new Uri(limited.Addresses.Single()) };
        for (int i = 0; i < 3; i++)
            Assert.Equal(HttpStatusCode.OK, (await GetAsync(client, "/v1/models", "first")).StatusCode);
        HttpResponseMessage refused = await GetAsync(client, "/v1/models", "first");
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        JsonNode error = JsonNode.Parse(await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["error"]!;
        Assert.Equal("rate_limit_error", error["type"]!.GetValue<string>());
        Assert.Equal("rate_limit_exceeded", error["code"]!.GetValue<string>());
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(client, "/v1/models", "second")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(client, "/v1/models", "third")).StatusCode);
        foreach (string free in (string[])["/health", "/ready", "/", "/openapi/v1.json"])
            Assert.Equal(HttpStatusCode.OK, (await GetAsync(client, free, "first")).StatusCode);
        await limited.StopAsync();
    }

    [Fact]
    public async Task WithoutKeysAnAddressIsLimited()
    {
        await using ForewordServer limited = await TestServer.StartAsync(server.Path, options => options with { RateLimit = 2 });
        using HttpClient client = new() { BaseAddress = new Uri(limited.Addresses.Single()) };
        List<HttpStatusCode> statuses = [];
        for (int i = 0; i < 4; i++)
            statuses.Add((await GetAsync(client, "/v1/models")).StatusCode);
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.TooManyRequests, HttpStatusCode.TooManyRequests], statuses);
        await limited.StopAsync();
    }

    [Theory]
    [InlineData("/openapi/v1.json", "br", "br")]
    [InlineData("/openapi/v1.json", "gzip", "gzip")]
    [InlineData("/openapi/v1.json", "identity", null)]
    [InlineData("/page/main.js", "gzip, br", "br")]
    [InlineData("/health", "br", null)] // too short to gain anything
    public async Task LargeAnswersAreCompressedIfTheClientReadsThat(string path, string accepted, string? expected)
    {
        HttpResponseMessage response = await GetAsync(server.Client, path, null, accepted);
        Assert.Equal(expected, response.Content.Headers.ContentEncoding.SingleOrDefault());
    }

    [Fact]
    public async Task StreamsAreNotCompressed()
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "/v1/completions") { Content = new StringContent("""{"prompt":"a","max_tokens":40,"stream":true}""", Encoding.UTF8) };
        request.Headers.Add("Accept-Encoding", "gzip, br");
        using HttpResponseMessage response = await server.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Empty(response.Content.Headers.ContentEncoding);
        Assert.EndsWith("data: [DONE]\n\n", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private static async Task<HttpResponseMessage> GetAsync(HttpClient client, string path, string? key = null, string? accepted = null)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, path);
        if (key is not null)
            request.Headers.Add("X-Api-Key", key);
        if (accepted is not null)
            request.Headers.Add("Accept-Encoding", accepted);
        return await client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
