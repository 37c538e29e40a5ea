using System.Text.Json;

namespace Foreword.IO;

/// <summary>Places in JSON files, for messages.</summary>
internal static class JsonFile
{
    /// <summary>The file's bytes after a byte order mark, if it has one.</summary>
    public static ReadOnlySpan<byte> WithoutMark(byte[] file) => file.AsSpan().StartsWith("\uFEFF"u8) ? file.AsSpan(3) : file;

    /// <summary>The line, from 1, of a place in the file.</summary>
    public static int LineOf(ReadOnlySpan<byte> file, long at) => 1 + file[..(int)at].Count((byte)'\n');

    /// <summary>The error for text that is not JSON: file, line and what the parser says.</summary>
    public static InvalidDataException Broken(string path, JsonException problem)
    {
        string reason = problem.Message;
        int place = reason.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return new InvalidDataException($"{path}:{problem.LineNumber + 1}: not valid JSON: {(place < 0 ? reason : reason[..place]).TrimEnd('.')}", problem);
    }
}
