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
    /// <summary>The variable of the environment that tells a process that it ends with its standard input, which is open as long as the study runs.</summary>
    private const string IsAttached = "FOREWORD_CELL_PROCESS";

    /// <summary>Computes a cell.</summary>
    /// <param name="parsed">The command line of the study.</param>
    /// <param name="cell">The cell.</param>
    /// <param name="threads">The number of threads of the process.</param>
    /// <param name="tell">Receives each message of a process that computed its cell.</param>
    /// <param name="stop">Ends the process, which saves its checkpoint before. The cell goes on later from there.</param>
    /// <returns>The result; null if the process was stopped.</returns>
    /// <exception cref="InvalidOperationException">The process failed. The message holds its last line.</exception>
    public static CellResult? Run(ParseResult parsed, StudyCell cell, int threads, Action<string> tell, StopRequest stop)
    {
        string[] typed = [.. parsed.Tokens.Select(token => token.Value)];
        string[] added = ["--jobs", "1", "--cell", cell.Name];
        string[] words = Array.IndexOf(typed, "--") is >= 0 and int dashes ? [.. typed[..dashes], .. added, .. typed[dashes..]] : [.. typed, .. added];
        ProcessStartInfo start = OwnProcess.StartInfo(WithoutJobs(words));
        start.Environment["DOTNET_PROCESSOR_COUNT"] = threads.ToString(CultureInfo.InvariantCulture); // everything that computes takes as many threads
        start.Environment[IsAttached] = "1";
        start.RedirectStandardInput = true;
        using Process process = Process.Start(start) ?? throw new InvalidOperationException("the process of a cell could not be started");
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        while (!process.WaitForExit(TimeSpan.FromMilliseconds(200)))
        {
            if (stop.IsRequested)
                process.StandardInput.Close(); // it saves its checkpoint and ends
        }

        if (stop.IsRequested && process.ExitCode != ExitCodes.Done)
            return null;
        if (process.ExitCode != ExitCodes.Done)
            throw new InvalidOperationException($"the cell '{cell.Name}' failed with exit code {process.ExitCode}: {Problem(OwnProcess.LastLine(errors.Result))}");
        foreach (string message in errors.Result.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            tell(message);
        return CellStore.Parse(OwnProcess.LastLine(output.Result), $"the process of '{cell.Name}'");
    }

    /// <summary>
    /// Stops this process gracefully if the study that started it is gone. Otherwise a killed study would leave processes that compute on, and nobody
    /// would store their results. Does nothing in a process that no study started.
    /// </summary>
    /// <param name="terminal">The terminal, of whose input the end is awaited.</param>
    /// <param name="stop">Stops the work.</param>
    public static void StopWithParent(Terminal terminal, StopSignals stop)
    {
        if (Environment.GetEnvironmentVariable(IsAttached) is not null)
            _ = StopAtEnd(terminal.In, stop);
    }

    /// <summary>Stops work when an input ends. Returns the thread that waits for it.</summary>
    internal static Thread StopAtEnd(Stream input, StopSignals stop)
    {
        Thread waiting = new(Wait);
        waiting.IsBackground = true;
        waiting.Start();
        return waiting;

        void Wait()
        {
            while (input.ReadByte() >= 0)
            {
            }

            stop.Stop();
        }
    }

    /// <summary>Returns the sentence of an error message.</summary>
    private static string Problem(string line)
    {
        const string Start = "error: ";
        return line.StartsWith(Start, StringComparison.Ordinal) ? line[Start.Length..] : line;
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
