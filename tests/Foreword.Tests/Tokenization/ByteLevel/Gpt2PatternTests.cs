using CsCheck;
using Foreword.Tokenization.ByteLevel;

namespace Foreword.Tests.Tokenization.ByteLevel;

public sealed class Gpt2PatternTests
{
    [Theory]
    [InlineData("don't DON'T we'll'll x's", "don|'t| DON|'|T| we|'ll|'ll| x|'s")]
    [InlineData("''s !'s 'l 'v", "''|s| !'|s| '|l| '|v")]
    [InlineData("a  b   ", "a| | b|   ")]
    [InlineData("a \n\n b\n", "a| \n\n| b|\n")]
    [InlineData("\t\tx\t y", "\t|\t|x|\t| y")]
    [InlineData("x1y２½Ⅷ", "x|1|y|２½Ⅷ")]
    [InlineData(" 𝐀𝐛c 𝟘𝟙2 🤗!", " 𝐀𝐛c| 𝟘𝟙2| 🤗!")] // letters, digits and a symbol above U+FFFF
    [InlineData("a\u0085b\u00A0c\u3000d\u2028e", "a|\u0085|b|\u00A0|c|\u3000|d|\u2028|e")] // white space outside ASCII
    [InlineData("a\u001Cb\u200Bc\u180Ed\uFEFFe", "a|\u001C|b|\u200B|c|\u180E|d|\uFEFF|e")] // none of these is white space
    [InlineData("e\u0301e", "e|\u0301|e")] // a combining mark is not a letter
    public void TextIsSplitAsGpt2Does(string text, string chunks) => Assert.Equal(chunks.Split('|'), Gpt2.Chunks(text));

    [Fact]
    public void ALoneSurrogateIsASymbol() => Assert.Equal([" \uD800!", "a", "\uDC00\uD800", " b"], Gpt2.Chunks(" \uD800!a\uDC00\uD800 b"));

    [Fact]
    public void EveryGoldenTextHasTheGoldenChunks()
    {
        foreach (System.Text.Json.JsonElement line in Gpt2.Lines("golden/tokenizers/gpt2.jsonl"))
            Assert.Equal(line.GetProperty("chunks").Strings(), Gpt2.Chunks(line.GetProperty("text").GetString()!));
    }

    [Fact]
    public void ChunksOfARepairedTextAreTheChunksOfTheText() =>
        Gpt2.AnyText.Sample(text => string.Concat(Gpt2.Chunks(text)) == text
            && Gpt2.Chunks(Gpt2.Repaired(text)).SequenceEqual(Gpt2.Chunks(text).Select(Gpt2.Repaired)));

    [Fact]
    public void AStartOutsideTheTextIsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Gpt2Pattern.ChunkEnd("abc", 3));
}
