using System.Text.Json;
using Foreword.Tokenization.ByteLevel;

namespace Foreword.Cli.Tests.Commands;

public sealed class QuantizeCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();
    private readonly string _model;

    public QuantizeCommandTests()
    {
        _model = _directory.File("model");
        Directory.CreateDirectory(_model);
        foreach (string file in (string[])["config.json", "model.safetensors"])
            File.Copy(Fixtures.Path($"golden/gpt2-tiny/{file}"), Path.Combine(_model, file));
        new BpeTrainer { VocabSize = 300 }.Train([File.ReadAllText(Fixtures.Path("golden/tokenizers/bpe-train-corpus.txt"))]).Save(_model);
    }

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("int8", 0.02)]
    [InlineData("int4", 0.2)]
    public void AQuantizedModelGeneratesAndItsPerplexityIsPrinted(string type, double part)
    {
        string output = _directory.File("quantized");
        Cli run = Run("quantize", _model, "--type", type, "--out", output, "--text", Fixtures.Path("golden/tokenizers/bpe-train-corpus.txt"), "--tokens", "500", "--json");
        Assert.Equal(0, run.ExitCode);
        using JsonDocument json = JsonDocument.Parse(run.Out);
        double before = json.RootElement.GetProperty("float32_perplexity").GetDouble(), after = json.RootElement.GetProperty("perplexity").GetDouble();
        Assert.InRange(after / before, 1 - part, 1 + part);
        Cli generated = Run("generate", output, "--prompt", "the", "--max-tokens", "5", "--temperature", "0");
        Assert.Equal(0, generated.ExitCode);
        Assert.StartsWith("the", generated.Out, StringComparison.Ordinal);
        Cli evaluated = Run("evaluate", output, "--tasks", "copa", "--data", Fixtures.Path("benchmarks"), "--truncate", "--json");
        Assert.True(evaluated.ExitCode == 0, evaluated.Err);
        Assert.Contains($"quantized to {type}, for --engine cpu", Run("inspect", output).Out);
        using JsonDocument shown = JsonDocument.Parse(Run("inspect", output, "--json").Out);
        Assert.Equal((type, json.RootElement.GetProperty("matrix_bytes").GetInt64()), (shown.RootElement.GetProperty("quantized").GetString(), shown.RootElement.GetProperty("matrix_bytes").GetInt64()));
        Cli refused = Run("generate", output, "--prompt", "the", "--engine", "torch");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("only --engine cpu supports it", refused.Err);
        Cli converted = Run("convert", output, _directory.File("converted"), "--format", "hf");
        Assert.Equal(1, converted.ExitCode);
        Assert.Contains($"{output} is quantized: it can be run, but its original weights cannot be recovered", converted.Err, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("int3", 2, "--type is 'int3'; expected int8 | int4; did you mean 'int8'?")]
    [InlineData("int8", 1, "the text 'missing.txt' does not exist")]
    public void WhatCannotBeDoneLeavesNothing(string type, int exitCode, string reason)
    {
        string output = _directory.File("quantized");
        Cli run = Run("quantize", _model, "--type", type, "--out", output, "--text", "missing.txt");
        Assert.Equal(exitCode, run.ExitCode);
        Assert.Contains(reason, run.Err);
        Assert.False(Directory.Exists(output));
    }

    [Fact]
    public void WhatLiesInTheDirectoryStays()
    {
        string output = Directory.CreateDirectory(_directory.File("full")).FullName, notes = Path.Combine(output, "notes.txt");
        File.WriteAllText(notes, "mine");
        Cli run = Run("quantize", _model, "--type", "int8", "--out", output);
        Assert.Equal((1, $"error: {output} already exists; quantize writes a new directory"), (run.ExitCode, run.Err.Trim()));
        Assert.Equal("mine", File.ReadAllText(notes));
        File.Delete(notes);
        Assert.Equal(0, Run("quantize", _model, "--type", "int8", "--out", output).ExitCode);
    }

    private static Cli Run(params string[] args) => Cli.Run(args);
}
