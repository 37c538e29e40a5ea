using System.Text.RegularExpressions;

namespace Foreword.Evaluation.Families;

/// <summary>Cuts generated text into sentences: after a full stop, question or exclamation mark and what closes behind it, and at line breaks.</summary>
internal static partial class Sentences
{
    /// <summary>The first sentences of a text, with one space between them.</summary>
    public static string First(string text, int count) => string.Join(' ', End().Split(text).Select(part => part.Trim()).Where(part => part.Length > 0).Take(count));

    /// <summary>Where a sentence ends; abbreviations are not known, so "Dr. No" is cut.</summary>
    [GeneratedRegex(@"(?<=[.!?…][""'”’»)\]]*)\s+|(?<=[。！？][”’」』）]*)|[\r\n]+")]
    private static partial Regex End();
}
