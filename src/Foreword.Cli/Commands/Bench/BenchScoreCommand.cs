using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Cpu;
using Foreword.Models;

namespace Foreword.Cli.Commands.Bench;

/// <summary>Implements <c>foreword bench score</c>, which measures how fast both engines score continuations.</summary>
internal static class BenchScoreCommand
{
    public static Command Create(Terminal terminal, Option<string> model, Func<string, ModelConfig> read, Option<bool> json)
    {
        Option<int> rounds = new("--rounds") { Description = "Timed rounds; the best counts.", DefaultValueFactory = _ => 2 };
        Command command = new Command("score", "Scoring of continuations: compares both engines in float32 with libtorch's forward pass alone in the same run.") { model, rounds, json }
            .WithExample("foreword bench score --model gpt2");
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(rounds) < 1)
                throw new UsageException($"--rounds is {parsed.GetValue(rounds)}; it must be at least 1");
            GptConfig config = read(parsed.GetValue(model)!).AsGpt("bench score, which compares both engines,");
            using CpuLanguageModel plain = CpuLanguageModel.CreateRandom(config, WeightType.F32);
            ScoringThroughput measured = ScoringMeasurement.Run(plain, parsed.GetValue(rounds));
            if (parsed.GetValue(json))
            {
                JsonOutput.WriteLine(terminal, writer => Write(writer, measured));
                return ExitCodes.Done;
            }

            Line($"{ProgressDisplay.Millions(config.ParameterCount)} parameters, float32, passages of about {ScoringMeasurement.PassageTokens} tokens");
            Line($"cpu           {measured.Cpu.TokensPerSecond,8:N0} tokens/s   {measured.Cpu.TokensPerSecond / measured.Torch.TokensPerSecond:F2} times libtorch's speed");
            Line($"torch         {measured.Torch.TokensPerSecond,8:N0} tokens/s   {measured.ShareOfForward:P0} of its forward pass alone");
            Line($"forward pass  {measured.ForwardTokensPerSecond,8:N0} tokens/s   {measured.ForwardBatchSize} passages at once, the best batch size; no logits");
            Line($"ten choices of one question share its context: cpu {measured.Cpu.SharingSpeedup:F1}, torch {measured.Torch.SharingSpeedup:F1} times as fast as each alone; cpu {measured.Torch.SharedSeconds / measured.Cpu.SharedSeconds:F2} times as fast as torch");
            return ExitCodes.Done;

            void Line(FormattableString text) => terminal.Out.WriteLine(text.ToString(CultureInfo.InvariantCulture));
        });
        return command;
    }

    /// <summary>Writes the results as JSON: libtorch's at the top level, those of plain C# in a nested object.</summary>
    private static void Write(Utf8JsonWriter writer, ScoringThroughput measured)
    {
        Figures(measured.Torch);
        writer.WriteNumber("forward_tokens_per_second", measured.ForwardTokensPerSecond);
        writer.WriteNumber("share_of_forward", measured.ShareOfForward);
        writer.WriteStartObject("cpu");
        Figures(measured.Cpu);
        writer.WriteEndObject();

        void Figures(EngineScoring engine)
        {
            writer.WriteNumber("tokens_per_second", engine.TokensPerSecond);
            writer.WriteNumber("sharing_speedup", engine.SharingSpeedup);
        }
    }
}
