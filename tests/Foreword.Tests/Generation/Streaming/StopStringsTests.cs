using Foreword.Generation.Streaming;

namespace Foreword.Tests.Generation.Streaming;

public sealed class StopStringsTests
{
    /// <summary>The stop string that ends first counts. Of several that end there, it is the longest. Their order does not matter.</summary>
    [Theory]
    [InlineData("xab", "x", "ab", "b")]
    [InlineData("xab", "x", "b", "ab")]
    [InlineData("xabc", "xa", "abcd", "b")]
    [InlineData("xabcd", "x", "abc", "bcd")]
    [InlineData("xaab", "xa", "ab", "abb")]
    [InlineData("xa", "xa", "ab", "b")]
    public void TheTextEndsBeforeTheFirstStopStringHoweverItIsDivided(string text, string before, params string[] stops)
    {
        for (int cut = 0; cut <= text.Length; cut++)
        {
            StopStrings written = new(stops);
            Assert.Equal(before, written.Append(text[..cut]) + written.Append(text[cut..]) + written.Flush());
            Assert.Equal(before != text, written.Found);
        }
    }
}
