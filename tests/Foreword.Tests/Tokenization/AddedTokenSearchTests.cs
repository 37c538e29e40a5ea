using System.Text;
using Foreword.Tokenization;

namespace Foreword.Tests.Tokenization;

public sealed class AddedTokenSearchTests
{
    /// <summary>The characters that Rust's <c>\w</c> matches, at the ends of each range, and their neighbors that it does not match.</summary>
    [Theory]
    [InlineData(true, new[] { 'a', 'Z', '0', '_', 0x2B0, 0x5D0, 0x301, 0x903, 0x20DD, 0x2160, 0x200C, 0x200D, 0x24B6, 0x24E9, 0x1F130, 0x1F149, 0x1F150, 0x1F169, 0x1F170, 0x1F189 })]
    [InlineData(false, new[] { ' ', '-', '<', 0xBD, 0x200B, 0x200E, 0x24B5, 0x24EA, 0x1F12F, 0x1F14A, 0x1F14F, 0x1F16A, 0x1F16F, 0x1F18A })]
    public void ATokenThatIsAWordOfItsOwnIsNotFoundNextToACharacterOfWords(bool isWord, int[] points)
    {
        AddedTokenSearch search = AddedTokenSearch.For([("ab", new AddedToken("ab", 7) { SingleWord = true })])!;
        foreach (Rune neighbor in points.Select(point => new Rune(point)))
        {
            Assert.Equal((neighbor, !isWord), (neighbor, Finds(search, $"{neighbor}ab")));
            Assert.Equal((neighbor, !isWord), (neighbor, Finds(search, $"ab{neighbor}")));
        }

        Assert.True(Finds(search, "ab"));
        Assert.True(Finds(search, "xab ab"));
    }

    [Fact]
    public void WhiteSpaceBelongsToOneTokenOnly()
    {
        AddedTokenSearch search = AddedTokenSearch.For([("<a>", new AddedToken("<a>", 1) { LeftStrip = true, RightStrip = true })])!;
        const string Text = "x  <a>\n\n <a>\t";
        int from = 0;
        Assert.True(search.TryNext(Text, ref from, 0, out AddedTokenSearch.Match first));
        Assert.Equal(new AddedTokenSearch.Match(1, 9, 1), first);
        Assert.True(search.TryNext(Text, ref from, first.End, out AddedTokenSearch.Match second));
        Assert.Equal(new AddedTokenSearch.Match(9, 13, 1), second);
        Assert.False(search.TryNext(Text, ref from, second.End, out _));
    }

    /// <summary>A normalizer can leave nothing of a token's text.</summary>
    [Fact]
    public void ATokenWithoutATextIsNeverFound()
    {
        AddedToken token = new("<a>", 1);
        Assert.Null(AddedTokenSearch.For([("", token)]));
        AddedTokenSearch search = AddedTokenSearch.For([("", token), ("b", token with { Id = 2 })])!;
        int from = 0;
        Assert.True(search.TryNext("ab", ref from, 0, out AddedTokenSearch.Match match));
        Assert.Equal(new AddedTokenSearch.Match(1, 2, 2), match);
    }

    /// <summary>Fingerprints contain the number, so no two sets of switches may share one.</summary>
    [Fact]
    public void EverySetOfSwitchesHasItsNumber()
    {
        for (int switches = 0; switches < 32; switches++)
        {
            AddedToken token = new("<a>", 1, IsSpecial: (switches & 1) == 0)
            {
                SingleWord = (switches & 2) != 0,
                LeftStrip = (switches & 4) != 0,
                RightStrip = (switches & 8) != 0,
                Normalized = (switches & 16) != 0,
            };
            Assert.Equal(switches, token.Switches);
            Assert.Equal((switches & 14) != 0, token.LooksAround);
        }
    }

    private static bool Finds(AddedTokenSearch search, string text)
    {
        int from = 0;
        return search.TryNext(text, ref from, 0, out _);
    }
}
