using Foreword.Generation.Streaming;
using Foreword.Tokenization;

namespace Foreword.Generation;

/// <summary>
/// Converts the tokens of a completion to text, in chunks that are final. A chunk holds whole characters and nothing that may belong to a stop
/// string or to a sentence that may be dropped. If the tokenizer puts a space after every word, the space after the last word is omitted.
/// </summary>
/// <param name="tokenizer">Provides the bytes of tokens.</param>
/// <param name="options">The stop strings and the number of sentences.</param>
/// <param name="lead">Text to insert before the first token.</param>
/// <param name="before">The last token of the prompt; -1 if there is none.</param>
internal sealed class WrittenText(Tokenizer tokenizer, SamplingOptions options, string lead, int before)
{
    private readonly Utf8Decoder _characters = new();
    private readonly StopStrings _stops = new(options.Stop);
    private readonly SentenceEnds? _sentences = options.Sentences is { } count ? new SentenceEnds(count) : null;
    private int _before = before;
    private string _lead = lead;
    private string _spaces = ""; // belongs to the text only if other text follows

    /// <summary>Gets whether a stop string or the number of sentences has ended the text.</summary>
    public bool IsStopped => _stops.Found || _sentences?.Found == true;

    /// <summary>Adds a token and returns the text that is now final. The string is often empty.</summary>
    public string Append(int id)
    {
        string chunk = _lead + _characters.Append(tokenizer.WrittenBytes(_before, id));
        (_lead, _before) = ("", id);
        return WithoutTrailingSpaces(WholeSentences(_stops.Append(chunk)));
    }

    /// <summary>Ends the text and returns the text that was held back.</summary>
    /// <param name="isCut">Whether the text did not end by itself. If whole sentences are wanted, the beginning of another one is dropped.</param>
    public string Finish(bool isCut)
    {
        string rest = WholeSentences(_stops.Append(_characters.Flush()) + _stops.Flush());
        return WithoutTrailingSpaces(rest + _sentences?.Flush(isCut));
    }

    private string WholeSentences(string chunk) => _sentences?.Append(chunk) ?? chunk;

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
