namespace Foreword.Evaluation.Metrics;

/// <summary>Splits text at white space, like the metrics' reference scripts: Python's <c>str.split()</c>.</summary>
internal static class SplitWords
{
    /// <summary>Returns the words of a text, in order. No word is empty.</summary>
    public static string[] Of(string text)
    {
        List<string> words = [];
        for (int start = 0, end; start < text.Length; start = end + 1)
        {
            for (end = start; end < text.Length && !IsSpace(text[end]);)
                end++;
            if (end > start)
                words.Add(text[start..end]);
        }

        return [.. words];
    }

    /// <summary>Checks for .NET's white space and for the four separators U+001C to U+001F, which Python counts as well.</summary>
    private static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001c' and <= '\u001f';
}
