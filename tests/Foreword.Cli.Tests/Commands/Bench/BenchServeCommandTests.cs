using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Foreword.Cli.Tests.Commands.Bench;

public sealed class BenchServeCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    /// <summary>500 mixed requests from 32 clients, a third aborted and some of them bad: the others get exactly the answers that they get alone.</summary>
    [Fact]
    public void NothingIsLostOrMixedUnderLoad()
    {
        RandomModel.Write(Directory.CreateDirectory(_directory.File("model")).FullName);
        Cli run = Cli.Run("bench", "serve", "--model", _directory.File("model"), "--weights", "int8", "--mixed", "--requests", "500", "--clients", "32", "--json", "--out", _directory.File("out"));
        Assert.True(run.ExitCode == 0, run.Err);
        JsonElement figures = JsonDocument.Parse(run.Out).RootElement;
        Assert.Equal((500, 0, 0), (Number("requests"), Number("lost"), Number("wrong")));
        Assert.Equal(500, Number("answered") + Number("aborted"));
        Assert.InRange(Number("aborted"), 50, 167); // the answer to a small request may come before the client leaves
        Assert.True(Number("early_memory") > 0 && Number("final_memory") > 0);
        Assert.True(Number("threads_after") <= Number("threads_before") + 5, run.Out); // the runtime has a few that come and go
        Assert.Equal(500, JsonDocument.Parse(File.ReadAllText(_directory.File("out/serve-mixed.json"))).RootElement.GetProperty("requests").GetInt32());

        long Number(string name) => figures.GetProperty(name).GetInt64();
    }

    /// <summary>The check itself: a server that mixes answers up and drops connections is found out.</summary>
    [Fact]
    public async Task AWrongAnswerAndALostOneAreFound()
    {
        int number = 0;
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        await using WebApplication faulty = builder.Build();
        faulty.Urls.Add("http://127.0.0.1:0");
        faulty.MapGet("/v1/models", () => Results.Text("""{"data":[{"id":"faulty"}]}""", "application/json"));
        faulty.MapPost("/v1/{**path}", async (HttpContext context) =>
        {
            int own = Interlocked.Increment(ref number);
            string body = await new StreamReader(context.Request.Body).ReadToEndAsync(context.RequestAborted);
            if (own > 200 && own % 10 == 0)
                context.Abort();
            else if (body.Contains("\"stream\":true", StringComparison.Ordinal) && !body.Contains("-1", StringComparison.Ordinal))
                await context.Response.WriteAsync("data: {\"choices\":[{\"index\":0,\"text\":\"a\"}]}\n\ndata: [DONE]\n\n");
            else
                await context.Response.WriteAsync(own > 200 && own % 10 == 5 ? """{"choices":["other"]}""" : """{"choices":["same"]}""");
        });
        await faulty.StartAsync(TestContext.Current.CancellationToken);
        Cli run = Cli.Run("bench", "serve", "--url", faulty.Urls.Single(), "--mixed", "--requests", "300", "--clients", "8", "--json");
        JsonElement figures = JsonDocument.Parse(run.Out).RootElement;
        Assert.Equal(1, run.ExitCode);
        Assert.True(figures.GetProperty("lost").GetInt32() > 0 && figures.GetProperty("wrong").GetInt32() > 0, run.Out);
        Assert.False(figures.TryGetProperty("final_memory", out _)); // that of another process is not known
        Assert.Matches("requests are lost and [0-9]+ answers are wrong; the first: ", run.Err);
        await faulty.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public void FiguresAndAPictureAreWritten()
    {
        RandomModel.Write(Directory.CreateDirectory(_directory.File("model")).FullName);
        Cli run = Cli.Run("bench", "serve", "--model", _directory.File("model"), "--clients", "1,3", "--requests", "4", "--prompt-tokens", "9", "--max-tokens", "5", "--out", _directory.File("out"));
        Assert.True(run.ExitCode == 0, run.Err);
        JsonElement[] loads = [.. JsonDocument.Parse(File.ReadAllText(_directory.File("out/serve.json"))).RootElement.GetProperty("loads").EnumerateArray()];
        Assert.Equal([1, 3], loads.Select(load => load.GetProperty("clients").GetInt32()));
        Assert.All(loads, load => Assert.Equal((4, 20), (load.GetProperty("completed").GetInt32(), load.GetProperty("total_output_tokens").GetInt32())));
        string picture = File.ReadAllText(_directory.File("out/serve.svg"));
        Assert.All(["tokens per second", "time to first token (ms)", "time between tokens (ms)", "99th percentile", "clients"], text => Assert.Contains(text, picture, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--mixed takes no --rate; its requests are of many kinds", "--mixed", "--rate", "3")]
    [InlineData("--clients is 1,4; --mixed takes one number", "--mixed", "--clients", "1,4")]
    [InlineData("--requests is 0; it must be at least 1", "--mixed", "--requests", "0")]
    [InlineData("--max-tokens is 0; it must be at least 1", "--max-tokens", "0")]
    public void BadOptionsAreUsageErrors(string complaint, params string[] options)
    {
        Cli run = Cli.Run(["bench", "serve", "--model", "none", .. options]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(complaint, run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public void AFileInThePlaceOfTheDirectoryIsRefusedBeforeTheMeasurement()
    {
        Cli run = Cli.Run("bench", "serve", "--model", "none", "--out", _directory.Write("file", ""));
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("is a file; expected a directory", run.Err, StringComparison.Ordinal);
    }
}
