using System.Text;
using Foreword.Tokenization.Normalization;

namespace Foreword.Tests.Tokenization.Normalization;

/// <summary>
/// Tests single characters at the ends of the ranges that BERT's basic tokenizer distinguishes. The references with whole texts are in
/// golden/tokenizers/huggingface.jsonl.
/// </summary>
public sealed class BasicSplitTests
{
    private static readonly BasicSplit Cased = BasicSplit.Of(lowerCase: false, stripAccents: false, separateIdeographs: true);

    [Theory]
    [InlineData(0x3400, 0x4DBF)]
    [InlineData(0x4E00, 0x9FFF)]
    [InlineData(0xF900, 0xFAFF)]
    [InlineData(0x20000, 0x2A6DF)]
    [InlineData(0x2A700, 0x2CEAF)]
    [InlineData(0x2F800, 0x2FA1F)]
    public void IdeographsStandInTheBlocksOfBert(int first, int last)
    {
        Assert.True(BasicSplit.IsIdeograph(new Rune(first)));
        Assert.True(BasicSplit.IsIdeograph(new Rune(last)));
        Assert.False(BasicSplit.IsIdeograph(new Rune(first - 1)));
        Assert.False(BasicSplit.IsIdeograph(new Rune(last + 1)));
    }

    /// <summary>Every mark of ASCII, and punctuation of each of Unicode's categories from Pc to Po.</summary>
    [Fact]
    public void PunctuationIsAWordOfItsOwn()
    {
        const string Ascii = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
        foreach (char mark in Ascii + "\u203F\u2010\u0F3A\u0F3B\u00AB\u00BB\u00BF")
            Assert.Equal(["a", $"{mark}", "b"], Words($"a{mark}b"));
        foreach (Rune mark in ((int[])[0x10100, 0x1039F]).Select(point => new Rune(point)))
            Assert.Equal(["a", $"{mark}", "b"], Words($"a{mark}b"));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("z")]
    [InlineData("\u20AC")] // a currency sign
    [InlineData("\u00B1")] // a sign of mathematics
    [InlineData("\u3042")] // Hiragana
    [InlineData("\U0001F600")]
    public void OtherCharactersBelongToTheWordAroundThem(string character) => Assert.Equal([$"a{character}b"], Words($"a{character}b"));

    [Theory]
    [InlineData(" ")]
    [InlineData("\t")]
    [InlineData("\n")]
    [InlineData("\r")]
    [InlineData("\u00A0")]
    [InlineData("\u3000")]
    public void WhiteSpaceSeparates(string space)
    {
        Assert.Equal(["a", "b"], Words($"a{space}b"));
        Assert.Equal("a b", Cased.Normalize($"a{space}b"));
    }

    /// <summary>NUL, controls, a format character, private use, an unassigned code point, U+FFFD and a lone surrogate.</summary>
    [Theory]
    [InlineData("\0")]
    [InlineData("\u0001")]
    [InlineData("\u007F")]
    [InlineData("\u0085x\u0085", "axb")]
    [InlineData("\u200B")]
    [InlineData("\uE000")]
    [InlineData("\u0378")]
    [InlineData("\uFFFD")]
    [InlineData("\uD800")]
    [InlineData("\U000E0001")]
    public void CharactersWithoutAFormAreDropped(string dropped, string left = "ab")
    {
        Assert.Equal([left], Words($"a{dropped}b"));
        Assert.Equal(left, Cased.Normalize($"a{dropped}b"));
        DistinctRunes lost = new();
        BasicSplit.AddDropped($"a{dropped}b ~", lost);
        Assert.Equal([dropped.EnumerateRunes().First()], lost.Sorted);
    }

    [Fact]
    public void TheSwitchesChangeLettersAndIdeographs()
    {
        const string Text = "\u00C9a\u4E00b \U0001D400\u0130 \u0340";
        Assert.Equal("\u00C9a \u4E00 b \U0001D400\u0130 \u0340", Cased.Normalize(Text));
        Assert.Equal("\u00C9a\u4E00b \U0001D400\u0130 \u0340", BasicSplit.Of(false, false, false).Normalize(Text));
        Assert.Equal("\u00E9a\u4E00b \U0001D400i\u0307 \u0340", BasicSplit.Of(true, false, false).Normalize(Text));
        Assert.Equal("Ea\u4E00b \U0001D400I ", BasicSplit.Of(false, true, false).Normalize(Text));
        Assert.Equal("ea \u4E00 b \U0001D400i ", BasicSplit.Uncased.Normalize(Text));
        Assert.Equal(["ea", "\u4E00", "b", "\U0001D400i"], Words(Text, BasicSplit.Uncased));
        Assert.Equal(["\u00E9a\u4E00b", "\U0001D400i\u0307", "\u0340"], Words(Text, BasicSplit.Of(true, false, false)));
    }

    /// <summary>A canonical decomposition can begin with punctuation: U+037E is the semicolon, U+1FEF the grave accent.</summary>
    [Fact]
    public void WhatBecomesPunctuationIsAWordOfItsOwn()
    {
        Assert.Equal(["a", ";", "b", "`"], Words("a\u037Eb\u1FEF", BasicSplit.Uncased));
        Assert.Equal(["a", "\U00020122", "b"], Words("a\U0002F803b", BasicSplit.Uncased)); // an ideograph of two code units
    }

    private static List<string> Words(string text, BasicSplit? split = null)
    {
        List<string> words = [];
        (split ?? Cased).Words(text, word => words.Add(word.ToString()));
        return words;
    }
}
