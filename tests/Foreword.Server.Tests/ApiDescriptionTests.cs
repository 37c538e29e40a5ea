using System.Net;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Foreword.Cpu;
using Foreword.Server.Tests.Page;
using Json.Schema;
using Microsoft.OpenApi;
using Microsoft.OpenApi.Reader;

namespace Foreword.Server.Tests;

/// <summary>Compares <c>/openapi/v1.json</c> with what the endpoints do, field by field.</summary>
public sealed partial class ApiDescriptionTests(TestServer server) : IClassFixture<TestServer>, IAsyncLifetime
{
    /// <summary>Objects inside requests: where they stand, what makes them legal, and their place in the document.</summary>
    private static readonly (string Endpoint, string Body, string Place, string Schema)[] _nested =
    [
        ("/v1/completions", """{"prompt":"a","max_tokens":1,"stream":true,"stream_options":{FIELD}}""", "stream_options", "CompletionBody/properties/stream_options"),
        ("/v1/completions", """{"prompt":"a","max_tokens":1,"response_format":{"type":"json_schema","json_schema":{"schema":{"type":"null"}},FIELD}}""", "response_format", "CompletionBody/properties/response_format"),
        ("/v1/completions", """{"prompt":"a","max_tokens":1,"response_format":{"type":"json_schema","json_schema":{"schema":{"type":"null"},FIELD}}}""", "response_format.json_schema", "CompletionBody/properties/response_format/properties/json_schema"),
        ("/v1/chat/completions", """{"max_tokens":1,"messages":[{"role":"user","content":"a",FIELD}]}""", "messages[0]", "ChatBody/properties/messages/items"),
        ("/v1/chat/completions", """{"max_tokens":1,"messages":[{"role":"user","content":[{"type":"text","text":"a",FIELD}]}]}""", "messages[0].content[0]", "ChatBody/properties/messages/items/properties/content/anyOf/1/items"),
    ];

