using Foreword.Torch.Runs;

namespace Foreword.Torch.Tests.Runs;

public class RunDirectoryTests
{
    [Fact]
    public void CheckpointsAreListedByStepAndOnlyWholeOnes()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        foreach (string name in new[] { "checkpoint-100", "checkpoint-20", "checkpoint-3", ".tmp-checkpoint-200", "checkpoint-", "checkpoint-x", "checkpoint-007", "checkpoint--1", "checkpoint-99999999999", "best" })
            Directory.CreateDirectory(directory.File(name));
        directory.Write("checkpoint-5", "a file, not a checkpoint");
        RunDirectory run = RunDirectory.Open(directory.Path);
        Assert.Equal([3, 20, 100], run.Checkpoints.Select(checkpoint => checkpoint.Step));
        Assert.Equal(new RunCheckpoint(100, run.CheckpointPath(100)), run.Newest);
    }

    [Theory]
    [InlineData(0, null, new[] { 10, 20, 30, 40 })]
    [InlineData(1, null, new[] { 40 })]
    [InlineData(2, null, new[] { 30, 40 })]
    [InlineData(2, 10, new[] { 10, 30, 40 })]
    [InlineData(1, 40, new[] { 40 })]
    [InlineData(9, null, new[] { 10, 20, 30, 40 })]
    public void OnlyTheNewestAndTheBestCheckpointsStay(int keep, int? best, int[] left)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        foreach (int step in new[] { 10, 20, 30, 40 })
            directory.Write($"checkpoint-{step}/model.safetensors", "weights");
        directory.Write("best/model.safetensors", "weights");
        directory.Write(".tmp-checkpoint-10/half", "deleted half-way by an earlier process");
        RunDirectory run = RunDirectory.Open(directory.Path);
        run.DeleteOldCheckpoints(keep, best);
        Assert.Equal(left, run.Checkpoints.Select(checkpoint => checkpoint.Step));
        Assert.All(run.Checkpoints, checkpoint => Assert.True(File.Exists(Path.Combine(checkpoint.Path, "model.safetensors"))));
        Assert.True(File.Exists(Path.Combine(run.BestPath, "model.safetensors")));
    }

    [Theory]
    [InlineData("recipe.yaml")]
    [InlineData("metrics.jsonl")]
    [InlineData("checkpoint-1/model.safetensors")]
    [InlineData("best/model.safetensors")]
    public void ANewRunIsNotBegunWhereOneIs(string trace)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string file = directory.Write(trace, "x");
        Assert.Equal($"{directory.Path} already holds a run; resume the run or use another directory",
            Assert.Throws<IOException>(() => RunDirectory.Create(directory.Path)).Message);
        Assert.True(File.Exists(file));
        RunDirectory.Open(directory.Path);
    }

    [Fact]
    public void ADirectoryOfOtherThingsMayTakeARun()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        directory.Write("notes.txt", "x");
        RunDirectory.Create(directory.Path);
        Assert.Throws<InvalidDataException>(() => RunDirectory.Open(directory.Path));
        Assert.Throws<IOException>(() => RunDirectory.Create(directory.File("notes.txt")));
        Assert.Throws<DirectoryNotFoundException>(() => RunDirectory.Open(directory.File("nowhere")));
    }

    [Fact]
    public void RunsOfOneNameAreNumbered()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string runs = directory.File("runs");
        Assert.Equal(
            [Path.Combine(runs, "quickstart"), Path.Combine(runs, "quickstart-2"), Path.Combine(runs, "quickstart-3")],
            Enumerable.Range(0, 3).Select(_ => RunDirectory.CreateNext(runs, "quickstart").Path));
    }

    [Fact]
    public void WhatAKilledProcessLeftHalfDoneIsCleanedUpAndNothingElse()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        directory.Write("recipe.yaml", "x");
        directory.Write("checkpoint-1/model.safetensors", "x");
        directory.Write(".tmp-checkpoint-2/deep/model.safetensors", "x");
        directory.Write(".tmp-metrics.jsonl", "x");
        RunDirectory.Open(directory.Path).DeleteTemporaries();
        Assert.Equal(["checkpoint-1", "recipe.yaml"], Directory.GetFileSystemEntries(directory.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
    }
}
