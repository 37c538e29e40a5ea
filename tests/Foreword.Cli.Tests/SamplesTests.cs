using System.Diagnostics;

namespace Foreword.Cli.Tests;

/// <summary>The programs in samples/ run in processes of their own, as a user's program does.</summary>
public sealed class SamplesTests
{
    [Fact]
    public void ACustomTokenizerIsTrainedSavedAndRead() =>
        Assert.Equal(["pairs, 260 ids", "258 101 259 257 109 101", "the theme"], Run("CustomTokenizer"));

    [Fact]
    public void ACustomBenchmarkIsEvaluated()
    {
        string[] lines = Run("CustomBenchmark");
        Assert.StartsWith("sums, 4 questions: 'QUESTION =' + each result", lines[0]);
        Assert.Equal(["acc", "acc_token", "acc_norm", "acc_uncond"], lines[1..].Select(line => line.Split(' ')[0]));
    }

    [Fact]
    public void AModelIsTrainedFineTunedAndAsked()
    {
        string[] lines = Run("OwnModel");
        Assert.Equal(["step 60: validation loss", "step 120: validation loss"], lines[..2].Select(line => line[..line.LastIndexOf(' ')]));
        Assert.StartsWith("My sister ", lines[2]);
        Assert.Matches(@"^card \(\d+ ?%\): My brother lost the card", lines[3]);
        Assert.Matches(@"^transfer \(\d+ ?%\): When does the money", lines[4]);
    }

    private static string[] Run(string sample)
    {
        string dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        ProcessStartInfo start = new(dotnet, ["exec", Path.Combine(AppContext.BaseDirectory, $"{sample}.dll")]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string[] lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.Result);
        return lines;
    }
}
