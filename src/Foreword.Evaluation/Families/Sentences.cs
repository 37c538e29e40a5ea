using System.Text.RegularExpressions;

namespace Foreword.Evaluation.Families;

/// <summary>
/// Splits generated text into sentences: after a full stop, a question mark or an exclamation mark with its closing quotes and brackets, and at line
/// breaks.
/// </summary>
internal static partial class Sentences
{
    /// <summary>Returns the first sentences of a text, separated by one space.</summary>
    public static string First(string text, int count) => string.Join(' ', End().Split(text).Select(part => part.Trim()).Where(part => part.Length > 0).Take(count));

    /// <summary>Matches the end of a sentence. Abbreviations are not recognized, so "Dr. No" is split.</summary>
    [GeneratedRegex(@"(?<=[.!?…][""'”’»)\]]*)\s+|(?<=[。！？][”’」』）]*)|[\r\n]+")]
    private static partial Regex End();
}
