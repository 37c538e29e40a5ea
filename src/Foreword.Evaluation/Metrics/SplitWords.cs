namespace Foreword.Evaluation.Metrics;

/// <summary>Words between white space, as the reference scripts of the metrics take them: Python's <c>str.split()</c>.</summary>
internal static class SplitWords
{
    /// <summary>The words of a text, in order; none is empty.</summary>
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

    /// <summary>.NET's white space and the four separators U+001C to U+001F, which Python counts too.</summary>
    private static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001c' and <= '\u001f';
}
