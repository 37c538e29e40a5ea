namespace Foreword.Hub;

/// <summary>A file that one process holds at a time; on Unix the same lock that Python's filelock takes.</summary>
internal static class HubLock
{
    /// <param name="path">The lock; it stays, for another process may be about to take it.</param>
    /// <param name="what">What it stands for, for the message.</param>
    /// <exception cref="IOException">Another process holds it.</exception>
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
