using System.Globalization;
using System.Text;

namespace Foreword.IO;

/// <summary>What System.Text.Json refuses to do: give back a JSON string that holds lone surrogates.</summary>
public static class JsonText
{
    /// <summary>Resolves the escapes of a JSON string, given without its quotation marks; lone surrogates come through.</summary>
    /// <param name="raw">The string's source text, whose form a JSON parser has checked.</param>
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
}
