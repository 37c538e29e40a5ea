using Foreword.Studies.Grid;

namespace Foreword.Cli.Tests.Commands.Study;

/// <summary>Tests <c>study multitask</c> with a tiny model and two tasks.</summary>
public sealed class MultitaskStudyTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void EachTaskIsMeasuredTogetherAloneAndLeftOut()
    {
        string model = _directory.File("base"), place = _directory.File("study");
        Cli pretrain = Cli.Run("pretrain", Recipes.Small(_directory), "--out", model, "--quiet", "--set", "model.context_length=64");
        Assert.True(pretrain.ExitCode == 0, pretrain.Err);
        foreach (string part in (string[])["train", "val"])
        {
            _directory.Write($"data/sst/{part}.jsonl", string.Concat(Enumerable.Range(0, 6).Select(_ => """{"context": "it was good", "question": "good?", "answer": "yes"}""" + "\n")));
            _directory.Write($"data/squad/{part}.jsonl", string.Concat(Enumerable.Range(0, 4).Select(_ => """{"context": "a cat", "question": "what?", "answer": "cat"}""" + "\n")));
        }

        string mix = _directory.Write("mix.yaml", "files: {sst: sst, squad: squad}\nfirst: squad\nfor: 1\n");
        string[] args = ["study", "multitask", model, mix, "--data", _directory.File("data"), "--leave-out", "sst", "--seeds", "1", "--out", place, "--set", "train.lr=1e-2", "--set", "train.epochs=20", "--set", "train.threads=1"];
        Cli study = Cli.Run(args);
        Assert.True(study.ExitCode == 0, study.Err);
        CellStore store = CellStore.Open(place);
        Assert.Equal(["together", "alone: sst", "alone: squad", "left out: sst"], store.Results.Select(result => result.Level("trained")));
        Assert.Equal(["sst (nEM)", "squad (nF1)", "score"], store.Results[0].Values.Keys);
        Assert.Equal(["sst (nEM)", "score"], store.Results[3].Values.Keys);
        Assert.Equal(100, store.Results[1].Values["sst (nEM)"]); // one answer only
        Assert.Equal(0, store.Results[3].Values["sst (nEM)"]); // it only learned to say cat
        string[] csv = File.ReadAllLines(Path.Combine(place, "multitask.csv"));
        Assert.StartsWith("task,trained,value,metric,n,mean", csv[0], StringComparison.Ordinal);
        Assert.Contains(csv, line => line.StartsWith("sst (nEM),left out,score,", StringComparison.Ordinal));
        Assert.Contains("squad (nF1)", study.Out, StringComparison.Ordinal);
        Cli again = Cli.Run(args);
        Assert.Equal((0, study.Out), (again.ExitCode, again.Out));
        Cli wrong = Cli.Run("study", "multitask", model, mix, "--data", _directory.File("data"), "--leave-out", "mwsc", "--out", place);
        Assert.Equal((1, true), (wrong.ExitCode, wrong.Err.Contains("has no task 'mwsc'", StringComparison.Ordinal)));
        Assert.Equal(2, Cli.Run("study", "multitask", model, "--out", place).ExitCode);
    }
}
