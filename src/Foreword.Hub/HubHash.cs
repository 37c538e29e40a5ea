using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Foreword.Hub;

/// <summary>
/// What a hub calls a file's content by: the SHA-256 of a large file (Git LFS) or the SHA-1 of a small one's Git blob, in lower-case
/// hexadecimal. The file's ETag is the same text.
/// </summary>
/// <param name="Text">64 or 40 hexadecimal digits.</param>
public readonly record struct HubHash(string Text)
{
    /// <summary>Whether it is the SHA-256 of the content alone.</summary>
    public bool IsSha256 => Text.Length == 2 * SHA256.HashSizeInBytes;

    /// <summary>The hash that a text is, or null.</summary>
    public static HubHash? TryParse(string? text) =>
        text is { Length: 2 * SHA256.HashSizeInBytes or 2 * SHA1.HashSizeInBytes } && text.All(char.IsAsciiHexDigit) ? new HubHash(text.ToLowerInvariant()) : null;

    /// <summary>Whether the file has this content.</summary>
    public bool Fits(string path)
    {
        using FileStream file = new(path, new FileStreamOptions { Options = FileOptions.SequentialScan, BufferSize = 1 << 20 });
        return Convert.ToHexStringLower(IsSha256 ? SHA256.HashData(file) : GitBlob(file)) == Text;
    }

    /// <summary>Git's name of a blob: the SHA-1 of "blob", its length and a zero byte, then its content.</summary>
    private static byte[] GitBlob(FileStream file)
    {
#pragma warning disable CA5350 // Git's own name of the content; what needs protection has a SHA-256
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
#pragma warning restore CA5350
        hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {file.Length}\0")));
        byte[] buffer = new byte[1 << 16];
        for (int read; (read = file.Read(buffer)) > 0;)
            hash.AppendData(buffer, 0, read);
        return hash.GetHashAndReset();
    }
}
