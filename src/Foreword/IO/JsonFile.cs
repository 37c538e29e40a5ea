using System.Text.Json;

namespace Foreword.IO;

/// <summary>Skips byte order marks and locates errors in JSON files.</summary>
internal static class JsonFile
{
    /// <summary>Returns the file's bytes without a byte order mark.</summary>
    public static ReadOnlySpan<byte> WithoutMark(byte[] file) => file.AsSpan().StartsWith("\uFEFF"u8) ? file.AsSpan(3) : file;

    /// <summary>Returns the line, counted from 1, of a position in the file.</summary>
    public static int LineOf(ReadOnlySpan<byte> file, long at) => 1 + file[..(int)at].Count((byte)'\n');

    /// <summary>Creates the exception for text that is not JSON. Its message names the file, the line and the parser's reason.</summary>
    public static InvalidDataException Broken(string path, JsonException problem)
    {
        string reason = problem.Message;
        int place = reason.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return new InvalidDataException($"{path}:{problem.LineNumber + 1}: not valid JSON: {(place < 0 ? reason : reason[..place]).TrimEnd('.')}", problem);
    }
}
