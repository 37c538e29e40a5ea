using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Data.Reading;
using Foreword.Data.Reading.Formats;
using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Tokenization;
using Foreword.Torch;
using Foreword.Weights.Catalog;

namespace Foreword.Cli.Commands.Bench;

/// <summary>Implements <c>foreword bench train|decode|tokenize|score|serve</c>, which measures speeds next to the machine's measured peak.</summary>
internal static class BenchCommand
{
    public static Command Create(Terminal terminal) => new Command("bench", "Measure this machine: training, decoding, tokenizing, scoring, serving.")
    {
        Train(terminal),
        BenchDecodeCommand.Create(terminal),
        Tokenize(terminal),
        BenchScoreCommand.Create(terminal, Model(), Config, Json()),
        BenchServeCommand.Create(terminal, Json()),
    }.WithExample("foreword bench train --model gpt2-tiny-5m");

    private static Command Train(Terminal terminal)
    {
        Option<string> model = Model();
        Option<int> batch = new("--batch-size") { Description = "Sequences per step.", DefaultValueFactory = _ => 4 };
        Option<int> length = new("--sequence-length") { Description = "Tokens per sequence.", DefaultValueFactory = _ => 256 };
        Option<int> rounds = new("--rounds") { Description = "Timed steps of each kind; the best counts.", DefaultValueFactory = _ => 4 };
        Option<PrecisionChoice> precision = new("--precision") { Description = "Number format of the matrix products.", DefaultValueFactory = _ => PrecisionChoice.Auto };
        Option<double> dropout = new("--dropout") { Description = "Dropout rate at all places: at least 0 and below 1." };
        Option<bool> recompute = new("--recompute") { Description = "Recompute activations in the backward pass, as train.recompute does." };
        Option<bool> profile = new("--profile") { Description = "Measure only the single operations of the fused kernels' steps." };
        Option<bool> json = Json();
        Command command = new Command("train", "Training steps: compares the fused kernels with autograd and with plain eager float32 in the same run.") { model, batch, length, rounds, precision, dropout, recompute, profile, json }
            .WithExample("foreword bench train --model gpt2 --batch-size 4 --sequence-length 256");
        command.SetAction(parsed =>
        {
            double rate = parsed.GetValue(dropout);
            if (!(rate >= 0 && rate < 1))
                throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"--dropout is {rate}; it must be at least 0 and below 1"));
            ModelConfig config = Config(parsed.GetValue(model)!).WithDropout(rate);
            int T = parsed.GetValue(length);
            foreach (Option<int> count in (Option<int>[])[batch, length, rounds])
            {
                if (parsed.GetValue(count) < 1)
                    throw new UsageException($"{count.Name} is {parsed.GetValue(count)}; it must be at least 1");
            }

            if (T > config.ContextLength)
                throw new UsageException($"--sequence-length is {T}; the model's context length is {config.ContextLength}");
            Precision chosen = Compute.Precision(parsed.GetValue(precision), TorchSharp.torch.CPU);
            if (parsed.GetValue(profile))
            {
                TrainingProfile steps = ThroughputMeasurement.Profile(config, parsed.GetValue(batch), T, chosen, parsed.GetValue(rounds), parsed.GetValue(recompute));
                BenchTrainProfile.Write(terminal, steps, parsed.GetValue(json));
                return ExitCodes.Done;
            }

            TrainingThroughput measured = ThroughputMeasurement.Train(config, parsed.GetValue(batch), T, chosen, parsed.GetValue(rounds), parsed.GetValue(recompute));
            if (parsed.GetValue(json))
                JsonOutput.WriteLine(terminal, writer => Write(writer, measured));
            else
                Print(terminal.Out, measured, config, parsed.GetValue(batch), T);
            return ExitCodes.Done;
        });
        return command;
    }

    private static void Print(TextWriter output, TrainingThroughput measured, ModelConfig config, int batch, int length)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{ProgressDisplay.Millions(config.ParameterCount)} parameters, {batch} x {length} tokens per step; peak {string.Join(", ", measured.Peaks.Select(peak => $"{peak.Value / 1e9:F0} GFLOP/s in {peak.Key.Name()}"))}; 6 N flops per token"));
        foreach (TrainingSpeed path in measured.Paths)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{path.Name,-21} {path.TokensPerSecond,8:N0} tokens/s  {path.ShareOfPeak,4:P0} of the peak in {path.Precision.Name()}  {path.RatioToEager,5:F2} x eager fp32{(path == measured.Product ? "  <- used in training" : "")}"));
        }
    }

    private static void Write(Utf8JsonWriter writer, TrainingThroughput measured)
    {
        Write(writer, measured.Product);
        foreach ((Precision format, double peak) in measured.Peaks)
            writer.WriteNumber($"peak_flops_{format.Name()}", peak);
        writer.WriteStartArray("paths");
        foreach (TrainingSpeed path in measured.Paths)
        {
            writer.WriteStartObject();
            Write(writer, path);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter writer, TrainingSpeed path)
    {
        writer.WriteString("path", path.Name);
        writer.WriteString("precision", path.Precision.Name());
        writer.WriteNumber("tokens_per_second", path.TokensPerSecond);
        writer.WriteNumber("share_of_peak", path.ShareOfPeak);
        writer.WriteNumber("ratio_to_eager", path.RatioToEager);
    }

    private static Command Tokenize(Terminal terminal)
    {
        Argument<string[]> inputs = InputPaths.Argument("Text to encode.");
        Option<string> tokenizer = new("--tokenizer") { Description = "Directory of the tokenizer, or a model or run with a tokenizer.", Required = true };
        Option<bool> json = Json();
        Command command = new Command("tokenize", "Encode text on one thread.") { inputs, tokenizer, json }
            .WithExample("foreword bench tokenize book.txt --tokenizer tokenizer");
        command.SetAction(parsed =>
        {
            Tokenizer encoder = ModelDirectory.LoadTokenizer(parsed.GetValue(tokenizer)!);
            List<TextChunk> chunks = [.. DocumentReader.Open(parsed.GetValue(inputs)!).Read()];
            long bytes = chunks.Sum(chunk => (long)System.Text.Encoding.UTF8.GetByteCount(chunk.Text)), tokens = 0;
            double best = double.PositiveInfinity;
            List<int> ids = [];
            for (int round = 0; round < 3; round++)
            {
                long start = Stopwatch.GetTimestamp();
                tokens = 0;
                foreach (TextChunk chunk in chunks)
                {
                    ids.Clear();
                    encoder.Encode(chunk.Text.AsSpan(), ids);
                    tokens += ids.Count;
                }

                best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
            }

            if (parsed.GetValue(json))
            {
                JsonOutput.WriteLine(terminal, writer =>
                {
                    writer.WriteNumber("tokens_per_second", tokens / best);
                    writer.WriteNumber("megabytes_per_second", bytes / 1e6 / best);
                });
            }
            else
            {
                terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:F1} MB, {tokens:N0} tokens: {bytes / 1e6 / best:F1} MB/s, {tokens / best:N0} tokens/s, one thread"));
            }

            return ExitCodes.Done;
        });
        return command;
    }

    public static Option<string> Model() => new("--model") { Description = $"A preset ({string.Join(", ", ModelPresets.All.Keys)}) or a model; only its shape matters.", DefaultValueFactory = _ => "gpt2" };

    public static Option<bool> Json() => new("--json") { Description = "Print one JSON object." };

    public static ModelConfig Config(string model)
    {
        if (!Directory.Exists(model) && !File.Exists(model) && ModelDirectory.Downloaded(model) is null)
            return ModelPresets.Get(model);
        using StoredModel stored = StoredModel.Open(model);
        return stored.Config;
    }
}
