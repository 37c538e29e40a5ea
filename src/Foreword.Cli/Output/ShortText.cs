namespace Foreword.Cli.Output;

/// <summary>Shortens texts.</summary>
internal static class ShortText
{
    /// <summary>Largest distance, in UTF-16 units, by which a cut is moved to a space.</summary>
    private const int LongestWord = 16;

    /// <summary>
    /// Returns the text, or its beginning and an ellipsis. The result has at most <paramref name="length"/> UTF-16 units and splits no character.
    /// </summary>
    public static string Of(string text, int length)
    {
        if (text.Length <= length)
            return text;
        int end = length - 1;
        return text[..(char.IsHighSurrogate(text[end - 1]) ? end - 1 : end)].TrimEnd() + "…";
    }

    /// <summary>
    /// Returns the text, or its beginning and its end around an ellipsis. The result has at most <paramref name="length"/> UTF-16 units and
    /// splits no character.
    /// </summary>
    public static string Middle(string text, int length)
    {
        if (text.Length <= length)
            return text;
        int begin = (length - 3) * 2 / 3, end = text.Length - (length - 3 - begin); // the beginning is more informative than the end
        begin -= begin > 0 && char.IsHighSurrogate(text[begin - 1]) ? 1 : 0;
        end += end < text.Length && char.IsLowSurrogate(text[end]) ? 1 : 0;
        int space = text.LastIndexOf(' ', begin, Math.Min(begin, LongestWord)), next = text.IndexOf(' ', end, Math.Min(text.Length - end, LongestWord));
        (begin, end) = (space > 0 ? space : begin, next >= 0 ? next : end);
        return $"{text[..begin].TrimEnd()} … {text[end..].TrimStart()}";
    }
}
