using System.Globalization;
using System.Text;

namespace Foreword.IO;

/// <summary>Decodes JSON strings that contain lone surrogates, which System.Text.Json does not decode.</summary>
internal static class JsonText
{
    /// <summary>Resolves the escape sequences of a JSON string. Lone surrogates are kept.</summary>
    /// <param name="raw">The source text of the string, without its quotation marks. A JSON parser has already checked its form.</param>
    public static string Unescape(ReadOnlySpan<char> raw)
    {
        StringBuilder text = new(raw.Length);
        while (!raw.IsEmpty)
        {
            int plain = raw.IndexOf('\\');
            if (plain != 0)
            {
                plain = plain < 0 ? raw.Length : plain;
                text.Append(raw[..plain]);
                raw = raw[plain..];
                continue;
            }

            char kind = raw[1];
            text.Append(kind switch
            {
                'b' => '\b',
                'f' => '\f',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => (char)ushort.Parse(raw.Slice(2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture),
                _ => kind, // quotation mark, solidus, reverse solidus
            });
            raw = raw[(kind == 'u' ? 6 : 2)..];
        }

        return text.ToString();
    }

    /// <summary>Replaces each lone surrogate with U+FFFD, as .NET's UTF-8 encoder does.</summary>
    public static string Repair(string text) =>
        text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF') ? Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) : text;
}
