using System.Text;
using Foreword.Data.Reading.Formats;

namespace Foreword.Data.Cleaning;

/// <summary>Specifies how the texts of a corpus are normalized before tokenization. By default, they are not.</summary>
[Flags]
public enum TextNormalization
{
    /// <summary>Texts are unchanged.</summary>
    None = 0,

    /// <summary>Replaces each carriage return, and each carriage return with line feed, by a line feed.</summary>
    Newlines = 1,

    /// <summary>Removes white space at line ends, and reduces more than two line feeds in a row to two.</summary>
    Spaces = 2,

    /// <summary>Removes control characters except tab, line feed and carriage return, and removes byte order marks.</summary>
    Control = 4,
}

/// <summary>Applies <see cref="TextNormalization"/> to chunks of documents.</summary>
internal static class TextNormalizer
{
    /// <summary>Returns the normalized documents. Chunks begin before white space, so each chunk can be normalized separately.</summary>
    public static IEnumerable<TextChunk> Apply(IEnumerable<TextChunk> chunks, TextNormalization what)
    {
        if (what == TextNormalization.None)
            return chunks;
        return chunks.Select(chunk => chunk with { Text = Apply(chunk.Text, what) });
    }

    public static string Apply(string text, TextNormalization what)
    {
        StringBuilder result = new(text.Length);
        int feeds = 0; // number of line feeds at the end of the result
        for (int i = 0; i < text.Length; i++)
        {
            char character = text[i];
            if (what.HasFlag(TextNormalization.Newlines) && character == '\r')
            {
                if (i + 1 < text.Length && text[i + 1] == '\n')
                    continue;
                character = '\n';
            }

            if (what.HasFlag(TextNormalization.Control) && (character == '\uFEFF' || (char.IsControl(character) && character is not ('\t' or '\n' or '\r'))))
                continue;
            if (what.HasFlag(TextNormalization.Spaces) && character == '\n')
            {
                while (result.Length > 0 && result[^1] != '\n' && char.IsWhiteSpace(result[^1]))
                    result.Length--;
                if (++feeds > 2)
                    continue;
            }
            else if (!char.IsWhiteSpace(character))
            {
                feeds = 0;
            }

            result.Append(character);
        }

        return result.Length == text.Length && result.Equals(text) ? text : result.ToString();
    }
}
