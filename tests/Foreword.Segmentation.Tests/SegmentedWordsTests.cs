using System.Text;
using Foreword.Tokenization;
using Foreword.Tokenization.Catalog;

namespace Foreword.Segmentation.Tests;

public sealed class SegmentedWordsTests
{
    private static readonly string[] Tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "我", "来到", "北京", "清华大学", "。", "学", "而", "hello", " ", "大"];

    private static readonly SegmentedWords Words = new(Tokens, new JiebaWords());

    static SegmentedWordsTests() => SegmentedWordsModule.Register(new Spaces());

    /// <summary>The words that jieba's own README shows for this sentence.</summary>
    [Fact]
    public void WordsAreThoseOfJiebasDictionary()
    {
        Assert.Equal(["我", "来到", "北京", "清华大学"], new JiebaWords().Words("我来到北京清华大学"));
        Assert.Equal([5, 6, 7, 8, 9], Words.Encode("我来到北京清华大学。"));
        Assert.Equal("我来到北京清华大学。", Words.Decode([5, 6, 7, 8, 9]));
    }

    [Theory]
    [InlineData("hello world 3.14，“你好”！\tABC-def 😀𠀀a　学而时习之")]
    [InlineData("")]
    public void WordsJoinedAreTheText(string text)
    {
        string[] words = [.. new JiebaWords().Words(text)];
        Assert.Equal(text, string.Concat(words));
        Assert.DoesNotContain(words, word => char.IsLowSurrogate(word[0]) || char.IsHighSurrogate(word[^1]));
    }

    [Fact]
    public void AWordOutsideTheVocabularyBecomesItsEntriesAndAnUnknownCharacterUnk()
    {
        Assert.Equal([14, 10, 9], Words.Encode("大学。")); // 大学 is a word of the dictionary
        Assert.Equal([12, 13, 12], Words.Encode("hello hello"));
        Assert.Equal([10, 1, 1], Words.Encode("学𠀀\t\ud800")); // a tab outside the vocabulary is omitted
        Assert.Equal([new Rune(0xFFFD), new Rune(0x20000)], Words.LostCharacters("学𠀀\t\ud800\n"));
        Assert.Empty(Words.LostCharacters("我来到大学。\r\n"));
    }

    [Fact]
    public void ALineBreakIsSepAndADocumentEndsWithCls()
    {
        Assert.Equal([10, 3, 3, 11], Words.Encode("学\r\n\n而"));
        Assert.Equal("学\n\n而", Words.Decode([10, 3, 3, 11]));
        Assert.Equal((2, 1), (Words.EndOfTextId, Words.UnknownId));
        Assert.Equal([4, 10, 2], Words.Encode("[MASK]学[CLS]", allowSpecial: true));
        Assert.Equal("\n\n", Encoding.UTF8.GetString(Words.WrittenBytes(10, 2)));
        Assert.Equal("", Encoding.UTF8.GetString(Words.WrittenBytes(-1, 4)));
    }

    [Fact]
    public void TheVocabularyHasTheMostFrequentWords()
    {
        TokenizerTrainer trainer = TrainerCatalog.Kinds["zh-word"] with { VocabSize = 8 };
        Tokenizer trained = trainer.Train(["北京。\n北京大学。", "我来到北京。"], null, TestContext.Current.CancellationToken);
        Assert.Equal(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "。", "北京", "北京大学"], Enumerable.Range(0, trained.VocabSize).Select(trained.TokenText));
        Assert.Equal(10, (trainer with { VocabSize = 0 }).Train(["北京。\n北京大学。", "我来到北京。"], null, TestContext.Current.CancellationToken).VocabSize);
        Assert.Throws<ArgumentException>(() => trainer.Train(["\n"], null, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void NewSpecialTokensHaveTheNextIdsAndOutliveTheFiles()
    {
        Tokenizer more = Words.WithSpecialTokens(["<|im_start|>", "[SEP]"]);
        Assert.Equal([Tokens.Length, 5, 6], more.Encode("<|im_start|>我来到", allowSpecial: true));
        Assert.Equal(Words.Encode("<|im_start|>"), more.Encode("<|im_start|>"));
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        more.Save(directory.Path);
        Tokenizer again = Tokenizer.Load(directory.Path);
        Assert.Equal((more.Fingerprint, more.VocabSize), (again.Fingerprint, again.VocabSize));
        Assert.Equal([Tokens.Length, 5, 6], again.Encode("<|im_start|>我来到", allowSpecial: true));
    }

    [Fact]
    public void SavedFilesGiveTheSameTokenizer()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Words.Save(directory.Path);
        Assert.Equal(string.Join('\n', Tokens) + "\n", File.ReadAllText(directory.File("vocab_seg.txt")));
        SegmentedWords again = (SegmentedWords)Tokenizer.Load(directory.Path);
        Assert.Equal((Words.Fingerprint, Words.EndOfTextId, "jieba.NET 0.42.2"), (again.Fingerprint, again.EndOfTextId, again.SegmenterName));
        Assert.Equal(Words.Encode("我来到大学"), again.Encode("我来到大学"));

        File.Delete(directory.File("tokenizer_config.json")); // GPT2-Chinese has the vocabulary only
        Assert.Equal(Words.Fingerprint, Tokenizer.Load(directory.Path).Fingerprint);
    }

    /// <summary>The name that files record changes with the dictionary.</summary>
    [Fact]
    public void TheNameOfTheSegmenterHasTheVersionOfItsLibrary() =>
        Assert.Equal($"jieba.NET {typeof(JiebaNet.Segmenter.JiebaSegmenter).Assembly.GetName().Version!.ToString(3)}", new JiebaWords().Name);

    [Fact]
    public void AnotherSegmenterIsReadByItsName()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        SegmentedWords spaced = new(["[UNK]", "ab", "c", " "], new Spaces());
        spaced.Save(directory.Path);
        Tokenizer again = Tokenizer.Load(directory.Path);
        Assert.Equal([1, 3, 2], again.Encode("ab c"));
        Assert.Equal((spaced.Fingerprint, (int?)null), (again.Fingerprint, again.EndOfTextId));
        Assert.NotEqual(spaced.Fingerprint, new SegmentedWords(["[UNK]", "ab", "c", " "], new JiebaWords()).Fingerprint);
        string config = File.ReadAllText(directory.File("tokenizer_config.json"));
        directory.Write("tokenizer_config.json", config.Replace("spaces", "thulac", StringComparison.Ordinal));
        Assert.Contains("segmenter 'thulac'", Assert.Throws<NotSupportedException>(() => Tokenizer.Load(directory.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[UNK]\na\n\nb\n", "vocab_seg.txt:3: token 2 is empty")]
    [InlineData("[UNK]\na\na\n", "vocab_seg.txt:3: token 'a' occurs twice")]
    [InlineData("a\nb\n", "special token '[UNK]' is not in the vocabulary")]
    public void AMalformedVocabularyIsNamedWithItsLine(string text, string sentence)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        directory.Write("vocab_seg.txt", text);
        Assert.Contains(sentence, Assert.Throws<InvalidDataException>(() => Tokenizer.Load(directory.Path)).Message, StringComparison.Ordinal);
    }

    /// <summary>A segmenter of words between spaces. The spaces are words, too.</summary>
    private sealed class Spaces : IWordSegmenter
    {
        public string Name => "spaces";

        public IEnumerable<string> Words(string text) => text.Split(' ').SelectMany((word, i) => i == 0 ? [word] : new[] { " ", word });
    }
}
