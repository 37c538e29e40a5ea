using Foreword.Data.Reading.Formats;

namespace Foreword.Data.Cleaning;

/// <summary>
/// Removes documents with fewer characters than required. Only the beginning of a document is held in memory, until it is long enough.
/// </summary>
internal sealed class LengthFilter(int minCharacters)
{
    /// <summary>Gets the number of documents that the last enumeration removed.</summary>
    public long LeftOut { get; private set; }

    public IEnumerable<TextChunk> Apply(IEnumerable<TextChunk> chunks)
    {
        LeftOut = 0;
        List<TextChunk> beginning = [];
        int length = 0;
        bool passes = false;
        foreach (TextChunk chunk in chunks)
        {
            if (!passes)
            {
                beginning.Add(chunk);
                length += chunk.Text.Length;
                passes = length >= minCharacters;
                foreach (TextChunk held in passes ? beginning : [])
                    yield return held;
                if (passes)
                    beginning.Clear();
            }
            else
            {
                yield return chunk;
            }

            if (!chunk.EndsDocument)
                continue;
            if (!passes)
                LeftOut++;
            beginning.Clear();
            (length, passes) = (0, false);
        }
    }
}
