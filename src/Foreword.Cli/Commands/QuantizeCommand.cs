using System.CommandLine;
using System.Globalization;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Cpu;
using Foreword.Cpu.Quantized;
using Foreword.Data.Recipes;
using Foreword.Evaluation.Metrics;
using Foreword.IO;
using Foreword.Tasks;
using Foreword.Tokenization;
using Foreword.Tokenization.Files;
using Foreword.Weights;
using Foreword.Weights.Quantized;

namespace Foreword.Cli.Commands;

/// <summary>
/// Implements <c>foreword quantize MODEL --type int8|int4 --out DIR</c>. The quantized model runs on the CPU in a quarter of the memory
/// or less.
/// </summary>
internal static class QuantizeCommand
{
    private const int DefaultTokens = 20_000;

    public static Command Create(Terminal terminal)
    {
        Argument<string> model = new("MODEL") { Description = "Model in any format, checkpoint, or run directory." };
        Option<string?> type = new("--type") { Description = "int8 (8.25 bits per weight) or int4 (4.5 bits; the output layer uses 8).", Required = true };
        type.AcceptOnly("int8", "int4");
        Option<string> output = new("--out") { Description = "Directory to write. It must not exist, or be empty.", Required = true };
        Option<string?> text = new("--text") { Description = "Text file to measure the perplexity on, in float32 and quantized." };
        Option<int> tokens = new("--tokens") { Description = "Maximum number of tokens to measure on.", DefaultValueFactory = _ => DefaultTokens };
        Option<bool> json = new("--json") { Description = "Print one JSON object: {\"type\",\"bytes\",\"float32_bytes\",\"perplexity\",\"float32_perplexity\"}." };
        Command command = new Command("quantize", "Quantize a model for the CPU engine (plain C#).") { model, type, output, text, tokens, json }
            .WithExample("foreword quantize runs/quickstart --type int8 --out quantized --text README.md");
        command.SetAction(parsed =>
        {
            WeightType wanted = parsed.GetValue(type) == "int8" ? WeightType.Int8 : WeightType.Int4;
            if (parsed.GetValue(tokens) < 2)
                throw new UsageException($"--tokens is {parsed.GetValue(tokens)}; it must be at least 2");
            string directory = parsed.GetValue(output)!;
            if (File.Exists(directory) || Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any())
                throw new IOException($"{directory} already exists; quantize writes a new directory");
            using StoredModel stored = StoredModel.Open(parsed.GetValue(model)!);
            using ModelWeights weights = stored.TakeWeights();
            Tokenizer tokenizer = stored.Tokenizer;
            int[]? ids = parsed.GetValue(text) is { } path ? Ids(tokenizer, path, parsed.GetValue(tokens)) : null;
            using (StagedDirectory staged = StagedDirectory.Start(directory))
            {
                QuantizedModel.Write(weights, wanted, staged.Path, TextEnds.FromTokenizer(tokenizer));
                tokenizer.Save(staged.Path);
                ChatTemplateFile.Copy(stored.Directory, staged.Path);
                if (TaskDescription.IsIn(weights.Path))
                {
                    TaskDescription task = TaskDescription.Read(weights.Path);
                    task.Save(staged.Path);
                    TaskHeadWeights.Read(weights.Path, task, weights.Config.HiddenWidth).Save(staged.Path);
                }

                staged.Commit();
            }

            Report(terminal, weights, wanted, directory, ids, parsed.GetValue(json));
            return ExitCodes.Done;
        });
        return command;
    }

    private static int[] Ids(Tokenizer tokenizer, string path, int most)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException($"the text '{path}' does not exist");
        int[] ids = tokenizer.Encode(StrictText.Read(path));
        return ids.Length >= 2 ? ids[..Math.Min(ids.Length, most)] : throw new InvalidDataException($"{path} has {ids.Length} tokens; at least 2 are needed to measure on");
    }

    private static void Report(Terminal terminal, ModelWeights weights, WeightType type, string directory, int[]? ids, bool json)
    {
        long bytes = new FileInfo(Path.Combine(directory, QuantizedModelFormat.WeightsFile)).Length, matrices = QuantizedModel.MatrixBytes(weights.Config.AsGpt("quantization"), type), floats = 4 * weights.Config.ParameterCount;
        string name = type.ToString().ToLowerInvariant();
        double? before = ids is null ? null : Perplexity(weights.Path, WeightType.F32, ids), after = ids is null ? null : Perplexity(directory, type, ids);
        if (json)
        {
            JsonOutput.WriteLine(terminal, writer =>
            {
                writer.WriteString("type", name);
                writer.WriteNumber("bytes", bytes);
                writer.WriteNumber("matrix_bytes", matrices);
                writer.WriteNumber("float32_bytes", floats);
                if (before is { } first && after is { } second)
                {
                    writer.WriteNumber("tokens", ids!.Length);
                    writer.WriteNumber("float32_perplexity", first);
                    writer.WriteNumber("perplexity", second);
                }
            });
            return;
        }

        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{directory}: matrices of {matrices / 1e6:N1} MB as {name} (the model in float32 has {floats / 1e6:N1} MB); embeddings and norms stay float32"));
        if (before is { } float32 && after is { } quantized)
            terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"perplexity on {ids!.Length:N0} tokens: {float32:F4} in float32, {quantized:F4} in {name}: {(quantized / float32 - 1) * 100:+0.000;-0.000} %"));
        terminal.Say(TaskDescription.IsIn(directory) ? $"next: foreword predict {directory} -" : $"next: foreword generate {directory} --prompt \"The\"");
    }

    /// <summary>Computes the perplexity per token over consecutive windows of a full context.</summary>
    private static double Perplexity(string path, WeightType type, int[] ids)
    {
        using CpuLanguageModel model = CpuLanguageModel.Load(path, type);
        // The first token of a window is the last token of the previous one, so every token except the very first is predicted once.
        int window = model.Config.ContextLength - 1;
        int[][] windows = [.. Enumerable.Range(0, (ids.Length - 2) / Math.Max(1, window) + 1).Select(i => ids[(i * window)..Math.Min(ids.Length, (i + 1) * window + 1)])];
        return Likelihood.Compute([.. model.LogProbs(windows).SelectMany(row => row)]).Perplexity;
    }
}
