using System.Text;

namespace Foreword.Generation.Streaming;

/// <summary>
/// Converts bytes that arrive in chunks to text without splitting a character. An incomplete UTF-8 sequence is held until the rest of it arrives.
/// Each maximal invalid part becomes one U+FFFD, as if all bytes were decoded in one call.
/// </summary>
internal sealed class Utf8Decoder
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

    /// <summary>Adds bytes.</summary>
    /// <param name="bytes">The next bytes. They can begin or end inside a character.</param>
    /// <returns>The characters that these bytes complete. The string is often empty.</returns>
    public string Append(ReadOnlySpan<byte> bytes) => Decode(bytes, flush: false);

    /// <summary>Ends the text. After that, another text can begin.</summary>
    /// <returns>U+FFFD for an incomplete sequence that is still held; otherwise, an empty string.</returns>
    public string Flush() => Decode([], flush: true);

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        char[] characters = new char[_decoder.GetCharCount(bytes, flush)];
        int count = _decoder.GetChars(bytes, characters, flush);
        return new string(characters, 0, count);
    }
}
