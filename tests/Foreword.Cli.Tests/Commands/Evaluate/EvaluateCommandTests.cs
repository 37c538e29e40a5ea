using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Foreword.Cli.Commands.Evaluate;
using Foreword.Cli.Loading;
using Foreword.Cpu;
using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Tokenization.ByteLevel;

namespace Foreword.Cli.Tests.Commands.Evaluate;

public sealed class EvaluateCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void TheListNamesEveryBenchmarkWithItsDataAndSwitches()
    {
        Cli run = Cli.Run("evaluate", "--list");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("lambada              last word of a passage (GPT-2, section 3.3)", run.Out, StringComparison.Ordinal);
        Assert.Contains(":stop-words=keep|filter", run.Out, StringComparison.Ordinal);
        Assert.Contains("chance 0.5", run.Out, StringComparison.Ordinal);
        Assert.All(run.Out.Split('\n'), line => Assert.InRange(line.Length, 0, 80));
        JsonElement json = JsonDocument.Parse(Cli.Run("evaluate", "--list", "--json").Out).RootElement;
        Assert.Contains("cbt-cn", json.GetProperty("benchmarks").EnumerateArray().Select(b => b.GetProperty("name").GetString()));
        JsonElement core = Assert.Single(json.GetProperty("groups").EnumerateArray(), group => group.GetProperty("name").GetString() == "core");
        Assert.Contains("piqa@10", core.GetProperty("benchmarks").EnumerateArray().Select(b => b.GetString()));
    }

    [Fact]
    public void ResultsSamplesAndPageLieInTheDirectory()
    {
        GoldenModel();
        string place = _directory.File("results");
        Cli run = Evaluate("copa,lambada:target=token", "--out", place, "--num-fewshot", "0,1", "--json");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("copa@1: 'PREMISE because|therefore'", run.Err, StringComparison.Ordinal);
        Assert.Contains("1 solved examples from the training split", run.Err, StringComparison.Ordinal);
        JsonElement json = JsonDocument.Parse(run.Out).RootElement;
        string[] sections = ["results", "group_subtasks", "configs", "versions", "n-shot", "higher_is_better", "n-samples", "config", "model_name", "date", "total_evaluation_time_seconds"];
        Assert.Equal(sections, json.EnumerateObject().Select(p => p.Name));
        Assert.Equal(["copa@0", "copa@1", "lambada:target=token@0", "lambada:target=token@1"], json.GetProperty("results").EnumerateObject().Select(p => p.Name));
        Assert.InRange(json.GetProperty("results").GetProperty("copa@0").GetProperty("acc,none").GetDouble(), 0, 1);
        Assert.True(json.GetProperty("results").GetProperty("copa@0").TryGetProperty("acc_stderr,none", out _));
        Assert.Equal(1, json.GetProperty("n-shot").GetProperty("copa@1").GetInt32());
        Assert.Equal(12, json.GetProperty("n-samples").GetProperty("copa@1").GetProperty("effective").GetInt32());
        Assert.False(json.GetProperty("higher_is_better").GetProperty("lambada:target=token@0").GetProperty("perplexity").GetBoolean());

        string[] files = [.. Directory.GetFiles(place).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
        Assert.Equal(["progress.json", "report.html"], files[..2]);
        Assert.StartsWith("results_", files[2], StringComparison.Ordinal);
        Assert.Equal(4, files.Count(file => file.StartsWith("samples_", StringComparison.Ordinal)));
        string page = File.ReadAllText(Path.Combine(place, "report.html"));
        Assert.Contains("Comparison with the papers", page, StringComparison.Ordinal);
        Assert.Contains("gpt2-xl", page, StringComparison.Ordinal);
        Assert.DoesNotContain("http", page, StringComparison.Ordinal);
    }

    [Fact]
    public void AKilledEvaluationGoesOnAndEndsWithTheSameNumbers()
    {
        GoldenModel();
        string place = _directory.File("results");
        string whole = Results(Evaluate("copa", "--out", place, "--json"));
        string samples = Directory.GetFiles(place, "samples_*")[0];
        string[] lines = File.ReadAllLines(samples);
        File.WriteAllText(samples, string.Join('\n', lines[..3]) + "\n" + lines[3][..20]);
        Cli again = Evaluate("copa", "--out", place, "--json");
        Assert.Contains("3 of 12 documents were already done", again.Err, StringComparison.Ordinal);
        Assert.Equal(whole, Results(again));
        Assert.Equal(12, File.ReadAllLines(samples).Length);

        Cli other = Evaluate("copa", "--out", place, "--set", "x");
        Assert.Equal(2, other.ExitCode);
        Cli shots = Evaluate("copa", "--out", place, "--num-fewshot", "1");
        Assert.Equal(1, shots.ExitCode);
        Assert.Contains("holds an evaluation of copa with another model, data or protocol", shots.Err, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("torch", "1")]
    [InlineData("torch", null)]
    [InlineData("cpu", "1")]
    public void TheNumbersDependNeitherOnTheBatchSizeNorOnTheEngine(string engine, string? batchSize)
    {
        GoldenModel();
        string[] options = batchSize is null ? ["--engine", engine] : ["--engine", engine, "--batch-size", batchSize];
        double[] expected = Values(Evaluate("copa,cola,enwik8,hellaswag", "--json")), actual = Values(Evaluate("copa,cola,enwik8,hellaswag", ["--json", .. options]));
        Assert.NotEmpty(expected);
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
    }

    [Theory]
    [InlineData("lambda", 2, "error: unknown benchmark 'lambda'; did you mean 'lambada'?\n")]
    [InlineData("lambada,lambada", 2, "error: --tasks names 'lambada' twice\n")]
    public void AWrongTaskIsWrongUsage(string tasks, int code, string message)
    {
        Cli run = Cli.Run("evaluate", "model", "--tasks", tasks);
        Assert.Equal(code, run.ExitCode);
        Assert.Equal(message, run.Err);
    }

    [Fact]
    public void WhatIsWrongWithTheDataIsSaidBeforeTheWeightsAreRead()
    {
        bool loaded = false;
        string broken = _directory.Write("lambada/x.jsonl", "{\"txt\": \"a b\"}\n");
        Cli run = Cli.Run("", terminal => EvaluateCommand.Create(terminal, Open), "evaluate", "model", "--tasks", "lambada", "--data", _directory.Path);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"error: {broken}:1: there is no 'text'", run.Err, StringComparison.Ordinal);
        Assert.False(loaded);
        Assert.Contains("the model's context length is 64", Cli.Run("", terminal => EvaluateCommand.Create(terminal, Open), "evaluate", "model", "--tasks", "lambada", "--data", Fixtures.Path("benchmarks")).Err, StringComparison.Ordinal);
        Assert.False(loaded);
        string file = _directory.Write("file", "before");
        Assert.Equal($"error: --out {file} is a file; expected a directory\n", Cli.Run("", terminal => EvaluateCommand.Create(terminal, Open), "evaluate", "model", "--tasks", "lambada", "--data", Fixtures.Path("benchmarks"), "--truncate", "--out", file).Err);
        Assert.False(loaded);

        OpenedModel Open(string path, DeviceChoice device, EngineChoice engine, CacheType? cache) => new(path, new GptConfig { ContextLength = 64 }, new FakeTokenizer(257), _ =>
        {
            loaded = true;
            throw new InvalidOperationException();
        });
    }

    [Fact]
    public void AnInterruptedEvaluationSaysWhatIsKeptAndHowToGoOn()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("there is no SIGTERM to send");
        GoldenModel();
        string text = _directory.Write("long.txt", string.Concat(Enumerable.Range(0, 60_000).Select(i => $"Line {i} is a number.\n"))), place = _directory.File("the results");
        ProcessStartInfo start = new("dotnet", [typeof(EvaluateCommand).Assembly.Location, "evaluate", _directory.File("model"), "--tasks", text, "--out", place, "--engine", "cpu"]) { RedirectStandardError = true, RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string samples = "";
        while (samples.Length == 0 && !process.HasExited)
        {
            Thread.Sleep(50);
            samples = Directory.Exists(place) ? Directory.GetFiles(place, "samples_*").FirstOrDefault(file => new FileInfo(file).Length > 0) ?? "" : "";
        }

        Process.Start("kill", ["-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]).WaitForExit();
        string said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(143, process.ExitCode);
        Assert.Contains("stopping after the current documents; interrupt again to end immediately (finished documents stay in ", said, StringComparison.Ordinal);
        Match match = Regex.Match(said, @"^interrupted: ([\d,]+) of ([\d,]+) documents are done and saved in (.*); continue with: (.*)$", RegexOptions.Multiline);
        Assert.True(match.Success, said);
        Assert.Equal(File.ReadAllLines(samples).Length, int.Parse(match.Groups[1].Value.Replace(",", "", StringComparison.Ordinal), System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal($"foreword evaluate {_directory.File("model")} --tasks {text} --out '{place}' --engine cpu", match.Groups[4].Value);
        Assert.DoesNotContain("without saving", said, StringComparison.Ordinal);
    }

    private static string Results(Cli run) => JsonDocument.Parse(run.Out).RootElement.GetProperty("results").GetRawText();

    private static double[] Values(Cli run) => [.. JsonDocument.Parse(run.Out).RootElement.GetProperty("results").EnumerateObject()
        .SelectMany(task => task.Value.EnumerateObject()).Where(metric => metric.Value.ValueKind == JsonValueKind.Number).Select(metric => metric.Value.GetDouble())];

    private Cli Evaluate(string tasks, params string[] options) =>
        Cli.Run(["evaluate", _directory.File("model"), "--tasks", tasks, "--data", Fixtures.Path("benchmarks"), "--truncate", .. options]);

    /// <summary>Writes the recorded GPT-2 with a tokenizer of its size.</summary>
    private void GoldenModel()
    {
        Directory.CreateDirectory(_directory.File("model"));
        foreach (string name in new[] { "config.json", "model.safetensors" })
            File.Copy(Fixtures.Path($"golden/gpt2-tiny/{name}"), _directory.File($"model/{name}"));
        new BpeTrainer { VocabSize = 300 }.Train([File.ReadAllText(Fixtures.Path("golden/tokenizers/bpe-train-corpus.txt"))]).Save(_directory.File("model"));
    }
}
