using System.Text.Json;
using Foreword.Torch;

namespace Foreword.Tests;

public sealed class PretrainCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void AMistakeInTheInputIsAllThatIsPrinted()
    {
        string recipe = Recipes.Small(_directory);
        Cli run = Cli.Run("pretrain", recipe, "--set", "data.text=[nowhere.txt]", "--out", _directory.File("run"));
        Assert.Equal((1, "error: nowhere.txt does not exist\n"), (run.ExitCode, run.Err));
    }

    [Fact]
    public void ARunTrainsGoesOnAndGenerates()
    {
        string recipe = Recipes.Small(_directory), run = _directory.File("run");
        Cli first = Cli.Run("pretrain", recipe, "--out", run, "--json");
        Assert.True(first.ExitCode == 0, first.Err);
        JsonElement json = JsonDocument.Parse(first.Out).RootElement;
        Assert.Equal("finished", json.GetProperty("outcome").GetString());
        Assert.True(json.GetProperty("eval_loss").GetDouble() > 0);
        Assert.Contains("step 6/6", first.Err);

        Cli again = Cli.Run("pretrain", recipe, "--out", run);
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("already holds a run; continue it with --resume auto", again.Err);

        Cli longer = Cli.Run("pretrain", recipe, "--out", run, "--resume", "auto", "--set", "train.steps=8");
        Assert.True(longer.ExitCode == 0, longer.Err);
        Assert.True(Directory.Exists(Path.Combine(run, "checkpoint-8")));

        Cli text = Cli.Run("generate", run, "--prompt", "Line 5", "--max-tokens", "5", "--temperature", "0", "--json");
        Assert.True(text.ExitCode == 0, text.Err);
        Assert.Equal("Line 5", JsonDocument.Parse(text.Out).RootElement.GetProperty("prompt").GetString());
    }

    [Fact]
    public void WhoAsksForBFloat16IsToldWhereItIsSlow()
    {
        string recipe = Recipes.Small(_directory);
        Cli run = Cli.Run("pretrain", recipe, "--out", _directory.File("run"), "--set", "train.precision=bf16", "--set", "train.device=cpu");
        Assert.True(run.ExitCode == 0, run.Err);
        Assert.Contains("cpu bf16", run.Err, StringComparison.Ordinal);
        Assert.Equal(!Compute.CpuHasBFloat16, run.Err.Contains("fp32 is many times as fast", StringComparison.Ordinal));
    }

    [Fact]
    public void ACheckpointByItsPathIsWhereTheRunGoesOn()
    {
        string recipe = Recipes.Small(_directory), run = _directory.File("run");
        Assert.Equal(0, Cli.Run("pretrain", recipe, "--out", run).ExitCode);
        string before = File.ReadAllText(Path.Combine(run, "metrics.jsonl"));
        Cli resumed = Cli.Run("pretrain", recipe, "--resume", Path.Combine(run, "checkpoint-3"));
        Assert.True(resumed.ExitCode == 0, resumed.Err);
        Assert.Contains("from step 3 to 6", resumed.Err);
        Assert.Equal(Losses(before), Losses(File.ReadAllText(Path.Combine(run, "metrics.jsonl"))));
    }

    [Theory]
    [InlineData("train.learning_rte=1", "unknown key 'train.learning_rte'; did you mean 'train.")]
    [InlineData("model.n_head=3", "n_embd is 32, which n_head 3 does not divide")]
    [InlineData("train.sequence_length=64", "train.sequence_length is 64")]
    [InlineData("data.text=[missing.txt]", "missing.txt")]
    [InlineData("train.lr=fast", "'fast'")]
    public void WhatCannotBeTrainedIsOneSentence(string setting, string sentence)
    {
        Cli run = Cli.Run("pretrain", Recipes.Small(_directory), "--out", _directory.File("run"), "--set", setting);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(sentence, run.Err);
        Assert.DoesNotContain("   at ", run.Err);
    }

    [Fact]
    public void AMissingRecipeNamesTheNearest()
    {
        string recipe = Recipes.Small(_directory);
        Cli run = Cli.Run("pretrain", recipe.Replace("small", "smal", StringComparison.Ordinal));
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("did you mean", run.Err);
    }

    [Fact]
    public void QuickstartRunsOnTextOfTheUsers()
    {
        string text = Recipes.Text(_directory), run = _directory.File("quick");
        Cli quick = Cli.Run("quickstart", "--data", text, "--steps", "2", "--out", run, "--json");
        Assert.True(quick.ExitCode == 0, quick.Err);
        JsonElement json = JsonDocument.Parse(quick.Out).RootElement;
        Assert.True(json.GetProperty("kneser_ney_loss").GetDouble() > 0);
        Assert.True(json.GetProperty("eval_loss").GetDouble() > 0);
        Assert.Equal(3, json.GetProperty("samples").GetArrayLength());
        Assert.True(File.Exists(Path.Combine(run, "best", "model.safetensors")));
    }

    [Fact]
    public void QuickstartOnAMissingFileIsOneSentence()
    {
        Cli quick = Cli.Run("quickstart", "--data", _directory.File("none.txt"), "--out", _directory.File("quick"));
        Assert.Equal(1, quick.ExitCode);
        Assert.Contains("none.txt does not exist", quick.Err);
    }

    private static (int, double)[] Losses(string metrics) =>
    [
        .. metrics.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.TryGetProperty("loss", out _))
            .Select(line => (line.GetProperty("step").GetInt32(), line.GetProperty("loss").GetDouble())),
    ];
}
