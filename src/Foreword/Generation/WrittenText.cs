using Foreword.Tokenization;

namespace Foreword.Generation;

/// <summary>
/// Converts the tokens of a completion to text, in chunks that are final. A chunk holds whole characters and nothing that may belong to a stop
/// string. If the tokenizer puts a space after every word, the space after the last word is omitted.
/// </summary>
/// <param name="tokenizer">Provides the bytes of tokens.</param>
/// <param name="stop">The stop strings, before which the text ends.</param>
/// <param name="lead">Text to insert before the first token.</param>
internal sealed class WrittenText(Tokenizer tokenizer, IReadOnlyList<string> stop, string lead)
{
    private readonly Utf8Decoder _characters = new();
    private readonly StopStrings _stops = new(stop);
    private string _lead = lead;
    private string _spaces = ""; // belongs to the text only if other text follows

    /// <summary>Gets whether a stop string has ended the text.</summary>
    public bool IsStopped => _stops.Found;

    /// <summary>Adds a token and returns the text that is now final. The string is often empty.</summary>
    public string Append(int id)
    {
        string chunk = _lead + _characters.Append(tokenizer.TokenBytes(id));
        _lead = "";
        return WithoutTrailingSpaces(_stops.Append(chunk));
    }

    /// <summary>Ends the text and returns the text that was held back.</summary>
    public string Finish() => WithoutTrailingSpaces(_stops.Append(_characters.Flush()) + _stops.Flush());

    private string WithoutTrailingSpaces(string chunk)
    {
        if (!tokenizer.EndsWordsWithSpaces)
            return chunk;
        string text = _spaces + chunk;
        int length = text.AsSpan().TrimEnd(' ').Length;
        _spaces = text[length..];
        return text[..length];
    }
}
