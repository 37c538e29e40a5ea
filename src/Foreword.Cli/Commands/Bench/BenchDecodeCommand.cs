using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Cpu;
using Foreword.Models;
using Foreword.Torch;
using Foreword.Torch.Inference;

namespace Foreword.Cli.Commands.Bench;

/// <summary>
/// Implements <c>foreword bench decode</c>, which measures prefill and decoding with the KV cache. Both engines and every number format
/// take turns.
/// </summary>
internal static class BenchDecodeCommand
{
    private const int LongestPrompt = 512;

    public static Command Create(Terminal terminal)
    {
        Option<string> model = BenchCommand.Model();
        Option<int> tokens = new("--tokens") { Description = "Tokens to decode.", DefaultValueFactory = _ => 64 };
        Option<int> sequences = new("--sequences") { Description = "Sequences that are decoded together; 0 skips this measurement.", DefaultValueFactory = _ => 8 };
        Option<int> rounds = new("--rounds") { Description = "Rounds; the best counts, and the first one includes compilation.", DefaultValueFactory = _ => 4 };
        Option<bool> json = BenchCommand.Json();
        Command command = new("decode", "Greedy decoding of one sequence and of several together, and reading a prompt: both engines, every number format.") { model, tokens, sequences, rounds, json };
        command.SetAction(parsed =>
        {
            ModelConfig config = BenchCommand.Config(parsed.GetValue(model)!);
            foreach (Option<int> count in (Option<int>[])[tokens, rounds])
            {
                if (parsed.GetValue(count) < 1)
                    throw new UsageException($"{count.Name} is {parsed.GetValue(count)}; it must be at least 1");
            }

            if (parsed.GetValue(sequences) < 0)
                throw new UsageException($"--sequences is {parsed.GetValue(sequences)}; it must be at least 0");
            int prefill = Math.Min(LongestPrompt, config.ContextLength);
            (string Name, Func<ILanguageModel> Open)[] engines =
            [
                ("torch f32", () => new TorchLanguageModel(LanguageModule.Create(config))),
                .. config is GptConfig gpt ? Enum.GetValues<WeightType>().Select(type => ($"cpu {type.ToString().ToLowerInvariant()}", (Func<ILanguageModel>)(() => CpuLanguageModel.CreateRandom(gpt, type)))) : [],
            ];
            if (!parsed.GetValue(json))
                terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{ProgressDisplay.Millions(config.ParameterCount)} parameters, tokens/s: one sequence, {parsed.GetValue(sequences)} together, a prompt of {prefill}"));
            List<(string Name, DecodeMeasurement Best)> measured = [];
            foreach (var (name, open) in engines)
            {
                using ILanguageModel opened = open(); // one model at a time, because the models may not fit into memory together
                DecodeMeasurement best = DecodeMeasurement.None;
                for (int round = 0; round < parsed.GetValue(rounds); round++)
                    best = UsageException.For(() => best.Round(opened, parsed.GetValue(tokens), prefill, parsed.GetValue(sequences)));
                measured.Add((name, best));
                if (!parsed.GetValue(json))
                    terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-10} {best.DecodeTokensPerSecond,8:F1} {best.BatchTokensPerSecond,8:F1} {best.PrefillTokensPerSecond,8:F0}"));
            }

            if (parsed.GetValue(json))
                JsonOutput.WriteLine(terminal, writer => Write(writer, measured));
            return ExitCodes.Done;
        });
        return command.WithExample("foreword bench decode --model gpt2");
    }

    /// <summary>Writes the results as JSON. <c>tokens_per_second</c> is the speed of plain C# in float32.</summary>
    private static void Write(Utf8JsonWriter writer, List<(string Name, DecodeMeasurement Best)> measured)
    {
        writer.WriteNumber("tokens_per_second", measured.Single(m => m.Name == "cpu f32").Best.DecodeTokensPerSecond);
        foreach (var (name, best) in measured)
        {
            writer.WriteStartObject(name.Replace(' ', '_'));
            writer.WriteNumber("tokens_per_second", best.DecodeTokensPerSecond);
            writer.WriteNumber("batch_tokens_per_second", best.BatchTokensPerSecond);
            writer.WriteNumber("prefill_tokens_per_second", best.PrefillTokensPerSecond);
            writer.WriteEndObject();
        }
    }
}
