using System.Diagnostics;
using System.Text.Json;
using Foreword.Cli.Output;
using Foreword.Torch.Runs;

namespace Foreword.Cli.Commands.Verify;

/// <summary>
/// Trains a recipe twice in separate processes: once without interruption, and once killed with SIGKILL and resumed. Every training loss and
/// every validation loss of the two runs must be identical, bit for bit.
/// </summary>
internal sealed class ResumeProof(string recipe, IReadOnlyList<string> overrides, int steps, int killAt, Terminal terminal)
{
    /// <param name="Identical">Whether all compared numbers are identical, bit for bit.</param>
    /// <param name="Steps">Number of steps compared.</param>
    /// <param name="KilledAt">Last step that the killed run logged.</param>
    /// <param name="ResumedFrom">Step of the checkpoint that the run continued from; 0 if there was none.</param>
    /// <param name="FirstDifference">The first step with a different loss, or null.</param>
    /// <param name="LastLoss">Loss of the last step in nats.</param>
    internal sealed record Result(bool Identical, int Steps, int KilledAt, int ResumedFrom, int? FirstDifference, double LastLoss)
    {
        public string Sentence => Identical
            ? $"identical: {Steps} losses of the uninterrupted run and of the one killed at step {KilledAt} and resumed from step {ResumedFrom} agree bit for bit (the last is {LastLoss:R})"
            : $"not identical: killed at step {KilledAt} and resumed from step {ResumedFrom}, the losses differ from step {FirstDifference} on";

        public void Write(Utf8JsonWriter json)
        {
            json.WriteBoolean("identical", Identical);
            json.WriteNumber("steps", Steps);
            json.WriteNumber("killed_at", KilledAt);
            json.WriteNumber("resumed_from", ResumedFrom);
            if (FirstDifference is { } step)
                json.WriteNumber("first_difference", step);
            json.WriteNumber("last_loss", LastLoss);
        }
    }

    /// <summary>Runs the proof in <paramref name="directory"/>. If it is null, uses a temporary directory and deletes it at the end.</summary>
    public Result Run(string? directory)
    {
        string place = directory ?? Directory.CreateTempSubdirectory("foreword-resume-").FullName;
        try
        {
            return RunIn(place);
        }
        finally
        {
            if (directory is null)
                Directory.Delete(place, recursive: true);
        }
    }

    private Result RunIn(string place)
    {
        RunDirectory whole = New(place, "uninterrupted"), killed = New(place, "killed");
        terminal.Say($"training {steps} steps without interruption");
        Train(whole, killAfter: null);
        terminal.Say($"training again and killing it after step {killAt}");
        int reached = Train(killed, killAfter: killAt);
        int from = killed.Newest?.Step ?? 0;
        terminal.Say($"killed at step {reached}; resuming from {(from == 0 ? "the beginning" : $"checkpoint {from}")}");
        Train(killed, killAfter: null);
        return Compare(RunMetrics.Read(whole.MetricsPath), RunMetrics.Read(killed.MetricsPath), reached, from);
    }

    private static RunDirectory New(string place, string name) => RunDirectory.Create(Path.Combine(place, name));

    /// <summary>Runs <c>pretrain --resume auto</c> in another process. Returns the last step logged.</summary>
    private int Train(RunDirectory run, int? killAfter)
    {
        using Process process = Process.Start(StartInfo(run)) ?? throw new InvalidOperationException("the training process could not be started");
        Task<string> errors = process.StandardError.ReadToEndAsync();
        int reached = 0;
        while (!process.WaitForExit(killAfter is null ? 1000 : 1))
        {
            if (killAfter is null || (reached = LastStep(run)) < killAfter)
                continue;
            process.Kill(); // SIGKILL on Unix
            process.WaitForExit();
            return LastStep(run);
        }

        if (process.ExitCode != ExitCodes.Done)
            throw new InvalidOperationException($"the training process ended with exit code {process.ExitCode}: {OwnProcess.LastLine(errors.Result)}");
        if (killAfter is not null)
            throw new InvalidOperationException($"the run ended before it could be killed after step {killAfter}; use more --steps");
        return LastStep(run);
    }

    private ProcessStartInfo StartInfo(RunDirectory run)
    {
        string[] arguments = ["pretrain", recipe, "--out", run.Path, "--resume", "auto", "--keep", "0"];
        string[] settings = [.. overrides, $"train.steps={steps}", "train.log_every=1", $"train.checkpoint_every={Math.Max(1, killAt / 2)}", $"train.eval_every={Math.Max(1, steps / 2)}", "train.sample_every=0"];
        return OwnProcess.StartInfo(arguments.Concat(settings.SelectMany(s => (string[])["--set", s])));
    }

    private static int LastStep(RunDirectory run) => File.Exists(run.MetricsPath) && RunMetrics.Read(run.MetricsPath).Steps is [.., var last] ? last.Step : 0;

    private Result Compare(RunMetrics whole, RunMetrics resumed, int reached, int from)
    {
        int? difference = null;
        if (whole.Steps.Count != steps || resumed.Steps.Count != steps)
            difference = Math.Min(whole.Steps.Count, resumed.Steps.Count) + 1;
        var losses = whole.Steps.Zip(resumed.Steps, (a, b) => (a.Step, Same: a.Step == b.Step && Bits(a.Loss) == Bits(b.Loss) && Bits(a.GradNorm) == Bits(b.GradNorm)));
        var evaluations = whole.Validations.Zip(resumed.Validations, (a, b) => (a.Step, Same: a.Step == b.Step && Bits(a.Loss) == Bits(b.Loss)));
        foreach (var (step, same) in losses.Concat(evaluations))
        {
            if (!same)
                difference = Math.Min(difference ?? int.MaxValue, step);
        }

        return new Result(difference is null, steps, reached, from, difference, whole.Steps[^1].Loss);

        static long Bits(double value) => BitConverter.DoubleToInt64Bits(value);
    }
}
