namespace Foreword.Cli.Options;

/// <summary>A directory that a command writes.</summary>
internal static class OutputDirectory
{
    /// <summary>Refuses a path that is a file: before anything is computed, which would be lost.</summary>
    /// <exception cref="IOException">It is one.</exception>
    public static string Checked(string path) => File.Exists(path) ? throw new IOException($"--out {path} is a file; a directory is written") : path;

    /// <summary>The same where an option names one.</summary>
    /// <inheritdoc cref="Checked" path="/exception"/>
    public static string? IfGiven(string? path) => path is null ? null : Checked(path);
}
