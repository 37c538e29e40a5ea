using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Foreword.Hub;

/// <summary>
/// The hash by which a hub identifies a file's content: the SHA-256 of a large file (Git LFS) or the SHA-1 of a small file's Git blob, in lower-case
/// hexadecimal. The file's ETag is the same text.
/// </summary>
/// <param name="Text">64 or 40 hexadecimal digits.</param>
internal readonly record struct HubHash(string Text)
{
    /// <summary>Gets whether the hash is the SHA-256 of the content alone.</summary>
    public bool IsSha256 => Text.Length == 2 * SHA256.HashSizeInBytes;

    /// <summary>Parses a hash; returns null if the text is not one.</summary>
    public static HubHash? TryParse(string? text) =>
        text is { Length: 2 * SHA256.HashSizeInBytes or 2 * SHA1.HashSizeInBytes } && text.All(char.IsAsciiHexDigit) ? new HubHash(text.ToLowerInvariant()) : null;

    /// <summary>Checks whether a file's content has this hash.</summary>
    public bool Fits(string path)
    {
        using FileStream file = new(path, new FileStreamOptions { Options = FileOptions.SequentialScan, BufferSize = 1 << 20 });
        return Convert.ToHexStringLower(IsSha256 ? SHA256.HashData(file) : GitBlob(file)) == Text;
    }

    /// <summary>Computes Git's name of a blob: the SHA-1 of "blob", the length, a zero byte and the content.</summary>
    private static byte[] GitBlob(FileStream file)
    {
#pragma warning disable CA5350 // Git's own name of the content. Content that needs protection has a SHA-256.
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
#pragma warning restore CA5350
        hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {file.Length}\0")));
        byte[] buffer = new byte[1 << 16];
        for (int read; (read = file.Read(buffer)) > 0;)
            hash.AppendData(buffer, 0, read);
        return hash.GetHashAndReset();
    }
}
