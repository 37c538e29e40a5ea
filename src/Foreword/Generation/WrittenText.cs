using Foreword.Tokenization;

namespace Foreword.Generation;

/// <summary>
/// The text of a completion's tokens, in pieces that are certain: whole characters, nothing that may belong to a stop string, and no space behind the
/// last word of a tokenizer that puts one behind each.
/// </summary>
/// <param name="tokenizer">Gives tokens their bytes.</param>
/// <param name="stop">Strings that the text ends before.</param>
/// <param name="lead">Stands before the first token.</param>
internal sealed class WrittenText(Tokenizer tokenizer, IReadOnlyList<string> stop, string lead)
{
    private readonly Utf8Pieces _characters = new();
    private readonly StopStrings _stops = new(stop);
    private string _lead = lead;
    private string _spaces = ""; // part of the text if something follows

    /// <summary>Whether a stop string has ended it.</summary>
    public bool IsStopped => _stops.Found;

    /// <summary>What is certain with the next token; often nothing.</summary>
    public string Append(int id)
    {
        string piece = _lead + _characters.Append(tokenizer.TokenBytes(id));
        _lead = "";
        return WithoutSpacesBehind(_stops.Append(piece));
    }

    /// <summary>Ends the text and returns what was held back of it.</summary>
    public string Finish() => WithoutSpacesBehind(_stops.Append(_characters.Flush()) + _stops.Flush());

    private string WithoutSpacesBehind(string piece)
    {
        if (!tokenizer.EndsWordsWithSpaces)
            return piece;
        string text = _spaces + piece;
        int length = text.AsSpan().TrimEnd(' ').Length;
        _spaces = text[length..];
        return text[..length];
    }
}
