using System.Xml.Linq;
using Foreword.Cli.Commands.Study;
using Foreword.Cli.Output;
using Foreword.Cli.Tests.Commands.FineTune;
using Foreword.Studies.Grid;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foreword.Cli.Tests.Commands.Study;

/// <summary>Tests the studies that fine-tune with a tiny model that is pre-trained once.</summary>
public sealed class FineTuneStudiesTests(TinyModel tiny) : IClassFixture<TinyModel>, IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void TransferIsMeasuredFromNothingToAllBlocks()
    {
        string place = _directory.File("study");
        Cli study = Run("transfer", "--out", place, "--seeds", "2");
        Assert.True(study.ExitCode == 0, study.Err);
        Assert.Matches(@"^weather, accuracy\n  layers +validation +train +test\n  none +0\.\d{3} ± 0\.\d{3} .*\n  0 .*\n  1 .*\n(  2 .*\n)?p: paired t-test over the seeds against 'none'\n$", study.Out);
        CellStore store = CellStore.Open(place);
        int blocks = store.Results.Select(result => result.Level("layers")).Distinct().Count() - 2;
        Assert.Equal((blocks + 2) * 2, store.Results.Count);
        Assert.All(store.Results, result => Assert.All(["train", "validation", "test"], value => Assert.InRange(result.Values[value], 0, 1)));
        Assert.Equal("data,layers,value,metric,n,mean,deviation,difference,p", File.ReadLines(Path.Combine(place, "transfer.csv")).First());
        Assert.Contains("transferred blocks", XDocument.Load(Path.Combine(place, "transfer.svg")).Root!.Value, StringComparison.Ordinal);
        Assert.Contains("MultiNLI, dev", File.ReadAllText(Path.Combine(place, "report.html")), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(place, "runs"))); // weights do not stay
    }

    [Fact]
    public void AStudyGoesOnWhereItStoppedAndSeveralProcessesGiveTheSameNumbers()
    {
        string alone = _directory.File("alone"), together = _directory.File("together");
        Cli first = Run("ablation", "--out", alone, "--seeds", "2", "--set", "train.threads=1");
        Assert.True(first.ExitCode == 0, first.Err);
        string[] lines = File.ReadAllLines(Path.Combine(alone, "cells.jsonl"));
        Assert.Equal(6, lines.Length);
        Directory.CreateDirectory(together);
        File.WriteAllLines(Path.Combine(together, "cells.jsonl"), lines[..4]);
        Cli second = Run("ablation", "--out", together, "--seeds", "2", "--jobs", "2", "--set", "train.threads=1");
        Assert.True(second.ExitCode == 0, second.Err);
        Assert.Contains("6 cells, of which 4 have a result", second.Err, StringComparison.Ordinal);
        Assert.Equal(Values(alone), Values(together));
        Assert.Equal(first.Out, second.Out);
        Assert.Equal(lines.Select(Name), File.ReadLines(Path.Combine(together, "cells.jsonl")).Select(Name)); // in the order of the grid, not in that of their ends
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(together, "runs")));
    }

    [Fact]
    public void ProcessesOfCellsShowTheirWarningsAndKeepTheirRuns()
    {
        string place = _directory.File("study");
        Cli study = Run("transfer", "--out", place, "--seeds", "1", "--layers", "0", "--jobs", "2", "--keep", "--set", $"data.test=[{Path.GetFileName(tiny.Train)}]");
        Assert.True(study.ExitCode == 0, study.Err);
        Assert.All(["none", "0"], level => Assert.Contains($"data=weather, layers={level}, seed=1337: warning: the test file {tiny.Train} has the same contents as a training file", study.Err, StringComparison.Ordinal));
        Assert.Equal(2, Directory.GetFiles(Path.Combine(place, "runs"), CellRun.FileName, SearchOption.AllDirectories).Length);
    }

    [Fact]
    public void AFailedProcessIsNamedWithItsCell()
    {
        string place = _directory.File("study");
        using StudyLock held = HeldCell(place);
        Cli study = Run("transfer", "--out", place, "--seeds", "1", "--layers", "0", "--jobs", "2");
        Assert.Equal(1, study.ExitCode);
        Assert.Contains("error: the cell 'data=weather, layers=0, seed=1337' failed with exit code 1: another process computes the cell", study.Err, StringComparison.Ordinal);
        Assert.Equal(["none"], CellStore.Open(place).Results.Select(result => result.Level("layers")));
    }

    [Fact]
    public void AStudyThatRunsIsNotRunTwice()
    {
        string place = _directory.File("study");
        using StudyLock held = StudyLock.Take(place);
        Cli study = Run("transfer", "--out", place, "--seeds", "1");
        Assert.Equal((1, $"error: another process runs the study in {place}; wait for its end, or use another directory\n"), (study.ExitCode, study.Err));
    }

    [Fact]
    public void OtherDataInTheSameDirectoryIsRefused()
    {
        string place = _directory.File("study");
        Assert.Equal(0, Run("ablation", "--out", place, "--seeds", "1").ExitCode);
        Cli other = Run("ablation", "--out", place, "--seeds", "1", "--set", "train.lr=1e-3");
        Assert.Equal(1, other.ExitCode);
        Assert.Contains("cells.jsonl:1: the cell 'data=weather, variant=full, seed=1337' was computed with another recipe, model or data", other.Err, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "--seeds is 0; it must be at least 1", "--seeds", "0")]
    [InlineData(2, "--jobs is 0; it must be at least 1", "--jobs", "0")]
    [InlineData(2, "--layers has 'x'; expected whole numbers separated by commas", "--layers", "1,x")]
    [InlineData(1, "model.n_transfer", "--layers", "99")]
    [InlineData(1, "weather: model.from is scratch; the study compares pre-trained weights with random ones", "--set", "model.from=scratch")]
    [InlineData(2, "--cell nothing is not a cell of this study", "--cell", "nothing")]
    [InlineData(1, "nowhere", "--data", "nowhere")]
    public void WrongInputIsOneSentence(int code, string message, params string[] args)
    {
        Cli study = Run("transfer", ["--out", _directory.File("study"), .. args]);
        Assert.Equal(code, study.ExitCode);
        Assert.Contains(message, study.Err, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", study.Err, StringComparison.Ordinal);
        Assert.False(File.Exists(_directory.File("study/cells.jsonl"))); // no cell was computed before the others were checked
    }

    [Theory]
    [InlineData(1, "weather: train.lm_coefficient is 0; the study compares 0 with the recipe's value", "ablation", "--set", "train.lm_coefficient=0")]
    [InlineData(1, "model.n_transfer is 1; with from: scratch, nothing is transferred", "ablation", "--set", "model.n_transfer=1")]
    [InlineData(1, " is not an LSTM; pre-train one with model.architecture: lstm", "ablation", "--lstm", "MODEL")]
    [InlineData(2, "--examples has 1; each number must be at least 2", "examples", "--examples", "1,20")]
    [InlineData(1, "weather: 99999 examples are to be drawn, but there are ", "examples", "--examples", "2,99999")]
    public void AGridIsCheckedBeforeItsFirstCell(int code, string message, string study, params string[] args)
    {
        Cli refused = Run(study, ["--out", _directory.File("study"), .. args.Select(arg => arg == "MODEL" ? tiny.Path : arg)]);
        Assert.Equal(code, refused.ExitCode);
        Assert.Contains(message, refused.Err, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_directory.File("study/runs")));
    }

    [Fact]
    public void ACellThatIsCanceledHasNoResult()
    {
        Terminal terminal = Terminal.System();
        using StopSignals stop = new(terminal, ending: null);
        CellProcess.StopAtEnd(Stream.Null, stop).Join(); // the study that started this process is gone
        Assert.True(stop.Request.IsRequested);
        Assert.Null(GridCommand.Compute(_directory.Path, new Canceled(), null, NullLogger.Instance, stop));
        Assert.Equal(ExitCodes.Done, stop.ExitCode);
    }

    /// <summary>Names of data sets have no case, so a cell of one is that of the other.</summary>
    [Fact]
    public void ADataSetHasOneName()
    {
        string place = _directory.File("study");
        string[] args = ["--data", Fixtures.Path("datasets"), "--out", place, "--seeds", "1", "--layers", "0", "--set", "train.epochs=1", "--set", "train.batch_size=2"];
        Cli first = Cli.Run(["study", "transfer", tiny.Path, "--datasets", "RTE", .. args]);
        Assert.True(first.ExitCode == 0, first.Err);
        Assert.Equal(["data=rte, layers=none, seed=1337", "data=rte, layers=0, seed=1337"], CellStore.Open(place).Results.Select(result => result.Name));
        Assert.Contains("2 cells, of which 2 have a result", Cli.Run(["study", "transfer", tiny.Path, "--datasets", "rte", .. args]).Err, StringComparison.Ordinal);
    }

    [Fact]
    public void AModelIsNoRecipe()
    {
        Cli study = Cli.Run("study", "transfer", tiny.Path);
        Assert.Equal((2, true), (study.ExitCode, study.Err.Contains("is a model; name its data sets with --datasets, or give recipes (.yaml)", StringComparison.Ordinal)));
    }

    private Cli Run(string study, params string[] args)
    {
        string recipe = _directory.Write("finetune-weather.yaml", $$"""
            model: {dropout: 0}
            task: {kind: classification}
            data: {train: [{{Path.GetFileName(tiny.Train)}}], test: [{{Path.GetFileName(tiny.Test)}}], columns: [text, label], validation_share: 0.25}
            train: {epochs: 2, batch_size: 8, lr: 1e-2, threads: 2}
            """);
        string[] data = args.Contains("--data") ? [] : ["--data", Path.GetDirectoryName(tiny.Train)!];
        return Cli.Run(["study", study, recipe, "--model", tiny.Path, .. data, .. args]);
    }

    /// <summary>Computes a cell as another process would do, without an end.</summary>
    private static StudyLock HeldCell(string place)
    {
        string run = Path.Combine(place, "runs", "data-weather-layers-0-seed-1337");
        Directory.CreateDirectory(run);
        return StudyLock.Take(Path.Combine(run, CellRun.FileName), "held");
    }

    private static string Name(string line) => CellStore.Parse(line, "line").Name;

    private static string[] Values(string place) =>
        [.. CellStore.Open(place).Results.Select(result => $"{result.Name} {result.Fingerprint} {string.Join(' ', result.Values.Select(value => $"{value.Key} {value.Value:R}"))}").Order()];

    /// <summary>A cell whose work ends when it is canceled, as an evaluation does.</summary>
    private sealed class Canceled : ICellWork
    {
        public StudyCell Cell { get; } = new([new("data", "a")], "");

        public CellResult? Run(CellContext context)
        {
            context.CancellationToken.ThrowIfCancellationRequested();
            throw new InvalidOperationException("it was not canceled");
        }
    }
}
