using System.Text.Json;
using Foreword.Weights;
using Foreword.Weights.HuggingFace;

namespace Foreword.Cli.Tests.Commands.Verify;

public sealed class VerifyCommandTests
{
    [Theory]
    [InlineData("gpt1-tiny")]
    [InlineData("gpt2-tiny")]
    public void RecordedLogitsPassInsideTheToleranceAndFailOutside(string name)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string recorded = Recorded(directory, name), model = Fixtures.Path($"golden/{name}");
        Cli passed = Cli.Run("verify", "weights", model, "--against", recorded);
        Assert.Equal(0, passed.ExitCode);
        JsonElement json = JsonDocument.Parse(passed.Out).RootElement;
        Assert.InRange(json.GetProperty("max_abs_difference").GetDouble(), 0, 1e-4);
        Assert.True(json.GetProperty("passed").GetBoolean());

        Cli failed = Cli.Run("verify", "weights", model, "--against", recorded, "--tolerance", "0");
        Assert.Equal(1, failed.ExitCode);
        Assert.False(JsonDocument.Parse(failed.Out).RootElement.GetProperty("passed").GetBoolean());
        Assert.StartsWith("error: ", failed.Err);
    }

    [Theory]
    [InlineData("pytorch-legacy", "gpt2-tiny")]
    [InlineData("openai-gpt1", "gpt1-tiny")]
    [InlineData("openai-gpt2", "gpt2-tiny")]
    [InlineData("llm.c/gpt2_tiny.bin", "gpt2-tiny")]
    public void ModelsOfEveryFormatAreCompared(string model, string golden)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Cli run = Cli.Run("verify", "weights", Fixtures.Path($"formats/{model}"), "--against", Recorded(directory, golden));
        Assert.True(run.ExitCode == 0, run.Err);
        Assert.InRange(JsonDocument.Parse(run.Out).RootElement.GetProperty("max_abs_difference").GetDouble(), 0, 1e-4);
    }

    [Fact]
    public void AnotherModelsLogitsAreRefused()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Cli run = Cli.Run("verify", "weights", Fixtures.Path("golden/gpt2-tiny"), "--against", Fixtures.Path("golden/gpt2-tiny/outputs.safetensors"));
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("outputs.safetensors: tensor 'input_ids' is missing", run.Err);
        Assert.Equal(1, Cli.Run("verify", "weights", directory.Path, "--against", "x").ExitCode);
        Assert.Contains("error: --against: there is no file x\n", Cli.Run("verify", "weights", Fixtures.Path("golden/gpt2-tiny"), "--against", "x").Err, StringComparison.Ordinal);
    }

    [Fact]
    public void AKilledRunResumesBitForBit()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string recipe = Recipes.Small(directory);
        Cli run = Cli.Run("verify", "resume", recipe, "--steps", "40", "--kill-at", "9", "--json");
        Assert.True(run.ExitCode == 0, run.Err);
        JsonElement json = JsonDocument.Parse(run.Out).RootElement;
        Assert.True(json.GetProperty("identical").GetBoolean());
        Assert.InRange(json.GetProperty("killed_at").GetInt32(), 9, 39);
        Assert.InRange(json.GetProperty("resumed_from").GetInt32(), 4, 39);
        string file = directory.Write("file", "before");
        Assert.Equal($"error: --out {file} is a file; expected a directory\n", Cli.Run("verify", "resume", recipe, "--out", file).Err);
    }

    [Theory]
    [InlineData("--steps", "1")]
    [InlineData("--kill-at", "20")]
    public void StepsThatProveNothingAreWrongUsage(string option, string value) =>
        Assert.Equal(2, Cli.Run("verify", "resume", "x.yaml", option, value).ExitCode);

    /// <summary>Writes the golden inputs and logits into one file, as users record them.</summary>
    private static string Recorded(TemporaryDirectory directory, string name)
    {
        string path = directory.File($"{name}.safetensors");
        using var inputs = SafetensorsFile.Open(Fixtures.Path($"golden/{name}/inputs.safetensors"));
        using var outputs = SafetensorsFile.Open(Fixtures.Path($"golden/{name}/outputs.safetensors"));
        SafetensorsWriter writer = new();
        writer.Add("input_ids", TensorDType.I64, inputs.Tensor("input_ids").Shape, inputs.Bytes("input_ids").ToArray());
        writer.Add("logits", TensorDType.F32, outputs.Tensor("logits").Shape, outputs.Bytes("logits").ToArray());
        writer.Save(path);
        return path;
    }
}
