using System.Text.Json;
using Foreword.Studies.Grid;

namespace Foreword.Cli.Tests.Commands.Study;

/// <summary>Tests the studies that evaluate, with two tiny runs.</summary>
public sealed class EvaluationStudiesTests(EvaluationStudiesTests.TwoRuns runs) : IClassFixture<EvaluationStudiesTests.TwoRuns>, IDisposable
{
    private static readonly string Data = Fixtures.Path("benchmarks");

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void SizeHasABenchmarksScoreAndTheRunsOwnPerplexity()
    {
        string place = _directory.File("study");
        Cli study = Run("size", "--tasks", "winograd,lambada", "--out", place);
        Assert.True(study.ExitCode == 0, study.Err);
        Assert.Matches(@"^winograd, acc_\w+\n  parameters +score +error\n  \d+ .*\n  \d+ .*\nlambada, (.*\n)+training text, perplexity\n  parameters +loss\n(.*\n)+validation text, perplexity\n", study.Out);
        CellStore store = CellStore.Open(place);
        Assert.Equal(8, store.Results.Count);
        Assert.True(int.Parse(store.Results[0].Level("parameters")!) < int.Parse(store.Results[^1].Level("parameters")!));
        string[] evaluated = Cli.Run("evaluate", runs.Small, "--tasks", "winograd", "--data", Data, "--limit", "4", "--engine", "torch", "--device", "cpu").Out.Split('\n');
        Assert.Contains(evaluated, line => line.Contains(store.Results[0].Values["score"].ToString("0.0000"), StringComparison.Ordinal));
    }

    [Fact]
    public void CoreIsTheMeanAboveAGuessOfTheBenchmarksThatAreThere()
    {
        string data = _directory.File("data");
        Copy(data, "copa", "winograd");
        Cli core = Cli.Run("evaluate", runs.Small, "--tasks", "core", "--data", data, "--json");
        Assert.True(core.ExitCode == 0, core.Err);
        Assert.Contains("left out: ", core.Err, StringComparison.Ordinal);
        JsonElement json = JsonDocument.Parse(core.Out).RootElement, results = json.GetProperty("results");
        double copa = results.GetProperty("copa").GetProperty("acc,none").GetDouble(), winograd = results.GetProperty("winograd").GetProperty("acc_partial,none").GetDouble();
        Assert.Equal((2, 22), (json.GetProperty("core").GetProperty("benchmarks").GetInt32(), json.GetProperty("core").GetProperty("of").GetInt32()));
        Assert.Equal((copa - 0.5 + winograd - 0.5) / 0.5 / 2, json.GetProperty("core").GetProperty("score").GetDouble(), 1e-9);
        Cli refused = Cli.Run("evaluate", runs.Small, "--tasks", "core", "--data", data, "--num-fewshot", "1");
        Assert.Equal((2, "error: --num-fewshot is given, and core sets the number of examples of each of its benchmarks"), (refused.ExitCode, refused.Err.Split('\n')[0]));
    }

    /// <summary>The picture has the perplexity if there is no score.</summary>
    [Fact]
    public void SizeOfPerplexitiesAloneIsDrawn()
    {
        string place = _directory.File("study");
        Cli study = Run("size", "--tasks", "wikitext2", "--out", place);
        Assert.True(study.ExitCode == 0, study.Err);
        Assert.Contains("wikitext2, word_perplexity\n", study.Out, StringComparison.Ordinal);
        string drawn = System.Xml.Linq.XDocument.Load(Path.Combine(place, "size.svg")).Root!.Value;
        Assert.All(["wikitext2", "loss", "parameters"], text => Assert.Contains(text, drawn, StringComparison.Ordinal));
    }

    [Fact]
    public void CoreWithoutAnyOfItsBenchmarksHasNoScore()
    {
        string data = _directory.File("data");
        Copy(data, "cb");
        Cli json = Cli.Run("evaluate", runs.Small, "--tasks", "core,cb", "--data", data, "--json"), text = Cli.Run("evaluate", runs.Small, "--tasks", "core,cb", "--data", data);
        Assert.True(json.ExitCode == 0, json.Err);
        JsonElement core = JsonDocument.Parse(json.Out).RootElement.GetProperty("core");
        Assert.Equal((JsonValueKind.Null, 0), (core.GetProperty("score").ValueKind, core.GetProperty("benchmarks").GetInt32()));
        Assert.EndsWith("core: none of its benchmarks has a result\n", text.Out, StringComparison.Ordinal);
        JsonElement cb = JsonDocument.Parse(json.Out).RootElement.GetProperty("results").GetProperty("cb");
        Assert.InRange(cb.GetProperty("macro_f1,none").GetDouble(), 0, 1);
    }

