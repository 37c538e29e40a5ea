using Foreword.Tasks;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Catalog;

namespace Foreword.Tests.Tasks;

public sealed class TextTokensTests
{
    private static readonly Tokenizer ByteLevel = new BpeTrainer { VocabSize = 300 }.Train([File.ReadAllText(Fixtures.Path("golden/tokenizers/bpe-train-corpus.txt"))]);

    [Theory]
    [InlineData("The mill was built in 1704.")]
    [InlineData("高塔 \U0001F600 größer, 17米")]
    [InlineData("a\n\n  b")]
    public void TokensOfBytesHaveTheirCharacters(string text)
    {
        TextTokens tokens = TextTokens.Of(ByteLevel, text);
        Assert.Equal(ByteLevel.Encode(text), tokens.Ids);
        Assert.Equal(Enumerable.Range(0, text.Length), tokens.Ranges.SelectMany(range => Enumerable.Range(range.Start, range.End - range.Start)).Distinct());
        Assert.All(tokens.Ranges, range => Assert.False(char.IsLowSurrogate(text[range.Start])));
    }

    [Fact]
    public void ACharacterInSeveralTokensBelongsToEach()
    {
        Tokenizer bytes = new BpeTrainer { VocabSize = 257 }.Train(["a"]);
        Assert.Equal([(0, 1), (1, 2), (1, 2), (1, 2), (2, 4), (2, 4), (2, 4), (2, 4)], TextTokens.Of(bytes, "a米\U0001F600").Ranges);
    }

    [Fact]
    public void OtherTokenizersHaveTheCharactersOfAPiece()
    {
        Tokenizer chinese = TokenizerFiles.Load(Fixtures.Path("bert-chinese-vocab"));
        const string Text = "The Mühle, 你好";
        TextTokens tokens = TextTokens.Of(chinese, Text);
        Assert.Equal(["The", "Mühle", ",", "你", "好"], tokens.Ranges.Distinct().Select(range => Text[range.Start..range.End]));
        Assert.Equal(chinese.Encode(Text), tokens.Ids);
    }
}
