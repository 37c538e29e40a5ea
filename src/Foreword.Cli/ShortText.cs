namespace Foreword.Cli;

/// <summary>Texts for places that are short.</summary>
internal static class ShortText
{
    /// <summary>The text, or its beginning and an ellipsis, at most <paramref name="length"/> UTF-16 units and no half character.</summary>
    public static string Of(string text, int length)
    {
        if (text.Length <= length)
            return text;
        int end = length - 1;
        return text[..(char.IsHighSurrogate(text[end - 1]) ? end - 1 : end)].TrimEnd() + "…";
    }
}
