namespace Foreword.IO;

/// <summary>Writes a file so that after a crash or on a full disk either the complete old file or the complete new file exists.</summary>
internal static class DurableFile
{
    private const string TemporaryPrefix = ".tmp-";

    /// <summary>
    /// Creates a temporary file in the same directory, lets <paramref name="write"/> fill it, flushes it to the disk and renames it to
    /// <paramref name="path"/>. If anything throws, the temporary file is deleted and the existing file at the path stays.
    /// </summary>
    /// <param name="path">The path of the file to create or replace.</param>
    /// <param name="write">Writes the contents of the file.</param>
    public static void Replace(string path, Action<FileStream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        ReplaceBy(path, beside =>
        {
            using FileStream stream = new(beside, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 16);
            write(stream);
            stream.Flush(flushToDisk: true);
        });
    }

    /// <summary>Replaces a file by one that <paramref name="create"/> creates under a temporary name in the same directory, such as a link.</summary>
    /// <param name="path">The path of the file to create or replace.</param>
    /// <param name="create">Creates the file at the path that it receives.</param>
    internal static void ReplaceBy(string path, Action<string> create)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string beside = Path.Combine(Path.GetDirectoryName(path) ?? "", $"{TemporaryPrefix}{Path.GetFileName(path)}-{Guid.NewGuid():N}");
        try
        {
            create(beside);
            File.Move(beside, path, overwrite: true);
        }
        catch
        {
            File.Delete(beside); // no error if it was never created
            throw;
        }
    }

    /// <summary>Flushes and closes a file that was written in steps under another name, and renames it to <paramref name="path"/>.</summary>
    /// <param name="stream">The file.</param>
    /// <param name="path">The path of the file to create or replace, on the same file system.</param>
    internal static void Complete(FileStream stream, string path)
    {
        stream.Flush(flushToDisk: true);
        stream.Dispose();
        File.Move(stream.Name, path, overwrite: true);
    }

    /// <summary>Deletes the temporary files that killed processes left in a directory.</summary>
    /// <exception cref="IOException">A file cannot be deleted.</exception>
    internal static void ClearLeftovers(string directory)
    {
        foreach (string file in Directory.GetFiles(directory, TemporaryPrefix + "*"))
            File.Delete(file);
    }
}
