namespace Foreword.Cli.Options;

/// <summary>Checks the directory that a command writes.</summary>
internal static class OutputDirectory
{
    /// <summary>Throws if a path is a file. Call it before computing anything, so that no result is lost.</summary>
    /// <exception cref="IOException">The path is a file.</exception>
    public static string Checked(string path) => File.Exists(path) ? throw new IOException($"--out {path} is a file; expected a directory") : path;

    /// <summary>Checks the path if it is not null.</summary>
    /// <inheritdoc cref="Checked" path="/exception"/>
    public static string? IfGiven(string? path) => path is null ? null : Checked(path);
}
