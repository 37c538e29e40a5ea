using Foreword.Data.Reading;

namespace Foreword.Data.Cleaning;

/// <summary>Leaves out documents of fewer characters than wanted. Of a long document only its beginning is held until it is long enough.</summary>
internal sealed class LengthFilter(int minCharacters)
{
    /// <summary>Documents left out by the last enumeration.</summary>
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
