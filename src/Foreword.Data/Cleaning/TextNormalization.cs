using System.Text;
using Foreword.Data.Reading;

namespace Foreword.Data.Cleaning;

/// <summary>What is made alike in the texts of a corpus before they are tokenised; nothing unless asked for.</summary>
[Flags]
public enum TextNormalization
{
    /// <summary>Texts stay as they are.</summary>
    None = 0,

    /// <summary>Carriage returns, with or without a line feed behind them, become line feeds.</summary>
    Newlines = 1,

    /// <summary>White space before a line's end goes, and of more than two line feeds in a row two remain.</summary>
    Spaces = 2,

    /// <summary>Control characters go, but for tab, line feed and carriage return; so do byte order marks.</summary>
    Control = 4,
}

/// <summary>Applies <see cref="TextNormalization"/> to pieces of documents.</summary>
internal static class TextNormalizer
{
    /// <summary>The documents, normalised. Pieces begin before white space, so each can be looked at alone.</summary>
    public static IEnumerable<TextChunk> Apply(IEnumerable<TextChunk> chunks, TextNormalization what)
    {
        if (what == TextNormalization.None)
            return chunks;
        return chunks.Select(chunk => chunk with { Text = Apply(chunk.Text, what) });
    }

    public static string Apply(string text, TextNormalization what)
    {
        StringBuilder result = new(text.Length);
        int feeds = 0; // line feeds at the end of the result
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
