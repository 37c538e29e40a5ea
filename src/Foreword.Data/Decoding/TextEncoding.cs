using System.Globalization;
using System.Text;
using Foreword.Settings;

namespace Foreword.Data.Decoding;

/// <summary>
/// A text encoding with its name, such as <c>gb18030</c>, <c>big5</c>, <c>utf-16</c> or <c>latin1</c>. Decoding is strict: invalid bytes are never
/// replaced.
/// </summary>
public sealed class TextEncoding
{
    internal const string Utf8 = "utf-8";

    /// <summary>Advice in messages about text in another encoding.</summary>
    internal const string OtherEncodings = "name another encoding with --encoding, such as gb18030 or utf-16 (data.encoding in a recipe)";

    /// <summary>
    /// Code pages in which an escape sequence changes the meaning of the bytes after it. Such a text cannot be decoded block by block.
    /// </summary>
    private const int FirstStateful = 50220, LastStateful = 50229, HzCodePage = 52936;

    private const int GbkCodePage = 936, Gb18030CodePage = 54936;

    /// <summary>Names that other programs use and that .NET does not know.</summary>
    private static readonly Dictionary<string, string> OtherNames = new(StringComparer.OrdinalIgnoreCase)
    {
        ["utf8"] = Utf8,
        ["utf_8"] = Utf8,
        ["utf16"] = "utf-16",
        ["utf-16le"] = "utf-16",
        ["utf16le"] = "utf-16",
        ["utf16be"] = "utf-16BE",
        ["utf32"] = "utf-32",
        ["latin-1"] = "iso-8859-1",
        ["latin_1"] = "iso-8859-1",
        ["sjis"] = "shift_jis",
        ["shift-jis"] = "shift_jis",
        ["gb-18030"] = "gb18030",
        ["euc-cn"] = "gbk",
    };

    /// <summary>Names that error messages suggest.</summary>
    private static readonly string[] Common =
    [
        Utf8, "utf-16", "utf-16be", "utf-32", "gb18030", "gbk", "big5", "shift_jis", "euc-jp", "euc-kr", "latin1", "iso-8859-15", "windows-1250", "windows-1251", "windows-1252", "koi8-r",
    ];

    private readonly bool _isDoubleByte;

    private TextEncoding(string name, Encoding decoding) => (Name, Decoding, _isDoubleByte) =
        (name, decoding, !decoding.IsSingleByte && decoding is not (UnicodeEncoding or UTF32Encoding or UTF8Encoding) && decoding.CodePage != Gb18030CodePage);

    /// <summary>Gets the encoding's name in lower case. All synonyms of an encoding have the same name here.</summary>
    public string Name { get; }

    /// <summary>Gets the encoding, which throws on invalid bytes.</summary>
    internal Encoding Decoding { get; }

    /// <summary>
    /// Checks whether the decoder made the character from a single byte that the encoding does not define. .NET's double-byte encodings return a
    /// control character or a private-use character in this case, where other programs report an error.
    /// </summary>
    internal bool IsUndefined(char character) => _isDoubleByte && (character is (>= '\u0080' and <= '\u009F') or (>= '\uE000' and <= '\uF8FF'));

    /// <summary>Finds an encoding by its name.</summary>
    /// <param name="name">A name in IANA's registry, or a code page such as <c>cp1251</c>.</param>
    /// <exception cref="ArgumentException">The encoding does not exist or is not supported; the message suggests the nearest name.</exception>
    public static TextEncoding Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        string wanted = OtherNames.GetValueOrDefault(name, name);
        Encoding found = (CodePage(wanted) is { } page ? Strict(page) : Strict(wanted))
            ?? throw new ArgumentException($"there is no encoding '{name}'{NearestName.Suggestion(name, Common)}; common ones are {string.Join(", ", Common)}", nameof(name));
        if (found.CodePage is (>= FirstStateful and <= LastStateful) or HzCodePage)
            throw new ArgumentException($"texts in the encoding '{name}' cannot be read; convert them to UTF-8 first", nameof(name));
        return new TextEncoding(found.CodePage == GbkCodePage ? "gbk" : found.WebName.ToLowerInvariant(), found);
    }

    /// <summary>
    /// Returns the text of a stream as UTF-8. The encoding is that of the byte order mark (UTF-8, UTF-16 or UTF-32) or else
    /// <paramref name="encoding"/>. Without either, the bytes are returned unchanged.
    /// </summary>
    /// <param name="stream">The bytes; the caller disposes the stream.</param>
    /// <param name="path">The file's name, for error messages.</param>
    /// <param name="encoding">The encoding of a text without a byte order mark; null for UTF-8.</param>
    public static Stream ToUtf8(Stream stream, string path, TextEncoding? encoding) =>
        new TranscodedStream(stream, path, encoding is null or { Name: Utf8 } ? null : encoding);

    /// <summary>
    /// Returns the encoding that a byte order mark names, and the length of the mark in bytes; null if there is no mark. UTF-8's mark is left for the
    /// reader.
    /// </summary>
    internal static (TextEncoding? Encoding, int Length)? OfByteOrderMark(ReadOnlySpan<byte> first)
    {
        if (first.StartsWith<byte>([0xEF, 0xBB, 0xBF]))
            return (null, 0);
        if (first.StartsWith<byte>([0xFF, 0xFE, 0, 0]))
            return (Find("utf-32"), 4);
        if (first.StartsWith<byte>([0, 0, 0xFE, 0xFF]))
            return (Find("utf-32BE"), 4);
        if (first.StartsWith<byte>([0xFF, 0xFE]))
            return (Find("utf-16"), 2);
        return first.StartsWith<byte>([0xFE, 0xFF]) ? (Find("utf-16BE"), 2) : null;
    }

    private static int? CodePage(string name)
    {
        string digits = name.StartsWith("cp", StringComparison.OrdinalIgnoreCase) ? name[2..] : name;
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int page) && page is > 0 and <= ushort.MaxValue ? page : null;
    }

    /// <summary>
    /// Finds an encoding. Code pages are looked up directly in their provider, because registering the provider would change the whole process.
    /// </summary>
    private static Encoding? Strict(string name) => IfKnown(() => CodePagesEncodingProvider.Instance.GetEncoding(name, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback)
        ?? Encoding.GetEncoding(name, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback));

    private static Encoding? Strict(int page) => IfKnown(() => CodePagesEncodingProvider.Instance.GetEncoding(page, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback)
        ?? Encoding.GetEncoding(page, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback));

    private static Encoding? IfKnown(Func<Encoding?> get)
    {
        try
        {
            return get();
        }
        catch (Exception problem) when (problem is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }
}
