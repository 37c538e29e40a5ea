using System.Diagnostics;

namespace Foreword.Tests;

/// <summary>Starts this test program once more, in a process of its own, as on a processor that lacks instructions.</summary>
internal static class OwnProgram
{
    /// <summary>Runs classes of tests and fails with their output where one of them fails, or where there are none.</summary>
    /// <param name="classes">Names of classes, with * for any.</param>
    /// <param name="environment">Variables of the new process.</param>
    public static void Passes(IEnumerable<string> classes, IEnumerable<KeyValuePair<string, string>> environment)
    {
        ProcessStartInfo child = new(Environment.ProcessPath!, classes.SelectMany(name => new[] { "-class", name })) { RedirectStandardOutput = true };
        foreach ((string name, string value) in environment)
            child.Environment[name] = value;
        using Process process = Process.Start(child)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, output);
        Assert.DoesNotContain("Total: 0", output);
    }
}
