namespace Foreword.Hub;

/// <summary>A lock file that one process holds at a time. On Unix it is the same lock that Python's filelock takes.</summary>
internal static class HubLock
{
    /// <summary>Takes the lock.</summary>
    /// <param name="path">The lock file. It is never deleted, because another process may be about to take it.</param>
    /// <param name="what">The name of what is locked, for the error message.</param>
    /// <exception cref="IOException">Another process holds the lock.</exception>
    public static IDisposable Take(string path, string what)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException problem) when (File.Exists(path))
        {
            throw new IOException($"another process is downloading {what} (it holds {path})", problem);
        }
    }
}
