using System.CommandLine;
using System.Globalization;
using Foreword.Torch;

namespace Foreword.Cli;

/// <summary><c>foreword bench score</c>: scoring of continuations beside the bare forward pass.</summary>
internal static class BenchScoreCommand
{
    public static Command Create(Terminal terminal, Option<string> model, Func<string, GptConfig> read, Option<bool> json)
    {
        Option<int> rounds = new("--rounds") { Description = "Timed rounds; the best counts.", DefaultValueFactory = _ => 2 };
        Command command = new Command("score", "Scoring of continuations, beside the bare forward pass in the same run.") { model, rounds, json }
            .WithExample("foreword bench score --model gpt2");
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(rounds) < 1)
                throw new UsageException($"--rounds is {parsed.GetValue(rounds)}; it must be at least 1");
            GptConfig config = read(parsed.GetValue(model)!);
            ScoringThroughput measured = ScoringBenchmark.Run(config, parsed.GetValue(rounds));
            if (parsed.GetValue(json))
            {
                JsonOutput.WriteLine(terminal, writer =>
                {
                    writer.WriteNumber("tokens_per_second", measured.TokensPerSecond);
                    writer.WriteNumber("forward_tokens_per_second", measured.ForwardTokensPerSecond);
                    writer.WriteNumber("share_of_forward", measured.ShareOfForward);
                    writer.WriteNumber("sharing_speedup", measured.SharingSpeedup);
                });
                return CommandLine.Done;
            }

            Line($"{config.ParameterCount / 1e6:F1} M parameters, float32, passages of about {ScoringBenchmark.PassageTokens} tokens");
            Line($"scoring       {measured.TokensPerSecond,8:N0} tokens/s   {measured.ShareOfForward:P0} of the bare forward pass");
            Line($"forward pass  {measured.ForwardTokensPerSecond,8:N0} tokens/s   {measured.ForwardBatchSize} passages at once, the best batch size; no logits");
            Line($"ten choices of one question share its context: {measured.SharingSpeedup:F1} times as fast as each alone");
            return CommandLine.Done;

            void Line(FormattableString text) => terminal.Out.WriteLine(text.ToString(CultureInfo.InvariantCulture));
        });
        return command;
    }
}
