using Foreword.Studies.Grid;

namespace Foreword.Cli.Tests.Commands.Study;

public sealed class TrainingStudiesTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void DesignChangesOneThingAtATime()
    {
        string recipe = Shards(), place = _directory.File("study");
        Cli study = Cli.Run("study", "design", recipe, "--layers", "1,2", "--seeds", "1", "--out", place);
        Assert.True(study.ExitCode == 0, study.Err);
        CellStore store = CellStore.Open(place);
        Assert.Equal(["GPT-2", "post-LN", "no final norm", "residuals not scaled", "half the context", "twice the batch"], store.Results.Select(result => result.Level("design")).Distinct());
        Assert.Equal(12, store.Results.Count);
        Assert.All(store.Results, result => Assert.True(result.Values["validation"] is > 0 and < 20));
        Assert.All(store.Results.Where(result => result.Level("layers") == "2"), result => Assert.Equal(
            result.Values["gradient norm at the start, block 1"] / result.Values["gradient norm at the start, block 2"], result.Values["first block / last"], 1e-9));
        Assert.All(study.Out.Split('\n'), line => Assert.InRange(line.Length, 0, 80));
        Assert.Equal(12, store.Results.Select(result => result.Values["validation"]).Distinct().Count());
    }

    [Fact]
    public void ScalingFitsALadderAndAllWritesItAnew()
    {
        string recipe = Recipes.Small(_directory);
        string[] runs = [.. new[] { 8, 16, 24, 32 }.Select(width => _directory.File($"run-{width}"))];
        foreach (string run in runs)
        {
            Cli pretrain = Cli.Run("pretrain", recipe, "--out", run, "--quiet", "--set", $"model.n_embd={run[(run.LastIndexOf('-') + 1)..]}");
            Assert.True(pretrain.ExitCode == 0, pretrain.Err);
        }

        string place = _directory.File("studies/scaling");
        Cli study = Cli.Run(["study", "scaling", .. runs, "--out", place]);
        Assert.True(study.ExitCode == 0, study.Err);
        Assert.Matches(@"validation text: without the largest, the law predicts \d+\.\d{3} for it;\s+measured\s+\d+\.\d{3}\s+\([+-]\d\.\d{3}\)", study.Out);
        Assert.All(study.Out.Split('\n'), line => Assert.InRange(line.Length, 0, 80));
        byte[] table = File.ReadAllBytes(Path.Combine(place, "scaling.csv"));
        File.Delete(Path.Combine(place, "scaling.csv"));
        File.Delete(Path.Combine(place, "report.html"));
        Cli all = Cli.Run("study", "all", "--out", _directory.File("studies"));
        Assert.True(all.ExitCode == 0, all.Err);
        Assert.Equal($"{Path.Combine(place, "report.html")}: 8 cells\n{_directory.File("studies/README.md")}\n", all.Out);
        Assert.Equal(table, File.ReadAllBytes(Path.Combine(place, "scaling.csv")));
        Assert.Contains("the law predicts", File.ReadAllText(Path.Combine(place, "report.html")), StringComparison.Ordinal);
        Cli few = Cli.Run(["study", "scaling", .. runs[..3], "--out", _directory.File("few")]);
        Assert.Equal((1, "error: 3 runs are given; a fit with one model held back needs 4\n"), (few.ExitCode, few.Err));
        string same = _directory.File("same");
        Assert.Equal(0, Cli.Run("pretrain", recipe, "--out", same, "--quiet", "--set", "model.n_embd=8", "--set", "train.seed=2").ExitCode);
        Cli repeated = Cli.Run(["study", "scaling", .. runs[..3], same, "--out", _directory.File("few")]);
        Assert.Equal((1, "error: the models of the 4 runs have 3 different sizes; a fit with one model held back needs 4\n"), (repeated.ExitCode, repeated.Err));
    }

    [Fact]
    public void AStudyWithoutValuesHasAPage()
    {
        _directory.Write("studies/transfer/cells.jsonl", "");
        _directory.Write("studies/size/cells.jsonl", "{\"factors\":{\"benchmark\":\"x\",\"model\":\"a\",\"parameters\":\"10\"},\"fingerprint\":\"a\",\"metric\":\"acc\",\"values\":{\"score\":null},\"seconds\":1}\n");
        Cli all = Cli.Run("study", "all", "--out", _directory.File("studies"));
        Assert.True(all.ExitCode == 0, all.Err);
        Assert.All(["transfer", "size"], study => Assert.True(File.Exists(_directory.File($"studies/{study}/report.html"))));
        Assert.Equal("x,10,score,acc,1,,,,", File.ReadLines(_directory.File("studies/size/size.csv")).ElementAt(1));
    }

    [Fact]
    public void WrongInputIsOneSentence()
    {
        string recipe = Shards();
        AssertFails(2, "--layers has 0; a model has at least 1 block", "design", recipe, "--layers", "0");
        AssertFails(1, "remove model.path, and set model.architecture to gpt2", "design", recipe, "--set", "model.architecture=gpt1");
        AssertFails(1, "prepare the text once, and set data.shards", "design", Recipes.Small(_directory));
        AssertFails(1, "has no study: no cells.jsonl in transfer/", "all", "--out", _directory.File("empty"));
    }

    private static void AssertFails(int code, string message, params string[] args)
    {
        Cli study = Cli.Run(["study", .. args]);
        Assert.Equal(code, study.ExitCode);
        Assert.Contains(message, study.Err, StringComparison.Ordinal);
        Assert.Empty(study.Out);
    }

    /// <summary>Returns a recipe whose text is prepared.</summary>
    private string Shards()
    {
        string recipe = Recipes.Small(_directory), run = _directory.File("prepared");
        Cli pretrain = Cli.Run("pretrain", recipe, "--out", run, "--quiet");
        Assert.True(pretrain.ExitCode == 0, pretrain.Err);
        string own = _directory.File("design.yaml"), shards = Directory.EnumerateFiles(_directory.Path, "manifest.json", SearchOption.AllDirectories).First();
        File.WriteAllText(own, $$"""
            model: {architecture: gpt2, n_layer: 1, n_head: 2, n_embd: 16, context_length: 32, dropout: 0}
            data: {shards: '{{Path.GetDirectoryName(shards)}}'}
            train: {steps: 6, batch_size: 2, lr: 1e-3, min_lr: 1e-4, warmup_steps: 1, eval_every: 2, eval_batches: 2, log_every: 1, checkpoint_every: 100, sample_every: 0, threads: 2}
            """);
        return own;
    }
}
