using System.Security.Cryptography;

namespace Foreword.IO;

/// <summary>Computes the SHA-256 of files, in lowercase hexadecimal.</summary>
internal static class FileHash
{
    /// <summary>Computes the hash of a file.</summary>
    public static string Of(string path)
    {
        using FileStream file = new(path, new FileStreamOptions { Options = FileOptions.SequentialScan, BufferSize = 1 << 16 });
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
