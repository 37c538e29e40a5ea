namespace Foreword.Generation.Streaming;

/// <summary>
/// Finds stop strings in text that arrives in chunks. Text that may be the beginning of a stop string is held back until this is decided, so released
/// text never has to be withdrawn.
/// </summary>
internal sealed class StopStrings(IReadOnlyList<string> stops)
{
    private string _held = "";

    /// <summary>Gets whether a stop string has been found. No text is released after it.</summary>
    public bool Found { get; private set; }

    /// <summary>Adds the next chunk of text.</summary>
    /// <returns>The text that is certain to be before any stop string.</returns>
    public string Append(string chunk)
    {
        if (Found)
            return "";
        string text = _held + chunk;
        int cut = FirstStop(text);
        Found = cut >= 0;
        if (!Found)
            cut = text.Length - LongestBeginning(text);
        _held = Found ? "" : text[cut..];
        return text[..cut];
    }

    /// <summary>Ends the text and returns the text that was held back.</summary>
    public string Flush()
    {
        string rest = _held;
        _held = "";
        return rest;
    }

    /// <summary>
    /// Returns the position of the stop string that is completed first, or -1. If several end at the same position, it is the longest one. The end
    /// decides, not the beginning, so the result does not depend on how the text is split into chunks.
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

    /// <summary>Returns the length of the longest end of the text that is a beginning of a stop string.</summary>
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
