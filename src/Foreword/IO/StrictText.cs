using System.Text;

namespace Foreword.IO;

/// <summary>
/// Reads text and refuses bytes that are not text. The readers of .NET replace such bytes by U+FFFD, so that a file in another encoding would be used
/// without a word. A byte order mark selects UTF-16, and is removed.
/// </summary>
internal static class StrictText
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a whole file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">A byte is not text. The message names the file and the byte.</exception>
    public static string Read(string path) => Decode(File.ReadAllBytes(path), path);

    /// <summary>Reads the rest of a stream.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="name">The name of the stream, for the message.</param>
    /// <exception cref="InvalidDataException">A byte is not text. The message names the stream and the byte.</exception>
    public static string Read(Stream stream, string name)
    {
        using MemoryStream all = new();
        stream.CopyTo(all);
        return Decode(all.GetBuffer().AsSpan(0, (int)all.Length), name);
    }

    /// <summary>Reads the lines of a file one after the other.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">A byte is not text. The message names the file and the last good line before it.</exception>
    public static IEnumerable<string> ReadLines(string path)
    {
        using StreamReader reader = new(path, Utf8);
        for (long number = 1; Next(reader, path, number) is { } line; number++)
            yield return line;
    }

    private static string? Next(StreamReader reader, string path, long number)
    {
        try
        {
            return reader.ReadLine();
        }
        catch (DecoderFallbackException problem)
        {
            throw new InvalidDataException($"{path} is not UTF-8 text (at line {number} or soon after it)", problem);
        }
    }

    private static string Decode(ReadOnlySpan<byte> bytes, string name)
    {
        Encoding encoding = bytes is [0xFF, 0xFE, ..] ? new UnicodeEncoding(bigEndian: false, byteOrderMark: true, throwOnInvalidBytes: true)
            : bytes is [0xFE, 0xFF, ..] ? new UnicodeEncoding(bigEndian: true, byteOrderMark: true, throwOnInvalidBytes: true)
            : Utf8;
        int start = encoding != Utf8 ? 2 : bytes.StartsWith("\uFEFF"u8) ? 3 : 0;
        try
        {
            return encoding.GetString(bytes[start..]);
        }
        catch (DecoderFallbackException problem)
        {
            throw new InvalidDataException(encoding == Utf8 ? $"{name}: byte {start + problem.Index} begins a sequence that is not UTF-8" : $"{name} is not UTF-16 text", problem);
        }
    }
}
