using System.Text.Json;
using Foreword.Tokenization.ByteLevel;
using Foreword.Weights.HuggingFace;

namespace Foreword.Cli.Tests.Commands;

/// <summary>Runs the commands on an LSTM.</summary>
public sealed class LstmTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();
    private readonly string _model;

    public LstmTests()
    {
        _model = _directory.File("model");
        Directory.CreateDirectory(_model);
        foreach (string file in (string[])["config.json", "model.safetensors"])
            File.Copy(Fixtures.Path($"golden/lstm-tiny/untied/{file}"), Path.Combine(_model, file));
        new BpeTrainer { VocabSize = 300 }.Train([File.ReadAllText(Fixtures.Path("golden/tokenizers/bpe-train-corpus.txt"))]).Save(_model);
    }

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("tied")]
    [InlineData("untied")]
    public void RecordedLogitsAreVerified(string name)
    {
        string recorded = _directory.File("recorded.safetensors");
        SafetensorsWriter writer = new();
        using (SafetensorsFile inputs = SafetensorsFile.Open(Fixtures.Path($"golden/lstm-tiny/{name}/inputs.safetensors")), outputs = SafetensorsFile.Open(Fixtures.Path($"golden/lstm-tiny/{name}/outputs.safetensors")))
        {
            writer.Add("input_ids", Weights.TensorDType.I64, [2, 17], inputs.Bytes("input_ids").ToArray());
            writer.Add("logits", Weights.TensorDType.F32, [2, 17, 300], outputs.Bytes("logits").ToArray());
        }

        writer.Save(recorded);
        Cli run = Cli.Run("verify", "weights", Fixtures.Path($"golden/lstm-tiny/{name}"), "--against", recorded);
        Assert.True(run.ExitCode == 0, run.Err);
        Assert.InRange(JsonDocument.Parse(run.Out).RootElement.GetProperty("max_abs_difference").GetDouble(), 0, 1e-4);
    }

    [Fact]
    public void ItWritesTextIsEvaluatedAndConverted()
    {
        Cli generated = Cli.Run("generate", _model, "--prompt", "the", "--max-tokens", "5", "--temperature", "0");
        Assert.True(generated.ExitCode == 0, generated.Err);
        Assert.StartsWith("the", generated.Out, StringComparison.Ordinal);
        Cli evaluated = Cli.Run("evaluate", _model, "--tasks", "copa", "--data", Fixtures.Path("benchmarks"), "--truncate", "--json");
        Assert.True(evaluated.ExitCode == 0, evaluated.Err);
        string converted = _directory.File("converted");
        Cli convert = Cli.Run("convert", _model, converted, "--format", "hf");
        Assert.True(convert.ExitCode == 0, convert.Err);
        Assert.Equal(generated.Out, Cli.Run("generate", converted, "--prompt", "the", "--max-tokens", "5", "--temperature", "0").Out);
    }

    [Fact]
    public void InspectShowsUnitsAndState()
    {
        Cli run = Cli.Run("inspect", _model);
        Assert.True(run.ExitCode == 0, run.Err);
        Assert.Contains("LSTM, 48 units, width 32, context 512, 300 ids, a separate output layer", run.Out, StringComparison.Ordinal);
        JsonElement json = JsonDocument.Parse(Cli.Run("inspect", _model, "--json").Out).RootElement;
        Assert.Equal(("lstm", 48, 1, 2 * 4 * 48), (json.GetProperty("architecture").GetString(), json.GetProperty("n_hidden").GetInt32(), json.GetProperty("n_layer").GetInt32(), json.GetProperty("kv_cache_bytes").GetInt32()));
        Assert.Equal(300 * 32 + 4 * 48 * (32 + 48) + 8 * 48 + 300 * 48 + 300, json.GetProperty("parameters").GetInt64());
    }

    [Theory]
    [InlineData(1, "the model is an LSTM; quantization supports only GPT-1 and GPT-2", "quantize", "MODEL", "--type", "int8", "--out", "OUT")]
    [InlineData(1, "the model is an LSTM; a GGUF file supports only GPT-1 and GPT-2", "convert", "MODEL", "OUT", "--format", "gguf")]
    [InlineData(1, "the model is an LSTM; OpenAI's format supports only GPT-1 and GPT-2", "convert", "MODEL", "OUT", "--format", "openai-gpt1")]
    [InlineData(1, "the model is an LSTM; bench score, which compares both engines, supports only GPT-1 and GPT-2", "bench", "score", "--model", "MODEL")]
    [InlineData(1, "the model is an LSTM; the cpu engine supports only GPT-1 and GPT-2", "serve", "MODEL", "--urls", "http://127.0.0.1:0")]
    [InlineData(2, "model is an LSTM; only --engine torch supports it, without --cache", "generate", "MODEL", "--prompt", "the", "--engine", "cpu")]
    [InlineData(2, "model is an LSTM; only --engine torch supports it, without --cache", "generate", "MODEL", "--prompt", "the", "--cache", "f32")]
    public void WhatSupportsOnlyGptsSaysSo(int exitCode, string problem, params string[] args)
    {
        Cli run = Cli.Run([.. args.Select(arg => arg switch { "MODEL" => _model, "OUT" => _directory.File("out"), _ => arg })]);
        Assert.Equal(exitCode, run.ExitCode);
        Assert.Contains(problem, run.Err, StringComparison.Ordinal);
        Assert.False(Path.Exists(_directory.File("out")));
    }
}
