using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Foreword.Server.Tests.Clients;

/// <summary>Talks to the server with curl, as the documentation shows.</summary>
public sealed class CurlTests(TestServer server) : IClassFixture<TestServer>
{
    private const string Body = """{"prompt":"the cat","max_tokens":8,"seed":1""";

    [Fact]
    public async Task WholeAnswersAndStreamsAreWhatOtherClientsGet()
    {
        JsonNode expected = await server.PostAsync("/v1/completions", Body + "}");
        JsonNode whole = JsonNode.Parse(await CurlAsync("/v1/completions", "-H", "Content-Type: application/json", "-d", Body + "}"))!;
        Assert.Equal(expected["choices"]!.ToJsonString(), whole["choices"]!.ToJsonString());
        string[] events = (await CurlAsync("/v1/completions", "-N", "-d", Body + ",\"stream\":true}")).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("data: [DONE]", events[^1]);
        Assert.Equal(expected["choices"]![0]!["text"]!.GetValue<string>(), string.Concat(events[..^1].Select(one => JsonNode.Parse(one["data: ".Length..])!["choices"]![0]!["text"]!.GetValue<string>())));
    }

    [Fact]
    public async Task AProblemHasItsStatus()
    {
        string answer = await CurlAsync("/v1/completions", "-w", "%{http_code}", "-d", """{"prompt":"a","n":1000}""");
        Assert.EndsWith("}400", answer, StringComparison.Ordinal);
        Assert.EndsWith("}405", await CurlAsync("/v1/completions", "-w", "%{http_code}", "-X", "DELETE"), StringComparison.Ordinal);
    }

    private async Task<string> CurlAsync(string path, params string[] arguments)
    {
        ProcessStartInfo start = new("curl", ["-s", .. arguments, new Uri(server.Client.BaseAddress!, path).ToString()]) { RedirectStandardOutput = true };
        Process? curl = null;
        try
        {
            curl = Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            Assert.Skip("curl is not installed");
        }

        using (curl)
        {
            string output = await curl.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await curl.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, curl.ExitCode);
            return output;
        }
    }
}
