using System.Globalization;
using System.Xml.Linq;

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
        Cli study = Cli.Run("study", "zero-shot", run, "--data", Data, "--tasks", "sentiment-sentences,winograd", "--limit", "4");
        Assert.True(study.ExitCode == 0, study.Err);
        Assert.Matches(@"^ +updates +sentiment-sentences +winograd\n +0 +\d\.\d{4} \(-?\d\.\d\d\) +\d\.\d{4} \(-?\d\.\d\d\)\n +2 .*\n +4 .*\n +6 ", study.Out);

        string[] table = File.ReadAllLines(Path.Combine(run, "zero-shot", "zero-shot.csv"));
        Assert.Equal("step,task,metric,n,value,stderr,chance,best,relative", table[0]);
        Assert.Equal(1 + 4 * 2, table.Length);
        foreach (string[] row in table[1..].Select(line => line.Split(',')))
        {
            Assert.Equal(row[1] == "winograd" ? "acc_mean" : "acc", row[2]);
            double[] numbers = [.. row[4..].Select(field => double.Parse(field, CultureInfo.InvariantCulture))];
            Assert.Equal((numbers[0] - numbers[2]) / (numbers[3] - numbers[2]), numbers[4], 9);
        }

        XDocument picture = XDocument.Load(Path.Combine(run, "zero-shot", "zero-shot.svg"));
        Assert.Contains("pronouns: Winograd", picture.Root!.Value, StringComparison.Ordinal);
        Assert.Contains("<svg", File.ReadAllText(Path.Combine(run, "zero-shot", "report.html")), StringComparison.Ordinal);

        // A second run computes the same numbers, step 0 from the recipe.
        Assert.Equal(table, Again(run));
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
        Assert.Matches(@"^ +updates +sst2\n", study.Out);
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

    private string[] Again(string run)
    {
        string again = _directory.File("again");
        Assert.Equal(0, Cli.Run("study", "zero-shot", run, "--data", Data, "--tasks", "sentiment-sentences,winograd", "--limit", "4", "--out", again).ExitCode);
        return File.ReadAllLines(Path.Combine(again, "zero-shot.csv"));
    }
}
