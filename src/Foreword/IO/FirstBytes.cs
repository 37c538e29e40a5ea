namespace Foreword.IO;

/// <summary>Recognizes files by their first bytes.</summary>
internal static class FirstBytes
{
    /// <summary>Checks whether the path is a readable file that begins with the bytes.</summary>
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
            return false; // the code that later opens the file reports the reason
        }
    }
}