    private readonly TemporaryDirectory _runs = new();
    private readonly TemporaryDirectory _choices = new();
    private ForewordServer _server = null!;
    private HttpClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        (string Name, string Path)[] tasks = [("pairs", Fixtures.Path("classifiers/gpt2-entailment-run")), ("classes", Fixtures.Path("classifiers/gpt2")), ("choices", _choices.Path)];
        RunsTests.WriteRun(_runs);
        PageServer.WriteChoices(_choices.Path);
        _server = await TestServer.StartAsync(server.Path, options => options with
        {
            Runs = [_runs.Path],
            Models = [.. options.Models, .. tasks.Select(task => new ServedModelOptions { Name = task.Name, Path = task.Path, Engine = new CpuEngine { Threads = 1 } })],
        });
        _client = new HttpClient { BaseAddress = new Uri(_server.Addresses.Single()) };
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.StopAsync();
        await _server.DisposeAsync();
        _runs.Dispose();
        _choices.Dispose();
    }

    [Fact]
    public async Task TheDocumentIsValidAndNamesOnlyEndpointsThatExist()
    {
        ReadResult read = OpenApiDocument.Parse(await TextAsync("/openapi/v1.json"), "json");
        Assert.Empty(read.Diagnostic!.Errors);
        foreach ((string path, IOpenApiPathItem item) in read.Document!.Paths)
        {
            HttpMethod method = item.Operations!.Single().Key;
            using HttpRequestMessage request = new(method, path.Replace("{id}", path.Contains("runs", StringComparison.Ordinal) ? "first" : TestServer.Name, StringComparison.Ordinal));
            using HttpResponseMessage response = await _client.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.False(response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed, path);
        }
    }

    /// <summary>Tries every word of the assembly as a field of every object: a field is accepted exactly if it is described.</summary>
    [Fact]
    public async Task AFieldIsAcceptedExactlyIfItIsDescribed()
    {
        JsonNode document = await DocumentAsync();
        List<(string Endpoint, string Body, string Place, JsonNode Schema)> objects = [.. _nested.Select(one => (one.Endpoint, one.Body, one.Place, At(document, one.Schema)))];
        foreach ((string path, JsonNode post) in Posts(document))
        {
            JsonObject example = post["requestBody"]!["content"]!["application/json"]!["example"]!.DeepClone().AsObject();
            example["model"] = path is "/v1/classify" ? "classes" : path is "/v1/score" or "/v1/rerank" or "/v1/choose" ? "pairs" : TestServer.Name;
            objects.Add((path, example.ToJsonString()[..^1] + ",FIELD}", "", At(document, post["requestBody"]!["content"]!["application/json"]!["schema"]!["$ref"]!.GetValue<string>().Split('/')[^1])));
        }

        string[] words = [.. Words()];
        Assert.Contains("repeat_penalty", words);
        List<string> wrong = [];
        foreach ((string endpoint, string body, string place, JsonNode schema) in objects)
        {
            Assert.False(schema["additionalProperties"]!.GetValue<bool>());
            JsonObject described = schema["properties"]!.AsObject();
            await Parallel.ForEachAsync(words.Concat(described.Select(field => field.Key)).Distinct(), TestContext.Current.CancellationToken, async (word, cancellationToken) =>
            {
                if (Regex.IsMatch(body, $"\"{word}\":"))
                    return; // it cannot be given twice
                using StringContent content = new(body.Replace("FIELD", $"\"{word}\":{{\"x\":1}}", StringComparison.Ordinal), Encoding.UTF8, "application/json");
                using HttpResponseMessage response = await _client.PostAsync(new Uri(endpoint, UriKind.Relative), content, cancellationToken);
                string answer = await response.Content.ReadAsStringAsync(cancellationToken);
                JsonNode? error = response.StatusCode == HttpStatusCode.BadRequest ? JsonNode.Parse(answer)!["error"] : null;
                bool refused = error?["param"]?.GetValue<string>() == (place.Length == 0 ? word : $"{place}.{word}") && error["code"]!.ToString() is "unknown_parameter" or "unsupported_parameter";
                if (refused == described.ContainsKey(word))
                {
                    lock (wrong)
                        wrong.Add($"{endpoint} {place} {word}: {answer}");
                }
            });
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task EveryFieldOfRequestsIsDescribedAndExamplesAreAnsweredInTheirForm()
    {
        JsonNode document = await DocumentAsync();
        foreach ((string path, JsonNode post) in Posts(document))
        {
            JsonNode media = post["requestBody"]!["content"]!["application/json"]!;
            Assert.All(At(document, media["schema"]!["$ref"]!.GetValue<string>().Split('/')[^1])["properties"]!.AsObject(), field => Assert.NotNull(field.Value!["description"]));
            JsonObject example = media["example"]!.DeepClone().AsObject();
            if (path is "/v1/classify" or "/v1/choose")
                example["model"] = path == "/v1/classify" ? "classes" : "choices";
            await CheckAsync(document, path, example, post);
            if (path is "/v1/completions" or "/v1/chat/completions")
            {
                example["logprobs"] = path == "/v1/completions" ? 2 : true;
                await CheckAsync(document, path, example, post);
                example["stream"] = true;
                example["stream_options"] = new JsonObject { ["include_usage"] = true };
                await CheckAsync(document, path, example, post);
            }
        }

        foreach ((string path, JsonNode? item) in document["paths"]!.AsObject().Where(path => path.Value!["get"] is not null))
            Check(document, item!["get"]!, await TextAsync(path.Replace("{id}", path.Contains("runs", StringComparison.Ordinal) ? "first" : TestServer.Name, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task ThePageNeedsNeitherTheNetNorAKey()
    {
        await using ForewordServer guarded = await TestServer.StartAsync(server.Path, options => options with { ApiKeys = ["key"] });
        using HttpClient client = new() { BaseAddress = new Uri(guarded.Addresses.Single()) };
        using HttpResponseMessage page = await client.GetAsync(new Uri("/docs/", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Contains("connect-src 'self'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        string html = await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.DoesNotContain("//", html.Replace("<!doctype", "", StringComparison.Ordinal), StringComparison.Ordinal); // no address of another server
        foreach (Match script in Script().Matches(html))
        {
            using HttpResponseMessage file = await client.GetAsync(new Uri("/docs/" + script.Groups[1].Value, UriKind.Relative), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, file.StatusCode);
        }

        JsonNode document = JsonNode.Parse(await client.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative), TestContext.Current.CancellationToken))!;
        Assert.Equal("bearer", document["components"]!["securitySchemes"]!["key"]!["scheme"]!.GetValue<string>());
        await guarded.StopAsync();
    }

    /// <summary>The document is made once, so it holds nothing of the request that it was first read with.</summary>
    [Fact]
    public async Task TheDocumentIsTheSameForEveryRequest()
    {
        using HttpRequestMessage first = new(HttpMethod.Get, "/openapi/v1.json") { Headers = { Host = "first.example" } };
        using HttpResponseMessage whole = await _client.SendAsync(first, TestContext.Current.CancellationToken);
        string text = await whole.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal("application/json", whole.Content.Headers.ContentType!.MediaType);
        Assert.DoesNotContain("first.example", text, StringComparison.Ordinal);
        Assert.Equal(text, await TextAsync("/openapi/v1.json"));
        using HttpRequestMessage again = new(HttpMethod.Get, "/openapi/v1.json");
        again.Headers.IfNoneMatch.Add(whole.Headers.ETag!);
        using HttpResponseMessage unchanged = await _client.SendAsync(again, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
    }

    private async Task CheckAsync(JsonNode document, string path, JsonObject body, JsonNode operation)
    {
        using StringContent content = new(body.ToJsonString(), Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await _client.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
        string answer = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, answer);
        if (response.Content.Headers.ContentType!.MediaType == "application/json")
        {
            Check(document, operation, answer);
            return;
        }

        foreach (string one in answer.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).SkipLast(1))
            Check(document, operation, one["data: ".Length..]);
    }

    /// <summary>Checks an answer against its schema, in which no other field is allowed.</summary>
    private static void Check(JsonNode document, JsonNode operation, string answer)
    {
        string reference = operation["responses"]!["200"]!["content"]!["application/json"]!["schema"]!["$ref"]!.GetValue<string>();
        JsonObject definitions = document["components"]!["schemas"]!.DeepClone().AsObject();
        Close(definitions);
        JsonObject schema = new() { ["$ref"] = reference, ["$defs"] = definitions };
        string text = schema.ToJsonString().Replace("#/components/schemas/", "#/$defs/", StringComparison.Ordinal);
        EvaluationResults results = JsonSchema.FromText(text).Evaluate(JsonNode.Parse(answer), new EvaluationOptions { OutputFormat = OutputFormat.List });
        Assert.True(results.IsValid, $"{reference}: {answer}\n{string.Join('\n', results.Details.Where(detail => detail.HasErrors).Select(detail => $"{detail.InstanceLocation}: {string.Join(", ", detail.Errors!.Values)}"))}");
    }

    private static void Close(JsonNode? node)
    {
        if (node is JsonArray list)
        {
            foreach (JsonNode? item in list)
                Close(item);
        }
        else if (node is JsonObject fields)
        {
            foreach (JsonNode? item in fields.Select(field => field.Value).ToArray())
                Close(item);
            if (fields["properties"] is JsonObject properties && properties.Count > 0)
                fields["additionalProperties"] = false;
        }
    }

    private static IEnumerable<(string Path, JsonNode Post)> Posts(JsonNode document) =>
        document["paths"]!.AsObject().Where(path => path.Value!["post"] is not null).Select(path => (path.Key, path.Value!["post"]!));

    private static JsonNode At(JsonNode document, string place)
    {
        JsonNode node = document["components"]!["schemas"]!;
        foreach (string step in place.Split('/'))
        {
            node = node is JsonArray list ? list[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)]! : node[step]!;
            if (node is JsonObject && node["$ref"]?.GetValue<string>() is { } reference)
                node = document["components"]!["schemas"]![reference.Split('/')[^1]]!;
        }

        return node;
    }

    /// <summary>Returns all texts of the assembly that may be names of fields.</summary>
    private static IEnumerable<string> Words()
    {
        using PEReader file = new(File.OpenRead(typeof(ForewordServer).Assembly.Location));
        MetadataReader metadata = file.GetMetadataReader();
        for (UserStringHandle text = MetadataTokens.UserStringHandle(1); !text.IsNil; text = metadata.GetNextHandle(text))
        {
            if (Name().IsMatch(metadata.GetUserString(text)))
                yield return metadata.GetUserString(text);
        }
    }

    private async Task<JsonNode> DocumentAsync() => JsonNode.Parse(await TextAsync("/openapi/v1.json"))!;

    private Task<string> TextAsync(string path) => _client.GetStringAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);

    [GeneratedRegex("^[a-z][a-z0-9_]{0,40}$")]
    private static partial Regex Name();

    [GeneratedRegex("<script[^>]* src=\"([^\"]+)\"")]
    private static partial Regex Script();
}
