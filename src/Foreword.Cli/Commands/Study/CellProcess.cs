using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Foreword.Cli.Output;
using Foreword.Progress;
using Foreword.Studies.Grid;

namespace Foreword.Cli.Commands.Study;

/// <summary>
/// Computes a cell in another process, which runs the same command for this cell alone. So several cells run at a time, each with its share of the
/// threads, and none takes memory or settings of another.
/// </summary>
internal static class CellProcess
{
    /// <summary>Computes a cell.</summary>
    /// <param name="parsed">The command line of the study.</param>
    /// <param name="cell">The cell.</param>
    /// <param name="threads">The number of threads of the process.</param>
    /// <param name="stop">Ends the process. The cell goes on later from its last checkpoint.</param>
    /// <returns>The result; null if the process was stopped.</returns>
    /// <exception cref="InvalidOperationException">The process failed. The message holds its last line.</exception>
    public static CellResult? Run(ParseResult parsed, StudyCell cell, int threads, StopRequest stop)
    {
        string[] typed = [.. parsed.Tokens.Select(token => token.Value)];
        string[] added = ["--jobs", "1", "--cell", cell.Name, "--quiet"];
        string[] words = Array.IndexOf(typed, "--") is >= 0 and int dashes ? [.. typed[..dashes], .. added, .. typed[dashes..]] : [.. typed, .. added];
        ProcessStartInfo start = OwnProcess.StartInfo(WithoutJobs(words));
        start.Environment["DOTNET_PROCESSOR_COUNT"] = threads.ToString(CultureInfo.InvariantCulture); // everything that computes takes as many threads
        using Process process = Process.Start(start) ?? throw new InvalidOperationException("the process of a cell could not be started");
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        while (!process.WaitForExit(TimeSpan.FromMilliseconds(200)))
        {
            if (!stop.IsRequested)
                continue;
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            return null;
        }

        if (stop.IsRequested && process.ExitCode != ExitCodes.Done)
            return null;
        return process.ExitCode == ExitCodes.Done
            ? CellStore.Parse(OwnProcess.LastLine(output.Result), $"the process of '{cell.Name}'")
            : throw new InvalidOperationException($"the cell '{cell.Name}' failed with exit code {process.ExitCode}: {OwnProcess.LastLine(errors.Result)}");
    }

    /// <summary>Leaves out the number of jobs that the user typed.</summary>
    private static IEnumerable<string> WithoutJobs(string[] words)
    {
        for (int i = 0; i < words.Length; i++)
        {
            if (words[i] == "--jobs" && i + 1 < words.Length && words[i + 1] != "1")
                i++;
            else
                yield return words[i];
        }
    }
}
