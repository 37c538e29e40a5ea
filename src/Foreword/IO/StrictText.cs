using System.Buffers;
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
    /// <exception cref="FileNotFoundException">The file does not exist. The message names it as the caller does.</exception>
    /// <exception cref="InvalidDataException">A byte is not text. The message names the file and the byte.</exception>
    public static string Read(string path)
    {
        try
        {
            return Decode(File.ReadAllBytes(path), path);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Missing(path, missing);
        }
    }

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
    /// <exception cref="FileNotFoundException">The file does not exist. The message names it as the caller does.</exception>
    /// <exception cref="InvalidDataException">A byte is not text. The message names the file and the last good line before it.</exception>
    public static IEnumerable<string> ReadLines(string path)
    {
        using FileStream file = Open(path);
        foreach (string line in ReadLines(file, path))
            yield return line;
    }

    /// <summary>Reads the lines of a stream one after the other. A line of a terminal is returned before the next one is typed.</summary>
    /// <param name="stream">The stream. The caller disposes it.</param>
    /// <param name="name">The name of the stream, for the message.</param>
    /// <exception cref="InvalidDataException">A byte is not text. The message names the stream and the last good line before it.</exception>
    public static IEnumerable<string> ReadLines(Stream stream, string name)
    {
        using StreamReader reader = new(stream, Utf8, leaveOpen: true);
        for (long number = 1; Next(reader, name, number) is { } line; number++)
            yield return line;
    }

    /// <summary>
    /// Decodes a part of a file in UTF-8. The character at the beginning and the one at the end may be cut. What is left of them becomes U+FFFD.
    /// </summary>
    /// <param name="bytes">The bytes of the part.</param>
    /// <param name="name">The name of the file, for the message.</param>
    /// <param name="start">The position in the file at which the part begins.</param>
    /// <exception cref="InvalidDataException">A byte between the two ends is not text. The message names the file and the byte.</exception>
    public static string DecodePart(ReadOnlySpan<byte> bytes, string name, long start)
    {
        int first = 0, end = bytes.Length;
        while (start > 0 && first < Math.Min(3, bytes.Length) && (bytes[first] & 0xC0) == 0x80)
            first++; // the rest of a character that begins before the part
        for (int back = 1; back <= 3 && back <= bytes.Length - first; back++)
        {
            if (Rune.DecodeFromUtf8(bytes[^back..], out _, out _) == OperationStatus.NeedMoreData)
                end = bytes.Length - back;
        }

        return Encoding.UTF8.GetString(bytes[..first]) + DecodeUtf8(bytes[first..end], name, start + first) + Encoding.UTF8.GetString(bytes[end..]);
    }

    private static FileStream Open(string path)
    {
        try
        {
            return File.OpenRead(path);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Missing(path, missing);
        }
    }

    private static FileNotFoundException Missing(string path, Exception problem) => new($"there is no file {path}", path, problem);

    private static string? Next(StreamReader reader, string name, long number)
    {
        try
        {
            return reader.ReadLine();
        }
        catch (DecoderFallbackException problem)
        {
            throw new InvalidDataException($"{name} is not UTF-8 text (at line {number} or soon after it)", problem);
        }
    }

    private static string Decode(ReadOnlySpan<byte> bytes, string name)
    {
        if (bytes is not ([0xFF, 0xFE, ..] or [0xFE, 0xFF, ..]))
        {
            int start = bytes.StartsWith("\uFEFF"u8) ? 3 : 0;
            return DecodeUtf8(bytes[start..], name, start);
        }

        try
        {
            return new UnicodeEncoding(bigEndian: bytes[0] == 0xFE, byteOrderMark: true, throwOnInvalidBytes: true).GetString(bytes[2..]);
        }
        catch (DecoderFallbackException problem)
        {
            throw new InvalidDataException($"{name} is not UTF-16 text", problem);
        }
    }

    private static string DecodeUtf8(ReadOnlySpan<byte> bytes, string name, long start)
    {
        try
        {
            return Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException problem)
        {
            throw new InvalidDataException($"{name}: byte {start + problem.Index} begins a sequence that is not UTF-8", problem);
        }
    }
}
