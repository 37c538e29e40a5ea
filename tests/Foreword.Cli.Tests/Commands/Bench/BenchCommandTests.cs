using System.Text.Json;
using Foreword.Torch;

namespace Foreword.Cli.Tests.Commands.Bench;

public sealed class BenchCommandTests
{
    [Fact]
    public void TrainPrintsSpeedShareOfPeakAndRatio()
    {
        Cli run = Cli.Run("bench", "train", "--model", Fixtures.Path("golden/gpt2-tiny"), "--batch-size", "1", "--sequence-length", "32", "--rounds", "1", "--json");
        Assert.True(run.ExitCode == 0, run.Err);
        JsonElement json = JsonDocument.Parse(run.Out).RootElement;
        foreach (JsonElement path in json.GetProperty("paths").EnumerateArray().Append(json))
            Assert.All(["tokens_per_second", "share_of_peak", "ratio_to_eager"], key => Assert.True(path.GetProperty(key).GetDouble() > 0));
        Assert.Contains(json.GetProperty("paths").EnumerateArray(), path => path.GetProperty("path").GetString() == "eager fp32" && path.GetProperty("ratio_to_eager").GetDouble() == 1);
        Assert.Equal(Compute.CpuHasBFloat16, json.TryGetProperty("peak_flops_bf16", out _)); // without bfloat16 instructions, a step would take minutes
    }

    [Fact]
    public void ProfilePrintsTheOperationsOfAStepOrWhyThereAreNone()
    {
        Cli run = Cli.Run("bench", "train", "--profile", "--model", Fixtures.Path("golden/gpt2-tiny"), "--batch-size", "1", "--sequence-length", "32", "--rounds", "2", "--json");
        if (run.ExitCode != 0)
        {
            Assert.Contains("the fused kernels do not run here", run.Err, StringComparison.Ordinal);
            Assert.Skip("the fused kernels do not run here: only the refusal was checked");
        }

        JsonElement json = JsonDocument.Parse(run.Out).RootElement;
        JsonElement[] operations = [.. json.GetProperty("operations").EnumerateArray()];
        Assert.Contains(operations, operation => operation.GetProperty("operation").GetString() == "attention" && operation.GetProperty("flops_per_second").GetDouble() > 0);
        Assert.InRange(operations.Sum(operation => operation.GetProperty("step_seconds").GetDouble()), 0, json.GetProperty("step_seconds").GetDouble());
        Assert.True(json.GetProperty("activation_bytes").GetInt64() > 0);
    }

    [Fact]
    public void DecodePrintsTokensPerSecond()
    {
        Cli run = Cli.Run("bench", "decode", "--model", Fixtures.Path("golden/gpt2-tiny"), "--tokens", "4", "--json");
        Assert.True(run.ExitCode == 0, run.Err);
        Assert.True(JsonDocument.Parse(run.Out).RootElement.GetProperty("tokens_per_second").GetDouble() > 0);
    }

    [Fact]
    public void ScorePrintsBothEnginesTheForwardPassAndWhatSharingBrings()
    {
        Cli run = Cli.Run("bench", "score", "--model", "gpt2-tiny-5m", "--rounds", "1", "--json");
        Assert.True(run.ExitCode == 0, run.Err);
        JsonElement json = JsonDocument.Parse(run.Out).RootElement;
        Assert.All(["tokens_per_second", "forward_tokens_per_second", "share_of_forward", "sharing_speedup"], key => Assert.True(json.GetProperty(key).GetDouble() > 0));
        Assert.All(["tokens_per_second", "sharing_speedup"], key => Assert.True(json.GetProperty("cpu").GetProperty(key).GetDouble() > 0));
        Assert.Contains("the context length is 64", Cli.Run("bench", "score", "--model", Fixtures.Path("golden/gpt2-tiny")).Err, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--model", "gpt2-huge", 1)]
    [InlineData("--sequence-length", "4096", 2)]
    [InlineData("--batch-size", "0", 2)]
    [InlineData("--dropout", "1", 2)]
    public void WhatCannotBeMeasuredIsOneSentence(string option, string value, int code)
    {
        Cli run = Cli.Run("bench", "train", option, value);
        Assert.Equal(code, run.ExitCode);
        Assert.StartsWith("error: ", run.Err);
    }
}
