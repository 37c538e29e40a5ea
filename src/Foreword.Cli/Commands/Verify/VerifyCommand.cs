using System.CommandLine;
using System.Globalization;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Data.Recipes;
using Foreword.Torch;
using Foreword.Weights;
using Foreword.Weights.Catalog;

namespace Foreword.Cli.Commands.Verify;

/// <summary>Implements <c>foreword verify weights|resume</c>, checks that a user can run.</summary>
internal static class VerifyCommand
{
    public static Command Create(Terminal terminal) => new Command("verify", "Check that weights are read exactly, or that a killed run resumes exactly.")
    {
        Weights(terminal),
        Resume(terminal),
    }.WithExample("foreword verify weights MODEL --against logits.safetensors");

    private static Command Weights(Terminal terminal)
    {
        Argument<string> model = new("MODEL") { Description = "Model in any format, checkpoint, or run directory." };
        Option<string> against = new("--against") { Description = "Safetensors file with input_ids I64 [B, T] and logits F32 [B, T, V] that another program computed.", Required = true };
        Option<double> tolerance = new("--tolerance") { Description = "Largest absolute difference that passes.", DefaultValueFactory = _ => 1e-4 };
        Command command = new Command("weights", "Compare a model's logits with recorded ones; prints JSON, exit code 1 when they differ by more than the tolerance.") { model, against, tolerance }
            .WithExample("foreword verify weights MODEL --against logits.safetensors --tolerance 1e-4");
        command.SetAction(parsed =>
        {
            double allowed = parsed.GetValue(tolerance);
            if (!(allowed >= 0))
                throw new UsageException($"--tolerance is {allowed.ToString(CultureInfo.InvariantCulture)}; it must be at least 0");
            using ModelWeights weights = WeightsCatalog.Open(parsed.GetValue(model)!);
            using RecordedLogits recorded = RecordedLogits.Open(parsed.GetValue(against)!);
            using LanguageModule loaded = ModelFiles.Load(weights, Precision.Fp32, Compute.Device(DeviceChoice.Cpu));
            double difference = recorded.MaxAbsDifference(loaded);
            bool passed = difference <= allowed; // false for NaN
            JsonOutput.WriteLine(terminal, json =>
            {
                json.WriteString("model", weights.Path);
                json.WriteString("format", weights.Format.Name);
                if (double.IsFinite(difference))
                    json.WriteNumber("max_abs_difference", difference);
                else
                    json.WriteNull("max_abs_difference");
                json.WriteNumber("tolerance", allowed);
                json.WriteNumber("positions", recorded.Positions);
                json.WriteBoolean("passed", passed);
            });
            if (!passed)
                terminal.Err.WriteLine($"error: {weights.Path} differs from {parsed.GetValue(against)} by {difference.ToString("G3", CultureInfo.InvariantCulture)}, more than the tolerance of {allowed.ToString(CultureInfo.InvariantCulture)}");
            return passed ? ExitCodes.Done : ExitCodes.Failed;
        });
        return command;
    }

    private static Command Resume(Terminal terminal)
    {
        Argument<string> recipe = new("RECIPE") { Description = "Recipe of the runs to compare." };
        Option<int> steps = new("--steps") { Description = "Steps of each run.", DefaultValueFactory = _ => 20 };
        Option<int?> killAt = new("--kill-at") { Description = "Step after which the second run is killed with SIGKILL; default: a little over half of --steps." };
        Option<string[]> set = new("--set") { Description = "Overrides one key of the recipe; may be repeated.", DefaultValueFactory = _ => [] };
        Option<string?> output = new("--out") { Description = "Keeps both runs in this directory; otherwise they are deleted." };
        Option<bool> json = new("--json") { Description = "Print one JSON object." };
        Command command = new Command("resume", "Train twice, kill the second run and resume it: the losses must be bit-identical. Exit code 1 when they are not.") { recipe, steps, killAt, set, output, json }
            .WithExample("foreword verify resume recipes/shakespeare.yaml --steps 20 --kill-at 13 --set data.text=[shakespeare.txt]");
        command.SetAction(parsed =>
        {
            int count = parsed.GetValue(steps), kill = parsed.GetValue(killAt) ?? count / 2 + 1;
            if (count < 2)
                throw new UsageException($"--steps is {count}; it must be at least 2");
            if (kill < 1 || kill >= count)
                throw new UsageException($"--kill-at is {kill}; it must be from 1 to {count - 1}, before the last of --steps {count}");
            ResumeProof proof = new(parsed.GetValue(recipe)!, parsed.GetValue(set)!, count, kill, terminal);
            ResumeProof.Result result = proof.Run(OutputDirectory.IfGiven(parsed.GetValue(output)));
            if (parsed.GetValue(json))
                JsonOutput.WriteLine(terminal, writer => result.Write(writer));
            else
                terminal.Out.WriteLine(result.Sentence);
            if (!result.Identical)
                terminal.Err.WriteLine($"error: {result.Sentence}");
            return result.Identical ? ExitCodes.Done : ExitCodes.Failed;
        });
        return command;
    }
}
