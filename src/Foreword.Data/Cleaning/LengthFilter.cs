using Foreword.Data.Reading;

namespace Foreword.Data.Cleaning;

/// <summary>Leaves out documents of fewer characters than wanted. Of a long document only its beginning is held until it is long enough.</summary>
internal sealed class LengthFilter(int minCharacters)
{
    /// <summary>Documents left out by the last enumeration.</summary>
    public long LeftOut { get; private set; }

    public IEnumerable<TextPiece> Apply(IEnumerable<TextPiece> pieces)
    {
        LeftOut = 0;
        List<TextPiece> beginning = [];
        int length = 0;
        bool passes = false;
        foreach (TextPiece piece in pieces)
        {
            if (!passes)
            {
                beginning.Add(piece);
                length += piece.Text.Length;
                passes = length >= minCharacters;
                foreach (TextPiece held in passes ? beginning : [])
                    yield return held;
                if (passes)
                    beginning.Clear();
            }
            else
            {
                yield return piece;
            }

            if (!piece.EndsDocument)
                continue;
            if (!passes)
                LeftOut++;
            beginning.Clear();
            (length, passes) = (0, false);
        }
    }
}
