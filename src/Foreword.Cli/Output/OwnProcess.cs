using System.Diagnostics;

namespace Foreword.Cli.Output;

/// <summary>Starts this program again, in another process.</summary>
internal static class OwnProcess
{
    /// <summary>Returns how to start this program with other arguments. Its output is redirected.</summary>
    public static ProcessStartInfo StartInfo(IEnumerable<string> arguments)
    {
        // The process is the program itself if it is an installed tool or a native executable. Otherwise `dotnet` runs its assembly.
        string? own = Environment.ProcessPath;
        bool isProgram = Path.GetFileName(own) is "foreword" or "foreword.exe" or "Foreword.Cli" or "Foreword.Cli.exe";
        ProcessStartInfo info = new(isProgram ? own! : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet") { RedirectStandardError = true, RedirectStandardOutput = true };
        if (!isProgram)
            info.ArgumentList.Add(typeof(OwnProcess).Assembly.Location);
        foreach (string argument in arguments)
            info.ArgumentList.Add(argument);
        return info;
    }

    /// <summary>Returns the last line of a program's output.</summary>
    public static string LastLine(string output) => output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? "it printed nothing";
}
