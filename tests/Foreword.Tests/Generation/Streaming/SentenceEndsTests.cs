using Foreword.Generation.Streaming;

namespace Foreword.Tests.Generation.Streaming;

public sealed class SentenceEndsTests
{
    /// <summary>The sentences are separated by |. How the text is divided into chunks does not matter.</summary>
    [Theory]
    [InlineData("你好。|我是谁？|走！|好……|完")]
    [InlineData("他说：“你好。”|然后走了。")]
    [InlineData("（完。）|「好！？」|再")]
    [InlineData("他说。|\"你好。\"|走")] // straight quotes open and close by turns
    [InlineData("It costs 3.14 or 5.| He said \"No!\"| Yes?!| e.g.| this")]
    [InlineData("See foo.bar, and...|\nNext.|你好")]
    [InlineData("One.|“Two.”| Three")]
    [InlineData("。|，好")]
    public void SentencesEndAfterTheirMarksAndClosingQuotes(string marked)
    {
        string[] sentences = marked.Split('|');
        string text = string.Concat(sentences);
        for (int cut = 0; cut <= text.Length; cut++)
        {
            for (int count = 1; count < sentences.Length; count++)
            {
                SentenceEnds written = new(count);
                Assert.Equal(string.Concat(sentences[..count]), written.Append(text[..cut]) + written.Append(text[cut..]) + written.Flush(isCut: true));
                Assert.True(written.Found);
            }
        }
    }

    [Theory]
    [InlineData("一。二。三", true, "一。二。")] // the beginning of the third sentence is dropped
    [InlineData("一。二。三", false, "一。二。三")] // the text ended by itself
    [InlineData("一。二。", true, "一。二。")]
    [InlineData("no sentence", true, "no sentence")] // nothing else would be left
    [InlineData("One. Two. Th", true, "One. Two.")]
    [InlineData("", true, "")]
    public void ACutTextLosesTheBeginningOfItsLastSentence(string text, bool isCut, string kept)
    {
        SentenceEnds written = new(0);
        Assert.Equal(kept, written.Append(text) + written.Flush(isCut));
        Assert.False(written.Found);
    }
}
