using System.Text;

namespace Foreword.Generation;

/// <summary>
/// Turns bytes that arrive in pieces into text, never cutting a character: an incomplete UTF-8 sequence waits for its
/// rest. Each maximal invalid part becomes one U+FFFD, as when all bytes are decoded at once.
/// </summary>
public sealed class Utf8Pieces
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

    /// <summary>The characters that these bytes complete; often none.</summary>
    public string Append(ReadOnlySpan<byte> bytes) => Decode(bytes, flush: false);

    /// <summary>Ends the text: what still waits is invalid and becomes U+FFFD. Another text may follow.</summary>
    public string Flush() => Decode([], flush: true);

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        char[] characters = new char[_decoder.GetCharCount(bytes, flush)];
        int count = _decoder.GetChars(bytes, characters, flush);
        return new string(characters, 0, count);
    }
}
