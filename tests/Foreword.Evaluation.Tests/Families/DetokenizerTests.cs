using Foreword.Evaluation.Families;

namespace Foreword.Evaluation.Tests.Families;

public sealed class DetokenizerTests
{
    [Theory]
    [InlineData("It does n't rain , and the cat 's \" asleep \" ( again ) .", "It doesn't rain, and the cat's \"asleep\" (again).")]
    [InlineData("The 12 @,@ 345 well @-@ known items cost $ 3 @.@ 5 in the U.S. .", "The 12,345 well-known items cost $3.5 in the U.S..")]
    [InlineData("Mr. Smith 's dog", "Mr. Smith's dog")]
    [InlineData("a @-@ , b @.@", "a @-@, b @.@")]
    public void WikiTextReadsAsRunningText(string tokens, string text)
    {
        string joined = Detokenizer.WikiText.Join(tokens.Split(' '));
        Assert.Equal(text, joined);
        Assert.Equal(tokens.Split(' '), Detokenizer.WikiText.Split(joined));
    }

    [Theory]
    [InlineData("`` Come in , '' said the miller 's wife -LRB- softly -RRB- .", "\"Come in,\" said the miller's wife (softly).")]
    public void BooksReadAsRunningText(string tokens, string text)
    {
        Assert.Equal(text, Detokenizer.Books.Join(tokens.Split(' ')));
        Assert.Equal(tokens.Split(' '), Detokenizer.Books.Split(text));
    }

    [Fact]
    public void PublishedLinesComeBackWordForWord()
    {
        AssertRoundTrip(Detokenizer.WikiText, "wikitext-2-raw/wiki.test.raw");
        AssertRoundTrip(Detokenizer.PennTreebank, "ptb/ptb.test.txt");
        AssertRoundTrip(Detokenizer.OneBillionWord, "1bw/news.en.heldout-00000-of-00050");
    }

    private static void AssertRoundTrip(Detokenizer detokenizer, string file)
    {
        bool anyChange = false;
        foreach (string line in File.ReadLines(Fixtures.Path($"benchmarks/{file}")))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            string joined = detokenizer.Join(words);
            Assert.Equal(words, detokenizer.Split(joined));
            anyChange |= joined != string.Join(' ', words);
        }

        Assert.True(anyChange);
    }
}
