using Foreword.IO;

namespace Foreword.Cli.Output;

/// <summary>Writes a file whose name a user gives, and replaces what is there only by a complete result.</summary>
internal static class OutputFile
{
    /// <summary>Checks, before any work, that a file can be written.</summary>
    /// <param name="path">The file.</param>
    /// <param name="inputs">What the command reads.</param>
    /// <exception cref="IOException">The path is a directory, its directory does not exist, or it is an input.</exception>
    public static void Check(string path, params IEnumerable<string> inputs)
    {
        if (Directory.Exists(path))
            throw new IOException($"{path} is a directory; name a file");
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } directory && !Directory.Exists(directory))
            throw new DirectoryNotFoundException($"{path} cannot be written: there is no directory {directory}");
        if (File.Exists(path) && inputs.Any(input => File.Exists(input) && Target(path) == Target(input)))
            throw new IOException($"{path} is the input; name another file");
    }

    /// <summary>Writes a file. If anything throws, the existing file stays.</summary>
    /// <param name="path">The file. A link is followed, and a pipe or a device stays one.</param>
    /// <param name="write">Writes the contents.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        FileInfo existing = new(path);
        if (!existing.Exists)
            Named(path, path, write);
        else if (existing.LinkTarget is null && existing.Length == 0 || path.StartsWith("/dev/", StringComparison.Ordinal))
            Through(path, write); // nothing to lose, and it may be a pipe or a device
        else
            Named(path, Target(path), write);
    }

    /// <summary>Writes a result of any size into a temporary file first and copies it when it is complete.</summary>
    /// <param name="write">Writes the result.</param>
    /// <param name="output">Receives the result.</param>
    public static void CopyWhole(Action<Stream> write, Stream output)
    {
        string path = Path.GetTempFileName(); // readable only by its owner
        using FileStream whole = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Delete);
        File.Delete(path); // the file exists while it is open, and disappears even if the process is killed
        write(whole);
        whole.Position = 0;
        whole.CopyTo(output);
        output.Flush();
    }

    private static void Through(string path, Action<Stream> write)
    {
        using FileStream output = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        CopyWhole(write, output);
    }

    /// <summary>Replaces a file. A refusal of the file system names the path that the user gave, not the temporary file.</summary>
    private static void Named(string path, string target, Action<Stream> write)
    {
        bool isOpen = false;
        try
        {
            DurableFile.Replace(target, stream =>
            {
                isOpen = true;
                write(stream);
            });
        }
        catch (Exception problem) when (!isOpen && problem is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{path} cannot be written: its directory {Path.GetDirectoryName(Path.GetFullPath(target))} takes no new file", problem);
        }
    }

    /// <summary>Returns the full path of a file, after following links. Two paths with one result name one file.</summary>
    /// <param name="path">An existing file.</param>
    public static string Target(string path) => File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path);
}
