using Foreword.Tokenization.ByteLevel;

namespace Foreword.Tests.Tokenization.ByteLevel;

public sealed class TextCutTests
{
    /// <summary>Punctuation is that of ASCII, which includes symbols, and Unicode's categories Pc, Pd, Ps, Pe, Pi, Pf and Po.</summary>
    [Theory]
    [InlineData("!/:@[`{~$+<=>^|_", true)]
    [InlineData("\u203F\u2013\u201E\u2046\u00AB\u00BB\u3001\u00A7", true)]
    [InlineData("a0 \t\u0001\u007F\u20AC\u00D7\u00B4\u00A9\u4E2D\u00BD", false)]
    public void PunctuationIsCutFromOtherText(string characters, bool isCut) => Each(CutKind.Punctuation, characters, isCut);

    /// <summary>Digits are the categories Nd, Nl and No of all scripts.</summary>
    [Theory]
    [InlineData("09\u0663\u216B\u3007\u00BD\u2460\u00B2", true)]
    [InlineData("a+ \u4E00\u20AC", false)]
    public void DigitsAreCutFromOtherText(string characters, bool isCut) => Each(CutKind.Digits, characters, isCut);

    private static void Each(CutKind kind, string characters, bool isCut)
    {
        foreach (char character in characters)
        {
            string text = $"x{character}{character}x";
            Assert.Equal(isCut ? ["x", $"{character}{character}", "x"] : [text], Parts(new TextCut(kind, Single: false), text));
            Assert.Equal(isCut ? ["x", $"{character}", $"{character}", "x"] : [text], Parts(new TextCut(kind, Single: true), text));
        }
    }

    private static List<string> Parts(TextCut cut, string text)
    {
        List<string> parts = [];
        for (int start = 0, end; start < text.Length; start = end)
        {
            end = cut.ChunkEnd(text, start);
            parts.Add(text[start..end]);
        }

        return parts;
    }
}
