namespace Foreword.IO;

/// <summary>Writes a file so that a crash or a full disk leaves either the old one or the new one, whole.</summary>
public static class DurableFile
{
    /// <summary>
    /// Lets <paramref name="write"/> fill a file beside <paramref name="path"/>, forces it to the disk and renames it
    /// over <paramref name="path"/>. When anything throws, the file beside is deleted and what lay at the path stays.
    /// </summary>
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
            File.Delete(beside); // no error when it was never created
            throw;
        }
    }
}
