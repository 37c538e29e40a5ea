using System.Text.Json;
using Foreword.Torch;

namespace Foreword.Cli.Tests.Commands.Pretrain;

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
        Assert.Equal(!Compute.CpuHasBFloat16, run.Err.Contains("fp32 is many times faster", StringComparison.Ordinal));
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
    [InlineData("model.n_head=3", "n_embd is 32, which is not a multiple of n_head 3")]
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
    public void ARunTrainsOnFromAModel()
    {
        string recipe = Recipes.Small(_directory), first = _directory.File("first"), second = _directory.File("second");
        Assert.Equal(0, Cli.Run("pretrain", recipe, "--out", first).ExitCode);
        string on = _directory.Write("on.yaml", $$"""
            model: {path: nowhere, dropout: 0.1}
            data: {text: [{{Recipes.Text(_directory)}}], validation: 0.1}
            train: {steps: 2, batch_size: 4, lr: 1e-3, min_lr: 1e-4, warmup_steps: 0, eval_batches: 4, threads: 2}
            """);
        Cli run = Cli.Run("pretrain", on, "--model", first, "--out", second);
        Assert.True(run.ExitCode == 0, run.Err);
        Assert.Contains($"continuing training from {Path.Combine(first, "best")}: ", run.Err, StringComparison.Ordinal);
        Assert.Contains("before the first step: validation loss ", run.Err, StringComparison.Ordinal);
        Assert.Contains($"path: \"{first}\"", File.ReadAllText(Path.Combine(second, "recipe.yaml")), StringComparison.Ordinal);
        Cli inspected = Cli.Run("inspect", Path.Combine(second, "recipe.yaml"));
        Assert.True(inspected.ExitCode == 0, inspected.Err);

        Cli missing = Cli.Run("pretrain", on, "--out", _directory.File("third"));
        Assert.Equal(1, missing.ExitCode);
        Assert.Contains("'nowhere' does not exist", missing.Err, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_directory.File("third")));
    }

    [Theory]
    [InlineData("model.init=gpt2", "expected normal | scaled_residual | uniform ('gpt2' is now called scaled_residual; to continue training from the weights of a model, set model.path)")]
    [InlineData("model.init=gpt1", "'gpt1' is now called normal")]
    [InlineData("model.freeze=1", "without model.path, the frozen blocks would stay random")]
    [InlineData("model.lora_rank=1", "without model.path, the adapted weights would stay random")]
    public void WhatOnlyWeightsHaveIsRefusedWithoutThem(string setting, string sentence)
    {
        Cli run = Cli.Run("pretrain", Recipes.Small(_directory), "--out", _directory.File("run"), "--set", setting);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(sentence, run.Err, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.preset=gpt2", "model.preset is 'gpt2' and model.path is")]
    [InlineData("model.init=normal", "model.init is 'normal' and model.path is")]
    [InlineData("data.vocab_size=300", "data.vocab_size is 300; the tokenizer comes with model.path")]
    public void WhatOnlyRandomWeightsHaveIsRefusedWithAModel(string setting, string sentence)
    {
        string recipe = _directory.Write("on.yaml", $"model: {{path: nowhere}}\ndata: {{text: [{Recipes.Text(_directory)}]}}\ntrain: {{steps: 1}}\n");
        Cli run = Cli.Run("pretrain", recipe, "--out", _directory.File("run"), "--set", setting);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(sentence, run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public void ARunThatIsFinishedIsNotMadeShorter()
    {
        string recipe = Recipes.Small(_directory), run = _directory.File("run");
        Assert.Equal(0, Cli.Run("pretrain", recipe, "--out", run).ExitCode);
        Cli shorter = Cli.Run("pretrain", recipe, "--out", run, "--resume", "auto", "--set", "train.steps=2");
        Assert.Equal(1, shorter.ExitCode);
        Assert.Contains("train.steps is 2; ", shorter.Err, StringComparison.Ordinal);
        Assert.Contains("has already made 6 steps", shorter.Err, StringComparison.Ordinal);
        Cli same = Cli.Run("pretrain", recipe, "--out", run, "--resume", "auto");
        Assert.Equal(0, same.ExitCode);
        Assert.Contains("all 6 steps were already done", same.Err, StringComparison.Ordinal);
    }

    [Fact]
    public void TheRecipeThatARunSavedGoesOnWithIt()
    {
        string recipe = Recipes.Small(_directory), run = _directory.File("run"), saved = Path.Combine(run, "recipe.yaml");
        Assert.Equal(0, Cli.Run("pretrain", recipe, "--out", run).ExitCode);
        File.WriteAllText(saved, File.ReadAllText(saved).Replace("init: scaled_residual", "init: gpt2", StringComparison.Ordinal)); // its former name
        Cli longer = Cli.Run("pretrain", saved, "--out", run, "--resume", "auto", "--set", "train.steps=7");
        Assert.True(longer.ExitCode == 0, longer.Err);
    }

    [Fact]
    public void ShardsAreNotReadAsText()
    {
        string recipe = _directory.Write("shards.yaml", "data: {shards: nowhere, encoding: gb18030}\n");
        Cli run = Cli.Run("pretrain", recipe, "--out", _directory.File("run"));
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("data.encoding is given; shards already contain tokens", run.Err, StringComparison.Ordinal);
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
    public void QuickstartTrainsOnFromAModel()
    {
        string recipe = Recipes.Small(_directory), first = _directory.File("first"), run = _directory.File("quick");
        Assert.Equal(0, Cli.Run("pretrain", recipe, "--out", first).ExitCode);
        Cli quick = Cli.Run("quickstart", "--model", first, "--data", Recipes.Text(_directory), "--steps", "2", "--out", run, "--json");
        Assert.True(quick.ExitCode == 0, quick.Err);
        JsonElement json = JsonDocument.Parse(quick.Out).RootElement;
        Assert.True(json.GetProperty("eval_loss").GetDouble() < json.GetProperty("start_eval_loss").GetDouble());
        Cli missing = Cli.Run("quickstart", "--model", _directory.File("none"), "--steps", "2", "--out", _directory.File("other"));
        Assert.Equal(1, missing.ExitCode);
        Assert.False(Directory.Exists(_directory.File("other")));
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
