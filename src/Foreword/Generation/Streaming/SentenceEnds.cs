using System.Text;

namespace Foreword.Generation.Streaming;

/// <summary>
/// Finds the ends of sentences in text that arrives in chunks. Text is released in whole sentences, so the beginning of a sentence can still be
/// dropped when the text is cut.
/// </summary>
/// <remarks>
/// A sentence ends with <c>。！？…</c>, or with <c>.!?</c> before white space, an East Asian character or the end of the text. Further marks of these
/// kinds, and closing quotes and brackets, belong to the sentence. Whether they follow is known one character later.
/// </remarks>
/// <param name="count">The number of sentences after which the text ends; 0 for no such number.</param>
internal sealed class SentenceEnds(int count)
{
    private const string EastAsianMarks = "。！？…｡", LatinMarks = ".!?", Closing = "”’」』）》】〉〕\"')]»", Opening = "“‘";

    /// <summary>The first of the scripts that are written without spaces.</summary>
    private const int FirstEastAsian = 0x2E80;

    private readonly StringBuilder _held = new(); // the sentence that is not complete yet
    private int _examined; // the number of its characters that have been examined
    private int _quotes; // the number of straight quotes among them
    private Mark _mark; // the mark that may end it
    private int _sentences;

    private enum Mark
    {
        None,
        Latin,
        EastAsian,
    }

    /// <summary>Gets whether the wanted number of sentences has been found. No text is released after it.</summary>
    public bool Found { get; private set; }

    /// <summary>Adds the next chunk of text.</summary>
    /// <returns>The sentences that are now complete.</returns>
    public string Append(string chunk)
    {
        StringBuilder released = new();
        if (!Found)
            _held.Append(chunk);
        while (!Found && _examined < _held.Length)
        {
            if (!EndsBefore(_held[_examined]))
            {
                _examined++;
                continue;
            }

            released.Append(_held, 0, _examined);
            _held.Remove(0, _examined);
            (_examined, _quotes, _mark) = (0, 0, Mark.None);
            Found = ++_sentences == count;
        }

        return released.ToString();
    }

    /// <summary>Ends the text and returns the rest that belongs to it.</summary>
    /// <param name="isCut">
    /// True if the text did not end by itself. The beginning of a sentence is then dropped, unless there is no complete sentence before it.
    /// </param>
    public string Flush(bool isCut)
    {
        string rest = Found || (isCut && _mark == Mark.None && _sentences > 0) ? "" : _held.ToString();
        _held.Clear();
        return rest;
    }

    /// <summary>Examines the next character of the sentence.</summary>
    /// <returns>Whether the sentence is complete and the character belongs to the next one.</returns>
    private bool EndsBefore(char next)
    {
        bool opens = next == '"' && _quotes++ % 2 == 0 && _mark == Mark.EastAsian; // straight quotes open and close by turns
        if (EastAsianMarks.Contains(next))
            _mark = Mark.EastAsian;
        else if (LatinMarks.Contains(next))
            _mark = _mark == Mark.None ? Mark.Latin : _mark;
        else if (_mark == Mark.EastAsian)
            return opens || !Closing.Contains(next);
        else if (_mark == Mark.Latin && !Closing.Contains(next))
        {
            if (char.IsWhiteSpace(next) || next >= FirstEastAsian || Opening.Contains(next))
                return true;
            _mark = Mark.None; // such as the point of 3.14
        }

        return false;
    }
}
