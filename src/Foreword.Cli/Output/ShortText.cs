namespace Foreword.Cli.Output;

/// <summary>Texts for places that are short.</summary>
internal static class ShortText
{
    /// <summary>A cut is moved this far at most, to a space.</summary>
    private const int LongestWord = 16;

    /// <summary>The text, or its beginning and an ellipsis, at most <paramref name="length"/> UTF-16 units and no half character.</summary>
    public static string Of(string text, int length)
    {
        if (text.Length <= length)
            return text;
        int end = length - 1;
        return text[..(char.IsHighSurrogate(text[end - 1]) ? end - 1 : end)].TrimEnd() + "…";
    }

    /// <summary>The text, or its beginning and its end around an ellipsis, at most <paramref name="length"/> UTF-16 units and no half character.</summary>
    public static string Middle(string text, int length)
    {
        if (text.Length <= length)
            return text;
        int begin = (length - 3) * 2 / 3, end = text.Length - (length - 3 - begin); // the beginning says more than the end
        begin -= begin > 0 && char.IsHighSurrogate(text[begin - 1]) ? 1 : 0;
        end += end < text.Length && char.IsLowSurrogate(text[end]) ? 1 : 0;
        int space = text.LastIndexOf(' ', begin, Math.Min(begin, LongestWord)), next = text.IndexOf(' ', end, Math.Min(text.Length - end, LongestWord));
        (begin, end) = (space > 0 ? space : begin, next >= 0 ? next : end);
        return $"{text[..begin].TrimEnd()} … {text[end..].TrimStart()}";
    }
}
