using Foreword.Chat;
using Foreword.Data.Recipes;

namespace Foreword.Cli.Tests.Commands.Study;

/// <summary>Tests <c>foreword study mmi</c>.</summary>
public sealed class AnswerStudyTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();
    private readonly string _dialogues;

    public AnswerStudyTests()
    {
        RandomModel.Write(_directory.Path);
        Recipe.Save(ChatTemplate.Plain, _directory.File("chat.yaml"));
        _dialogues = _directory.Write("dev.txt", "the cat\nsat\n\non a\nmat\n\nonly one\n");
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void TheRulesAreComparedAndAFinishedStudyIsNotRepeated()
    {
        string place = _directory.File("mmi");
        string[] command = ["study", "mmi", _directory.Path, "--mmi", _directory.Path, "--dialogues", _dialogues, "--candidates", "2", "--max-tokens", "4", "--seeds", "2", "--out", place];
        Cli run = Cli.Run(command);
        Assert.Equal(0, run.ExitCode);
        Assert.All(["reference", "first", "likelihood", "sequence", "history", "interpolated"], rule => Assert.Contains(rule, run.Out, StringComparison.Ordinal));
        string cells = File.ReadAllText(Path.Combine(place, "cells.jsonl"));
        Assert.Equal(11, cells.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("\"answers\":2", cells, StringComparison.Ordinal);
        string page = File.ReadAllText(Path.Combine(place, "README.md"));
        Assert.Contains("Li et al. 2016", page, StringComparison.Ordinal);
        Assert.Equal(0, Cli.Run(command).ExitCode);
        Assert.Equal(cells, File.ReadAllText(Path.Combine(place, "cells.jsonl")));
    }

    [Theory]
    [InlineData(2, "--candidates is 1; it must be at least 2", "--candidates", "1")]
    [InlineData(2, "--mmi-lambda is 1.5; it must be from 0 to 1", "--mmi-lambda", "1.5")]
    [InlineData(1, "has no dialogue with an answer", "--max-history", "1")]
    public void WhatDoesNotFitIsRefused(int exitCode, string expected, params string[] options)
    {
        string dialogues = exitCode == 1 ? _directory.Write("alone.txt", "hello\n") : _dialogues;
        Cli run = Cli.Run(["study", "mmi", _directory.Path, "--mmi", _directory.Path, "--dialogues", dialogues, "--out", _directory.File("mmi"), .. options]);
        Assert.Equal(exitCode, run.ExitCode);
        Assert.Contains(expected, run.Err, StringComparison.Ordinal);
    }
}
