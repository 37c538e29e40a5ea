namespace Foreword.IO;

/// <summary>Writes a file so that after a crash or on a full disk either the complete old file or the complete new file exists.</summary>
public static class DurableFile
{
    /// <summary>
    /// Creates a temporary file in the same directory, lets <paramref name="write"/> fill it, flushes it to the disk and renames it to
    /// <paramref name="path"/>. If anything throws, the temporary file is deleted and the existing file at the path stays.
    /// </summary>
    /// <param name="path">The path of the file to create or replace.</param>
    /// <param name="write">Writes the contents of the file.</param>
    public static void Replace(string path, Action<FileStream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        string beside = Path.Combine(Path.GetDirectoryName(path) ?? "", $".tmp-{Path.GetFileName(path)}-{Guid.NewGuid():N}");
        try
        {
            using (FileStream stream = new(beside, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(beside, path, overwrite: true);
        }
        catch
        {
            File.Delete(beside); // no error if it was never created
            throw;
        }
    }
}
