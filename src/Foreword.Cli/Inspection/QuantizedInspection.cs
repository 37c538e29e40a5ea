using Foreword.Cli.Output;
using Foreword.Cpu;
using Foreword.Cpu.Quantized;
using Foreword.Models;
using Foreword.Tasks;
using Foreword.Tokenization;
using Foreword.Weights.Catalog;
using Foreword.Weights.HuggingFace;
using Foreword.Weights.Quantized;

namespace Foreword.Cli.Inspection;

/// <summary>Shows a directory that <c>foreword quantize</c> wrote for <c>inspect</c>.</summary>
internal static class QuantizedInspection
{
    public static void Show(string path, bool json, Terminal terminal)
    {
        WeightType type = QuantizedModel.TypeOf(path);
        GptConfig config = HuggingFaceConfig.Read(path).AsGpt("quantization");
        Tokenizer tokenizer = ModelDirectory.LoadTokenizer(path);
        string name = type.ToString().ToLowerInvariant();
        long matrices = QuantizedModel.MatrixBytes(config, type), file = new FileInfo(Path.Combine(path, QuantizedModelFormat.WeightsFile)).Length;
        if (json)
        {
            JsonOutput.WriteLine(terminal, writer =>
            {
                writer.WriteString("model", path);
                writer.WriteString("quantized", name);
                writer.WriteString("architecture", config.Architecture == ModelArchitecture.Gpt1 ? "gpt1" : "gpt2");
                writer.WriteNumber("parameters", config.ParameterCount);
                writer.WriteNumber("matrix_bytes", matrices);
                writer.WriteNumber("file_bytes", file);
                writer.WriteString("tokenizer_fingerprint", tokenizer.Fingerprint);
            });
            return;
        }

        ModelInspection.PrintArchitecture(terminal.Out, path, config);
        ModelInspection.Line(terminal.Out, "format", $"quantized to {name}, for --engine cpu");
        ModelInspection.Line(terminal.Out, "parameters", $"{config.ParameterCount:N0}");
        ModelInspection.Line(terminal.Out, "memory", $"{matrices / 1e6:N1} MB of matrices in a file of {file / 1e6:N1} MB ({4 * config.ParameterCount / 1e6:N1} MB in float32)");
        if (TaskDescription.IsIn(path))
            ModelInspection.PrintTask(terminal.Out, TaskDescription.Read(path));
        ModelInspection.Line(terminal.Out, "tokenizer", $"{tokenizer.Kind}, {tokenizer.VocabSize:N0} ids, fingerprint {tokenizer.Fingerprint}");
    }
}
