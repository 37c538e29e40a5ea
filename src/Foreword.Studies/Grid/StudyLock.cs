namespace Foreword.Studies.Grid;

/// <summary>Holds a file that one process has open at a time, so that no two processes write the same study or the same cell.</summary>
internal sealed class StudyLock : IDisposable
{
    /// <summary>The name of the file in a study's directory while a process runs the study.</summary>
    public const string FileName = ".lock";

    private StudyLock(FileStream file) => File = file;

    /// <summary>Gets the open file.</summary>
    public FileStream File { get; }

    /// <summary>Takes the lock of a study, whose directory is created if it does not exist.</summary>
    /// <param name="directory">The study's directory.</param>
    /// <exception cref="IOException">Another process holds the lock, or the file cannot be created.</exception>
    public static StudyLock Take(string directory)
    {
        Directory.CreateDirectory(directory);
        return Take(Path.Combine(directory, FileName), $"another process runs the study in {directory}; wait for its end, or use another directory", FileOptions.DeleteOnClose);
    }

    /// <summary>Opens or creates a file and takes its lock.</summary>
    /// <param name="path">The file.</param>
    /// <param name="held">The message if another process holds the lock.</param>
    /// <param name="options">What else happens with the file.</param>
    /// <exception cref="IOException">Another process holds the lock, or the file cannot be created.</exception>
    public static StudyLock Take(string path, string held, FileOptions options = FileOptions.None)
    {
        try
        {
            return new StudyLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, options));
        }
        catch (IOException problem) when (System.IO.File.Exists(path))
        {
            throw new IOException(held, problem);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => File.Dispose();
}
