using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace Foreword.Cli.Tests;

/// <summary>The programs in samples/ run in processes of their own, as a user's program does.</summary>
public sealed class SamplesTests
{
    [Fact]
    public void ACustomTokenizerIsTrainedSavedAndRead() =>
        Assert.Equal(["pairs, 260 ids", "258 101 259 257 109 101", "the theme"], Run("CustomTokenizer"));

    [Fact]
    public void ACustomBenchmarkIsEvaluated()
    {
        string[] lines = Run("CustomBenchmark");
        Assert.StartsWith("sums, 4 questions: 'QUESTION =' + each result", lines[0]);
        Assert.Equal(["acc", "acc_token", "acc_norm", "acc_uncond"], lines[1..].Select(line => line.Split(' ')[0]));
    }

    [Fact]
    public void AModelIsTrainedFineTunedAndAsked()
    {
        string[] lines = Run("OwnModel");
        Assert.Equal(["step 60: validation loss", "step 120: validation loss"], lines[..2].Select(line => line[..line.LastIndexOf(' ')]));
        Assert.StartsWith("My sister ", lines[2]);
        Assert.Matches(@"^card \(\d+ ?%\): My brother lost the card", lines[3]);
        Assert.Matches(@"^transfer \(\d+ ?%\): When does the money", lines[4]);
    }

    [Fact]
    public void AConversationAnswersEachLine()
    {
        using TemporaryDirectory model = new();
        RandomModel.Write(model.Path);
        string[] lines = Run("ConsoleChat", "Hello\nAnd you?\n\n", model.Path);
        Assert.StartsWith("Talk to ", lines[0]);
        Assert.Equal(2, lines.Count(line => line.EndsWith(" written]", StringComparison.Ordinal)));
    }

    [Fact]
    public void AgentsWriteAndJudge()
    {
        using TemporaryDirectory model = new();
        RandomModel.Write(model.Path);
        string[] lines = Run("Agents", "", model.Path);
        Assert.Equal(2, lines.Count(line => line.StartsWith("a lake: ", StringComparison.Ordinal) || line.StartsWith("the winter: ", StringComparison.Ordinal)));
        Assert.Equal(2, lines.Count(line => line.EndsWith(" of 5, final", StringComparison.Ordinal) || line.EndsWith(" of 5, to be revised", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task AWebServiceStreamsAndSorts()
    {
        using TemporaryDirectory model = new();
        RandomModel.Write(model.Path);
        await Serve("MinimalApi", [$"--Foreword:Path={model.Path}", "--Foreword:TemplateFile=plain"], async client =>
        {
            Assert.Equal("Healthy", await client.GetStringAsync(new Uri("health", UriKind.Relative)));
            Assert.StartsWith("data: ", await client.GetStringAsync(new Uri("ask?question=Hello", UriKind.Relative)), StringComparison.Ordinal);
            JsonNode sorted = await PostAsync(client, "sort", "{\"text\":\"I have lost my card.\"}");
            Assert.Contains(sorted["department"]!.GetValue<string>(), (string[])["Cards", "Transfers", "Other"]);
            Assert.InRange(sorted["urgency"]!.GetValue<int>(), 1, 5);
        });
    }

    /// <summary>The program is compiled as usual here. <c>dotnet publish</c> compiles the same code to native code.</summary>
    [Fact]
    public async Task AClassifierAnswers() => await Serve("NativeAotClassifier", [Fixtures.Path("classifiers/gpt2")], async client =>
    {
        JsonNode answer = await PostAsync(client, "classify", "{\"text\":\"My card has not arrived.\"}");
        Assert.InRange(answer["probability"]!.GetValue<double>(), 0, 1);
        Assert.NotEmpty(answer["label"]!.GetValue<string>());
        using StringContent empty = new("{}", Encoding.UTF8, "application/json");
        using HttpResponseMessage refused = await client.PostAsync(new Uri("classify", UriKind.Relative), empty);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    });

    private static async Task<JsonNode> PostAsync(HttpClient client, string path, string body)
    {
        using StringContent content = new(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await client.PostAsync(new Uri(path, UriKind.Relative), content);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return (await response.Content.ReadFromJsonAsync<JsonNode>())!;
    }

    /// <summary>Runs a web service on a free port, and ends it afterwards.</summary>
    private static async Task Serve(string sample, string[] arguments, Func<HttpClient, Task> use)
    {
        using Process process = Start(sample, [.. arguments, "--urls", "http://127.0.0.1:0"]);
        try
        {
            Task<string> errors = process.StandardError.ReadToEndAsync();
            const string Listening = "Now listening on: ";
            string? line;
            do
                line = await process.StandardOutput.ReadLineAsync();
            while (line?.Contains(Listening, StringComparison.Ordinal) == false);
            if (line is null)
                Assert.Fail(await errors);
            Task rest = process.StandardOutput.ReadToEndAsync();
            using HttpClient client = new() { BaseAddress = new Uri(line[(line.IndexOf(Listening, StringComparison.Ordinal) + Listening.Length)..].Trim()) };
            await use(client);
        }
        finally
        {
            process.Kill();
        }
    }

    private static string[] Run(string sample, string input = "", params string[] arguments)
    {
        using Process process = Start(sample, arguments);
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string[] lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.Result);
        return lines;
    }

    private static Process Start(string sample, string[] arguments)
    {
        string dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        ProcessStartInfo start = new(dotnet, ["exec", Path.Combine(AppContext.BaseDirectory, $"{sample}.dll"), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        return Process.Start(start)!;
    }
}
