namespace Foreword.Generation;

/// <summary>
/// Looks for stop strings in text that arrives in pieces. Text that may be the beginning of a stop string is held
/// back until that is decided, so what is released never has to be taken back.
/// </summary>
internal sealed class StopStrings(IReadOnlyList<string> stops)
{
    private string _held = "";

    /// <summary>Whether a stop string has been seen; nothing is released after it.</summary>
    public bool Found { get; private set; }

    /// <summary>Takes the next piece and returns what is certainly before any stop string.</summary>
    public string Append(string piece)
    {
        if (Found)
            return "";
        string text = _held + piece;
        int cut = FirstStop(text);
        Found = cut >= 0;
        if (!Found)
            cut = text.Length - LongestBeginning(text);
        _held = Found ? "" : text[cut..];
        return text[..cut];
    }

    /// <summary>Ends the text and returns what was held back.</summary>
    public string Flush()
    {
        string rest = _held;
        _held = "";
        return rest;
    }

    /// <summary>
    /// Where the stop string begins that is complete first (of those the longest), or -1. Completion decides, not
    /// beginning, so that the result does not depend on how the text was cut into pieces.
    /// </summary>
    private int FirstStop(string text)
    {
        int start = -1;
        int end = int.MaxValue;
        foreach (string stop in stops)
        {
            int index = text.IndexOf(stop, StringComparison.Ordinal);
            if (index >= 0 && (index + stop.Length < end || (index + stop.Length == end && index < start)))
                (start, end) = (index, index + stop.Length);
        }

        return start;
    }

    /// <summary>Length of the longest end of the text that is a beginning of a stop string.</summary>
    private int LongestBeginning(string text)
    {
        int longest = 0;
        foreach (string stop in stops)
        {
            for (int length = Math.Min(stop.Length - 1, text.Length); length > longest; length--)
            {
                if (text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length)))
                    longest = length;
            }
        }

        return longest;
    }
}
