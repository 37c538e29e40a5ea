using System.Text;
using Foreword.Data.Reading.Formats;

namespace Foreword.Data.Reading;

/// <summary>
/// Divides the text of files into documents, at line ends or at blank lines. Only the part of a document that came in one chunk is held in memory.
/// White space at the end of a document is removed. Line breaks inside a document are unchanged.
/// </summary>
/// <param name="unit">The unit that is one document: a line, or the lines up to a blank line.</param>
internal sealed class DocumentDivider(DocumentUnit unit)
{
    private readonly StringBuilder _held = new(); // the newest part of the document, up to its last character that is not white space
    private readonly StringBuilder _gap = new(); // white space that belongs to the document only if text follows
    private bool _heldIsOlder; // the held part came with an earlier chunk, so it may be returned as a chunk of the document
    private bool _blank = true; // whether the current line is blank so far

    /// <summary>Divides the chunks of files into documents.</summary>
    public static IEnumerable<TextChunk> Divide(IEnumerable<TextChunk> chunks, DocumentUnit unit)
    {
        if (unit == DocumentUnit.File)
            return chunks;
        return DivideFiles(chunks, unit);
    }

    private static IEnumerable<TextChunk> DivideFiles(IEnumerable<TextChunk> chunks, DocumentUnit unit)
    {
        DocumentDivider divider = new(unit);
        string rest = ""; // a carriage return at the end of a chunk: whether a line feed follows is not yet known
        foreach (TextChunk chunk in chunks)
        {
            string text = rest + chunk.Text;
            rest = !chunk.EndsDocument && text.EndsWith('\r') ? "\r" : "";
            foreach (TextChunk document in divider.Add(text[..^rest.Length]))
                yield return document;
            if (chunk.EndsDocument && divider.End() is { } last)
                yield return last;
        }
    }

    private IEnumerable<TextChunk> Add(string text)
    {
        _heldIsOlder = true;
        int start = 0;
        while (start < text.Length)
        {
            int length = text.AsSpan(start).IndexOfAny('\r', '\n');
            int end = length < 0 ? text.Length : start + length;
            if (AddPart(text[start..end]) is { } earlier)
                yield return earlier;
            if (length < 0)
                yield break;
            start = end + (text.AsSpan(end).StartsWith("\r\n") ? 2 : 1);
            if (EndLine(text[end..start]) is { } document)
                yield return document;
        }
    }

    /// <summary>Adds a part of a line. Returns the held part of the document if it no longer has to be held.</summary>
    private TextChunk? AddPart(string part)
    {
        int textEnd = part.AsSpan().TrimEnd().Length;
        if (textEnd == 0)
        {
            _gap.Append(part);
            return null;
        }

        _blank = false;
        TextChunk? earlier = null;
        if (_held.Length > 0 && _heldIsOlder)
        {
            earlier = new TextChunk(_held.ToString(), EndsDocument: false);
            _held.Clear();
        }

        _heldIsOlder = false;
        _held.Append(_gap).Append(part, 0, textEnd);
        _gap.Clear().Append(part, textEnd, part.Length - textEnd);
        return earlier;
    }

    private TextChunk? EndLine(string lineBreak)
    {
        bool ends = unit == DocumentUnit.Line || _blank;
        _blank = true;
        if (ends)
            return End();
        _gap.Append(lineBreak);
        return null;
    }

    private TextChunk? End()
    {
        _gap.Clear();
        _blank = true;
        if (_held.Length == 0)
            return null;
        TextChunk last = new(_held.ToString(), EndsDocument: true);
        _held.Clear();
        return last;
    }
}
