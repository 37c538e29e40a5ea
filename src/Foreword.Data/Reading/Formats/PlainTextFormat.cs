namespace Foreword.Data.Reading.Formats;

/// <summary>
/// Reads UTF-8 text: a file is one document. A long document is returned in chunks, so that memory does not grow with the file.
/// A byte order mark at the start is dropped.
/// </summary>
/// <remarks>
/// A chunk ends before white space that follows a letter, digit, punctuation mark or symbol, at the end of a line if possible. GPT-2's pattern
/// (<c>\s+(?!\S)|\s+</c> and the other alternatives) always splits the text at such a position, independent of the text around it. Therefore the
/// token ids of the chunks are exactly the ids of the whole text. A cut after a line break would not work: the pattern splits "a\n\nb" into a, \n,
/// \n, b, but "a\n\n" into a, \n\n. Only a text of <see cref="LongestChunk"/> characters without such a position is cut elsewhere.
/// </remarks>
internal sealed class PlainTextFormat : IDocumentFormat
{
    /// <summary>Number of characters in an ordinary chunk. The string stays below the garbage collector's limit for large objects.</summary>
    private const int ChunkLength = 1 << 15;

    /// <summary>Number of characters after which a text without a suitable position is cut anyway.</summary>
    private const int LongestChunk = 1 << 24;

    private readonly int _chunkLength;
    private readonly int _longestChunk;

    public PlainTextFormat()
        : this(ChunkLength, LongestChunk)
    {
    }

    /// <summary>Creates a reader with other chunk lengths, for tests. The lengths are in UTF-16 code units, 4 or more.</summary>
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

    /// <summary>
    /// Returns where the chunk at the start of <paramref name="text"/> ends, in its second half; 0 if there is no suitable position.
    /// </summary>
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
