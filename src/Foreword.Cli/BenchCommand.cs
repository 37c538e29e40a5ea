using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Foreword.Data;
using Foreword.Recipes;
using Foreword.Tokenization;
using Foreword.Torch;
using Foreword.Weights;

namespace Foreword.Cli;

/// <summary><c>foreword bench train|decode|tokenize|score|decode|tokenize</c>: figures beside the machine's own peak.</summary>
internal static class BenchCommand
{
    public static Command Create(Terminal terminal) => new Command("bench", "Measure this machine: training, decoding, tokenising, scoring.")
    {
        Train(terminal),
        Decode(terminal),
        Tokenize(terminal),
        BenchScoreCommand.Create(terminal, Model(), Config, Json()),
    }.WithExample("foreword bench train --model gpt2-tiny-5m");

    private static Command Train(Terminal terminal)
    {
        Option<string> model = Model();
        Option<int> batch = new("--batch-size") { Description = "Sequences of a step.", DefaultValueFactory = _ => 4 };
        Option<int> length = new("--sequence-length") { Description = "Tokens of a sequence.", DefaultValueFactory = _ => 256 };
        Option<int> rounds = new("--rounds") { Description = "Timed steps of each kind; the best counts.", DefaultValueFactory = _ => 4 };
        Option<PrecisionChoice> precision = new("--precision") { Description = "Number format of the products.", DefaultValueFactory = _ => PrecisionChoice.Auto };
        Option<bool> json = Json();
        Command command = new Command("train", "Training steps, beside plain eager float32 in the same run.") { model, batch, length, rounds, precision, json }
            .WithExample("foreword bench train --model gpt2 --batch-size 4 --sequence-length 256");
        command.SetAction(parsed =>
        {
            GptConfig config = Config(parsed.GetValue(model)!);
            int T = parsed.GetValue(length);
            foreach (Option<int> count in (Option<int>[])[batch, length, rounds])
            {
                if (parsed.GetValue(count) < 1)
                    throw new UsageException($"{count.Name} is {parsed.GetValue(count)}; it must be at least 1");
            }

            if (T > config.ContextLength)
                throw new UsageException($"--sequence-length is {T}; the model's context length is {config.ContextLength}");
            TrainingThroughput measured = ThroughputBenchmark.Train(config, parsed.GetValue(batch), T, Compute.Precision(parsed.GetValue(precision), TorchSharp.torch.CPU), parsed.GetValue(rounds));
            if (parsed.GetValue(json))
            {
                JsonOutput.WriteLine(terminal, writer =>
                {
                    writer.WriteNumber("tokens_per_second", measured.TokensPerSecond);
                    writer.WriteNumber("share_of_peak", measured.ShareOfPeak);
                    writer.WriteNumber("ratio_to_eager", measured.RatioToEager);
                    writer.WriteNumber("eager_tokens_per_second", measured.EagerTokensPerSecond);
                    writer.WriteNumber("finetune_tokens_per_second", measured.FineTuningTokensPerSecond);
                    writer.WriteNumber("peak_flops", measured.Peak);
                });
                return CommandLine.Done;
            }

            terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{config.ParameterCount / 1e6:F1} M parameters, {parsed.GetValue(batch)} x {T} tokens a step"));
            terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Foreword      {measured.TokensPerSecond,8:N0} tokens/s   {measured.ShareOfPeak:P0} of the machine's {measured.Peak / 1e9:F0} GFLOP/s"));
            terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"eager float32 {measured.EagerTokensPerSecond,8:N0} tokens/s   Foreword is {measured.RatioToEager:F2} times as fast"));
            terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"fine-tuning   {measured.FineTuningTokensPerSecond,8:N0} tokens/s   {measured.FineTuningTokensPerSecond / measured.TokensPerSecond:P0} of Foreword's pre-training"));
            return CommandLine.Done;
        });
        return command;
    }

    private static Command Decode(Terminal terminal)
    {
        Option<string> model = Model();
        Option<int> tokens = new("--tokens") { Description = "Tokens to decode.", DefaultValueFactory = _ => 64 };
        Option<bool> json = Json();
        Command command = new Command("decode", "Greedy decoding of one sequence with the KV cache.") { model, tokens, json }
            .WithExample("foreword bench decode --model gpt2");
        command.SetAction(parsed =>
        {
            const int Prompt = 16;
            GptConfig config = Config(parsed.GetValue(model)!);
            if (parsed.GetValue(tokens) < 1)
                throw new UsageException($"--tokens is {parsed.GetValue(tokens)}; it must be at least 1");
            using TorchLanguageModel language = new(new GptModel(config));
            _ = ThroughputBenchmark.Decode(language, Prompt, 1); // the first call loads and compiles
            double rate = ThroughputBenchmark.Decode(language, Prompt, parsed.GetValue(tokens));
            if (parsed.GetValue(json))
                JsonOutput.WriteLine(terminal, writer => writer.WriteNumber("tokens_per_second", rate));
            else
                terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{config.ParameterCount / 1e6:F1} M parameters, float32: {rate:F1} tokens/s"));
            return CommandLine.Done;
        });
        return command;
    }

    private static Command Tokenize(Terminal terminal)
    {
        Argument<string[]> inputs = InputPaths.Argument("Text to encode.");
        Option<string> tokenizer = new("--tokenizer") { Description = "Directory of the tokenizer.", Required = true };
        Option<bool> json = Json();
        Command command = new Command("tokenize", "Encode text on one thread.") { inputs, tokenizer, json }
            .WithExample("foreword bench tokenize book.txt --tokenizer tokenizer");
        command.SetAction(parsed =>
        {
            Tokenizer encoder = TokenizerFiles.Load(parsed.GetValue(tokenizer)!);
            List<TextPiece> pieces = [.. DocumentReader.Open(parsed.GetValue(inputs)!).Read()];
            long bytes = pieces.Sum(piece => (long)System.Text.Encoding.UTF8.GetByteCount(piece.Text)), tokens = 0;
            double best = double.PositiveInfinity;
            List<int> ids = [];
            for (int round = 0; round < 3; round++)
            {
                long start = Stopwatch.GetTimestamp();
                tokens = 0;
                foreach (TextPiece piece in pieces)
                {
                    ids.Clear();
                    encoder.Encode(piece.Text.AsSpan(), ids);
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

            return CommandLine.Done;
        });
        return command;
    }

    private static Option<string> Model() => new("--model") { Description = $"A preset ({string.Join(", ", GptConfig.Presets.Keys)}) or a model; only its shape counts.", DefaultValueFactory = _ => "gpt2" };

    private static Option<bool> Json() => new("--json") { Description = "Print one JSON object." };

    private static GptConfig Config(string model)
    {
        if (!Directory.Exists(model) && !File.Exists(model))
            return GptConfig.Preset(model);
        using ModelWeights weights = WeightsFormat.Open(model);
        return weights.Config;
    }
}
