using System.Xml.Linq;
using Foreword.Studies.Grid;

namespace Foreword.Cli.Tests.Commands.Study;

public sealed class StudyCommandTests : IDisposable
{
    private static readonly string Data = Fixtures.Path("benchmarks");

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void ZeroShotScoresAreDrawnOverTheCheckpointsOfARun()
    {
        string run = Pretrained("--set", "train.keep=0", "--set", "train.checkpoint_every=2");
        string place = _directory.File("study");
        Cli study = Run(run, place);
        Assert.True(study.ExitCode == 0, study.Err);
        Assert.Matches(@"^sentiment-sentences, run, acc\n  updates +relative +relative error +score +error\n  0 +-?\d\.\d{3} .*\n  2 .*\n  4 .*\n  6 .*\nwinograd, run, acc_mean\n", study.Out);

        string[] table = File.ReadAllLines(Path.Combine(place, "zero-shot.csv"));
        Assert.Equal("task,model,updates,value,metric,n,mean,deviation,difference,p", table[0]);
        Assert.Equal(1 + 4 * 2 * 4, table.Length);
        Assert.All(CellStore.Open(place).Results, cell =>
        {
            Assert.Equal("gpt2", cell.Level("architecture"));
            Assert.Equal((cell.Values["score"] - cell.Values["chance"]) / (cell.Values["best"] - cell.Values["chance"]), cell.Values["relative"], 9);
        });

        XDocument picture = XDocument.Load(Path.Combine(place, "zero-shot.svg"));
        Assert.Contains("winograd, run", picture.Root!.Value, StringComparison.Ordinal);
        Assert.Contains("<svg", File.ReadAllText(Path.Combine(place, "report.html")), StringComparison.Ordinal);

        // A second study computes the same numbers, update 0 from the recipe. Each cell says what it was computed from.
        Assert.Equal(0, Run(run, _directory.File("again")).ExitCode);
        Assert.Equal(table, File.ReadAllLines(Path.Combine(_directory.File("again"), "zero-shot.csv")));
        string file = _directory.Write("file", "before");
        AssertFails(1, $"error: --out {file} is a file; expected a directory\n", run, "--out", file);
    }

    [Fact]
    public void GptOnesTasksAreTakenAsFarAsTheirDataIsThere()
    {
        string run = Pretrained("--set", "train.keep=0", "--set", "train.checkpoint_every=3"), data = _directory.File("data");
        Directory.CreateDirectory(Path.Combine(data, "sst2"));
        foreach (string file in Directory.GetFiles(Path.Combine(Data, "sst2")))
            File.Copy(file, Path.Combine(data, "sst2", Path.GetFileName(file)));
        Cli study = Cli.Run("study", "zero-shot", run, "--data", data, "--out", _directory.File("study"));
        Assert.True(study.ExitCode == 0, study.Err);
        Assert.StartsWith("left out: cola: ", study.Err, StringComparison.Ordinal);
        Assert.StartsWith("sst2, run, acc\n", study.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void AllWritesThePagesAnewWithTheirNotes()
    {
        string run = Pretrained("--set", "train.keep=0", "--set", "train.checkpoint_every=3"), root = _directory.File("results"), place = Path.Combine(root, "zero-shot");
        Assert.Equal(0, Run(run, place).ExitCode);
        string[] files = ["zero-shot.csv", "zero-shot.svg", "report.html"];
        Dictionary<string, string> before = files.ToDictionary(file => file, file => File.ReadAllText(Path.Combine(place, file)));
        string readme = File.ReadAllText(Path.Combine(place, "README.md"));
        File.WriteAllText(Path.Combine(place, "notes.md"), "Six updates teach a model nothing.\n");
        Cli all = Cli.Run("study", "all", "--out", root);
        Assert.True(all.ExitCode == 0, all.Err);
        Assert.All(files, file => Assert.Equal(before[file], File.ReadAllText(Path.Combine(place, file))));
        Assert.Equal(readme, File.ReadAllText(Path.Combine(place, "README.md")).Replace("\n## What it shows\n\nSix updates teach a model nothing.\n", "", StringComparison.Ordinal));
        Assert.Contains("| updates | relative | relative error | score | error | seeds |\n|---|---|---|---|---|---|\n| 0 |", readme, StringComparison.Ordinal);
        Assert.Contains("| [zero-shot](zero-shot/README.md) | Zero-shot scores over pre-training | 6 |", File.ReadAllText(Path.Combine(root, "README.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void WrongInputIsOneSentence()
    {
        string run = Pretrained("--set", "train.keep=1");
        AssertFails(1, "holds one checkpoint; a curve needs at least two (pre-train with --set train.keep=0 --set train.checkpoint_every=N)\n", run);
        AssertFails(1, "error: there is no directory nowhere\n", "nowhere");
        AssertFails(2, "did you mean 'winograd'?", run, "--tasks", "winogard");
        AssertFails(2, "--limit is 0; it must be at least 1\n", run, "--limit", "0");
    }

    private static void AssertFails(int code, string message, params string[] args)
    {
        Cli study = Cli.Run(["study", "zero-shot", .. args]);
        Assert.Equal(code, study.ExitCode);
        Assert.Contains(message, study.Err, StringComparison.Ordinal);
        Assert.Empty(study.Out);
    }

    private string Pretrained(params string[] args)
    {
        string run = _directory.File("run");
        Cli pretrain = Cli.Run(["pretrain", Recipes.Small(_directory), "--out", run, "--quiet", "--set", "model.context_length=128", .. args]);
        Assert.True(pretrain.ExitCode == 0, pretrain.Err);
        return run;
    }

    private static Cli Run(string run, string place) =>
        Cli.Run("study", "zero-shot", run, "--data", Data, "--tasks", "sentiment-sentences,winograd", "--limit", "4", "--out", place);
}
