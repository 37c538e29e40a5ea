using System.Diagnostics;
using Foreword.Torch.Runs;

namespace Foreword.Cli.Tests.Output;

/// <summary>Sends signals to a training process. It saves its progress, and its exit code shows that it was stopped.</summary>
public sealed class InterruptionTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    public void AStoppedRunSavesSaysHowItGoesOnAndExitsAsTheSignalSays(string signal, int code)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such signals");
        string recipe = Recipes.Small(_directory), run = _directory.File("a run");
        (int exit, string errors) = Interrupted(signal, Path.Combine(run, "metrics.jsonl"), "pretrain", recipe, "--out", run, "--set", "train.steps=100000", "--set", "train.lr=1e-3");
        Assert.True(exit == code, $"{exit}: {errors}");
        string goesOn = Assert.Single(errors.Split('\n'), line => line.Contains("continue with: ", StringComparison.Ordinal));
        Assert.EndsWith($"foreword pretrain {recipe} --set train.steps=100000 --set train.lr=1e-3 --out '{run}' --resume auto", goesOn.TrimEnd(), StringComparison.Ordinal);

        int made = RunDirectory.Open(run).Newest!.Step;
        Cli again = Cli.Run("pretrain", recipe, "--set", "train.steps=100000", "--set", "train.lr=1e-3", "--out", run, "--resume", "auto", "--set", $"train.steps={made + 1}");
        Assert.True(again.ExitCode == 0, again.Err);
    }

    /// <summary>Runs the command line in a separate process and sends it a signal once a file exists.</summary>
    private static (int ExitCode, string Errors) Interrupted(string signal, string onceThere, params string[] arguments)
    {
        ProcessStartInfo info = new(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet") { RedirectStandardError = true, RedirectStandardOutput = true };
        info.ArgumentList.Add(typeof(CommandRunner).Assembly.Location);
        foreach (string argument in arguments)
            info.ArgumentList.Add(argument);
        using Process process = Process.Start(info)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        while (!(File.Exists(onceThere) && new FileInfo(onceThere).Length > 0) && !process.HasExited)
            Thread.Sleep(20);
        using (Process kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]))
            kill.WaitForExit();
        process.WaitForExit();
        return (process.ExitCode, errors.Result);
    }
}
