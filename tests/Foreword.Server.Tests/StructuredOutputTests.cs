using System.ClientModel;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using OpenAI;
using OpenAI.Chat;

namespace Foreword.Server.Tests;

/// <summary>Tests texts that must match. The model is random, so without the constraint they never would.</summary>
public sealed class StructuredOutputTests(TestServer server) : IClassFixture<TestServer>
{
    private const string Path = "/v1/completions";

    [Theory]
    [InlineData("choice")]
    [InlineData("guided_choice")]
    public async Task OneOfTheChoicesIsWritten(string field)
    {
        HashSet<string> written = [];
        for (int seed = 0; seed < 20; seed++)
            written.Add(Text(await server.PostAsync(Path, $$"""{"prompt":"a","max_tokens":50,"seed":{{seed}},"{{field}}":["yes","no","maybe not"]}""")));
        Assert.True(written.Count > 1);
        Assert.Subset(new HashSet<string> { "yes", "no", "maybe not" }, written);
    }

    [Fact]
    public async Task AnExpressionIsMatchedStreamedOrNot()
    {
        const string Body = """{"prompt":"a","max_tokens":50,"seed":3,"regex":"[A-Z]{2}-\\d{3}(, [a-z]{1,5}!)?"}""";
        string text = Text(await server.PostAsync(Path, Body));
        Assert.Matches(new Regex("^[A-Z]{2}-\\d{3}(, [a-z]{1,5}!)?$"), text);
        List<JsonNode> events = await server.StreamAsync(Path, Body[..^1] + ",\"stream\":true}");
        Assert.Equal(text, string.Concat(events.Select(one => one["choices"]![0]!["text"]!.GetValue<string>())));
        Assert.Equal("stop", events[^1]["choices"]![0]!["finish_reason"]!.GetValue<string>());
    }

    [Fact]
    public async Task OpenAIsClientGetsJsonOfItsSchema()
    {
        ChatClient client = new(TestServer.Name, new ApiKeyCredential("any"), new OpenAIClientOptions { Endpoint = new Uri(server.Client.BaseAddress!, "/v1") });
        const string Schema = """
            {"type":"object","properties":{"kind":{"enum":["cat","dog"]},"legs":{"type":"integer","minimum":0,"maximum":9},"wild":{"type":"boolean"}},"required":["kind","legs","wild"],"additionalProperties":false}
            """;
        ChatCompletionOptions options = new() { ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("animal", BinaryData.FromString(Schema), jsonSchemaIsStrict: true), MaxOutputTokenCount = 120 };
        for (int i = 0; i < 5; i++)
        {
            ChatCompletion answer = await client.CompleteChatAsync([new UserChatMessage("describe it")], options, TestContext.Current.CancellationToken);
            Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
            using JsonDocument json = JsonDocument.Parse(answer.Content[0].Text);
            Assert.Contains(json.RootElement.GetProperty("kind").GetString(), (string[])["cat", "dog"]);
            Assert.InRange(json.RootElement.GetProperty("legs").GetInt32(), 0, 9);
            Assert.True(json.RootElement.GetProperty("wild").ValueKind is JsonValueKind.True or JsonValueKind.False);
        }
    }

    [Theory]
    [InlineData("""{"prompt":"a","response_format":{"type":"xml"}}""", "response_format")]
    [InlineData("""{"prompt":"a","response_format":{"type":"json_schema"}}""", "response_format")]
    [InlineData("""{"prompt":"a","response_format":{"type":"json_schema","json_schema":{"schema":{"type":"thing"}}}}""", "response_format")]
    [InlineData("""{"prompt":"a","regex":"(a"}""", "regex")]
    [InlineData("""{"prompt":"a","choice":[]}""", "choice")]
    [InlineData("""{"prompt":"a","choice":["a"],"regex":"b"}""", "regex")]
    [InlineData("""{"prompt":"a","choice":["a"],"stop":["b"]}""", null)]
    public async Task ImpossibleConstraintsAreTold(string body, string? parameter)
    {
        (int status, JsonNode answer) = await server.TryPostAsync(Path, body);
        Assert.Equal(400, status);
        Assert.Equal(parameter, answer["error"]!["param"]?.GetValue<string>());
        Assert.NotEmpty(answer["error"]!["message"]!.GetValue<string>());
    }

    private static string Text(JsonNode answer) => answer["choices"]![0]!["text"]!.GetValue<string>();
}
