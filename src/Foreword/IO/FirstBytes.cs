namespace Foreword.IO;

/// <summary>Recognises files by how they begin.</summary>
internal static class FirstBytes
{
    /// <summary>Whether the path is a file that can be read and begins so.</summary>
    public static bool Are(string path, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty || !File.Exists(path))
            return false;
        Span<byte> found = stackalloc byte[bytes.Length];
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            return stream.ReadAtLeast(found, found.Length, throwOnEndOfStream: false) == found.Length && found.SequenceEqual(bytes);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return false; // whoever opens the file says why
        }
    }
}