    [Fact]
    public void FewShotRepeatsOnlyCellsWithExamples()
    {
        string place = _directory.File("study");
        Cli study = Run("few-shot", "--tasks", "copa", "--shots", "0,1", "--seeds", "2", "--out", place);
        Assert.True(study.ExitCode == 0, study.Err);
        Assert.Equal(2 * (1 + 2), CellStore.Open(place).Results.Count);
        Assert.Contains("copa, small, acc\n  shots", study.Out, StringComparison.Ordinal);
        Assert.Equal(study.Out, Run("few-shot", "--tasks", "copa", "--shots", "0,1", "--seeds", "2", "--out", place).Out);
    }

    [Fact]
    public void ContaminationDividesTheDocuments()
    {
        string filter = _directory.File("text.filter"), lambada = Directory.EnumerateFiles(Path.Combine(Data, "lambada")).First();
        string text = _directory.Write("text.txt", string.Join('\n', File.ReadLines(lambada).Take(2)));
        Cli overlap = Cli.Run("overlap", text, lambada, "--out", filter);
        Assert.True(overlap.ExitCode == 0, overlap.Err);
        Cli study = Run("contamination", "--tasks", "lambada", "--overlap", filter, "--out", _directory.File("study"));
        Assert.True(study.ExitCode == 0, study.Err);
        CellResult cell = CellStore.Open(_directory.File("study")).Results[0];
        Assert.InRange(cell.Values["share with overlap"], 0.01, 0.99);
        Assert.InRange(cell.Values["without overlap"], 0, 1);
    }

    [Theory]
    [InlineData(2, "did you mean 'lambada'?", "size", "--tasks", "lambda")]
    [InlineData(2, "--limit is 0; it must be at least 1", "size", "--tasks", "lambada", "--limit", "0")]
    [InlineData(2, "--shots has '-1'; expected whole numbers separated by commas", "few-shot", "--tasks", "copa", "--shots=-1")]
    [InlineData(2, "--tasks has core, which sets the number of examples of each of its benchmarks; name benchmarks one by one", "few-shot", "--tasks", "core")]
    [InlineData(1, "nowhere.filter", "contamination", "--tasks", "lambada", "--overlap", "nowhere.filter")]
    public void WrongInputIsOneSentence(int code, string message, string study, params string[] args)
    {
        Cli refused = Run(study, ["--out", _directory.File("study"), .. args]);
        Assert.Equal(code, refused.ExitCode);
        Assert.Contains(message, refused.Err, StringComparison.Ordinal);
        Assert.Empty(refused.Out);
    }

    private static void Copy(string data, params string[] sets)
    {
        foreach (string set in sets)
        {
            Directory.CreateDirectory(Path.Combine(data, set));
            foreach (string file in Directory.GetFiles(Path.Combine(Data, set)))
                File.Copy(file, Path.Combine(data, set, Path.GetFileName(file)));
        }
    }

    private Cli Run(string study, params string[] args)
    {
        string[] limit = args.Contains("--limit") ? [] : ["--limit", "4"];
        return Cli.Run(["study", study, runs.Small, runs.Large, "--data", Data, .. limit, .. args]);
    }

    public sealed class TwoRuns : IDisposable
    {
        private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

        public TwoRuns()
        {
            (Small, Large) = (_directory.File("small"), _directory.File("large"));
            string recipe = Recipes.Small(_directory);
            foreach ((string run, string width) in ((string, string)[])[(Small, "16"), (Large, "32")])
            {
                Cli pretrain = Cli.Run("pretrain", recipe, "--out", run, "--quiet", "--set", "model.context_length=128", "--set", $"model.n_embd={width}");
                Assert.True(pretrain.ExitCode == 0, pretrain.Err);
            }
        }

        public string Small { get; }

        public string Large { get; }

        public void Dispose() => _directory.Dispose();
    }
}
