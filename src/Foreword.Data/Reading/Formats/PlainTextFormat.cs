namespace Foreword.Data.Reading.Formats;

/// <summary>
/// UTF-8 text: a file is one document. A long one comes in pieces, so that memory does not grow with the file.
/// A byte order mark at the start is dropped.
/// </summary>
/// <remarks>
/// A piece ends before white space that follows a letter, digit, punctuation mark or symbol, at a line's end where
/// there is one. There, GPT-2's pattern (<c>\s+(?!\S)|\s+</c> and friends) always starts a new chunk, whatever
/// stands on either side, so the ids of the pieces are the ids of the whole text. Cutting after a line break would not do:
/// "a\n\nb" has the chunks a, \n, \n, b, but "a\n\n" has a, \n\n.
/// Only a run of <see cref="LongestChunk"/> characters without such a place is cut regardless.
/// </remarks>
internal sealed class PlainTextFormat : IDocumentFormat
{
    /// <summary>Characters in an ordinary piece: a string that the garbage collector does not count among the large ones.</summary>
    private const int ChunkLength = 1 << 15;

    /// <summary>Characters after which a text without white space is cut anyway.</summary>
    private const int LongestChunk = 1 << 24;

    private readonly int _chunkLength;
    private readonly int _longestChunk;

    public PlainTextFormat()
        : this(ChunkLength, LongestChunk)
    {
    }

    /// <summary>For tests: other lengths, in UTF-16 code units, at least 4.</summary>
    internal PlainTextFormat(int chunkLength, int longestChunk) => (_chunkLength, _longestChunk) = (chunkLength, longestChunk);

    public IReadOnlyList<string> Extensions { get; } = [".txt", ".text", ".md", ".markdown", ".raw", ""];

    public IEnumerable<TextChunk> Read(Stream stream, string path, string textField)
    {
        Utf8Characters source = new(stream, path);
        char[] buffer = new char[_chunkLength];
        int filled = 0;
        while (true)
        {
            filled += source.Fill(buffer.AsSpan(filled));
            if (source.AtEnd)
                break;
            int end = CutBefore(buffer.AsSpan(0, filled));
            if (end == 0 && buffer.Length < _longestChunk)
            {
                Array.Resize(ref buffer, Math.Min(_longestChunk, 2 * buffer.Length));
                continue;
            }

            if (end == 0)
                end = char.IsHighSurrogate(buffer[filled - 2]) ? filled - 2 : filled - 1; // at least one character remains
            yield return new TextChunk(new string(buffer, 0, end), EndsDocument: false);
            buffer.AsSpan(end, filled - end).CopyTo(buffer);
            filled -= end;
        }

        if (filled > 0)
            yield return new TextChunk(new string(buffer, 0, filled), EndsDocument: true);
    }

    /// <summary>Where the piece at the start of <paramref name="text"/> ends: in its second half; 0 where there is no good place.</summary>
    private static int CutBefore(ReadOnlySpan<char> text)
    {
        int half = text.Length / 2;
        foreach (char space in (ReadOnlySpan<char>)['\n', '\r', ' ', '\t'])
        {
            for (int at = text.LastIndexOf(space); at > half; at = text[..at].LastIndexOf(space))
            {
                char before = text[at - 1];
                if (char.IsLetterOrDigit(before) || char.IsPunctuation(before) || char.IsSymbol(before))
                    return at;
            }
        }

        return 0;
    }
}
