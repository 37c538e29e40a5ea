using System.Globalization;
using Foreword.Cli.Output;
using Foreword.Torch.Kernels;

namespace Foreword.Cli.Commands.Bench;

/// <summary>Prints the operations of a training step for <c>foreword bench train --profile</c>.</summary>
internal static class BenchTrainProfile
{
    public static void Write(Terminal terminal, TrainingProfile profile, bool json)
    {
        if (json)
        {
            JsonOutput.WriteLine(terminal, writer =>
            {
                writer.WriteNumber("tokens_per_second", profile.TokensPerSecond);
                writer.WriteNumber("share_of_peak", profile.ShareOfPeak);
                writer.WriteNumber("peak_flops", profile.Peak);
                writer.WriteNumber("step_seconds", profile.SecondsPerStep);
                writer.WriteNumber("activation_bytes", profile.ActivationBytes);
                writer.WriteNumber("workspace_bytes", profile.WorkspaceBytes);
                writer.WriteStartArray("operations");
                foreach (ProfiledOperation operation in profile.Operations)
                {
                    writer.WriteStartObject();
                    writer.WriteString("operation", operation.Name);
                    writer.WriteNumber("calls_per_step", (double)operation.Calls / profile.Steps);
                    writer.WriteNumber("step_seconds", operation.Seconds / profile.Steps);
                    writer.WriteNumber("flops_per_second", operation.Flops / operation.Seconds);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return;
        }

        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"best step: {profile.TokensPerSecond:N0} tokens/s, {profile.ShareOfPeak:P0} of the peak of {profile.Peak / 1e9:F0} GFLOP/s; the mean of {profile.Steps} steps:"));
        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"memory in addition to weights, gradients and moments: {profile.ActivationBytes / 1e6:N0} MB of activations, {profile.WorkspaceBytes / 1e6:N0} MB at most with temporary buffers"));
        terminal.Out.WriteLine($"{"operation",-55}{"calls",6}{"ms",9}{"share",7}{"GFLOP/s",9}");
        foreach (ProfiledOperation operation in profile.Operations)
            Row(operation.Name, operation.Calls / profile.Steps, operation.Seconds / profile.Steps, operation.Flops > 0 ? operation.Flops / operation.Seconds : null);
        double inside = profile.Operations.Sum(operation => operation.Seconds) / profile.Steps;
        Row("outside all operations", null, profile.SecondsPerStep - inside, null);
        Row("a step", null, profile.SecondsPerStep, profile.Operations.Sum(operation => operation.Flops) / profile.Steps / profile.SecondsPerStep);

        void Row(string name, int? calls, double seconds, double? rate) => terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name,-55}{calls,6}{seconds * 1e3,9:F2}{seconds / profile.SecondsPerStep,7:P1}{rate / 1e9,9:F0}"));
    }
}
