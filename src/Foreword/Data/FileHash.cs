using System.Security.Cryptography;

namespace Foreword.Data;

/// <summary>SHA-256 of files, in lower-case hexadecimal.</summary>
internal static class FileHash
{
    public static string Of(string path)
    {
        using FileStream file = new(path, new FileStreamOptions { Options = FileOptions.SequentialScan, BufferSize = 1 << 16 });
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    /// <summary>The files with length and hash.</summary>
    public static IReadOnlyList<ManifestFile> Describe(IEnumerable<string> paths, CancellationToken cancellation) => [.. paths.Select(path =>
    {
        cancellation.ThrowIfCancellationRequested();
        return new ManifestFile { Path = path, Bytes = new FileInfo(path).Length, Sha256 = Of(path) };
    })];
}
