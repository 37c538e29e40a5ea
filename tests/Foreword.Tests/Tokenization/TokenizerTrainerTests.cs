using Foreword.Tokenization;
using Foreword.Tokenization.Words;

namespace Foreword.Tests.Tokenization;

/// <summary>Tests the settings that all trainers share.</summary>
public sealed class TokenizerTrainerTests
{
    [Fact]
    public void TheSmallestSettingsAreAllowed()
    {
        CharTrainer smallest = new() { VocabSize = 3, MinFrequency = 1, MaxBytes = 1, Threads = 1 };
        Assert.Equal(["b", "<unk>", "<|endoftext|>"], Texts(smallest.Train(["ba"], cancellationToken: TestContext.Current.CancellationToken)));
    }

    [Fact]
    public void SettingsBelowTheSmallestAreNamed()
    {
        Assert.Equal("minimum frequency is 0; it must be at least 1", Refusal(new() { MinFrequency = 0 }));
        Assert.Equal("the limit of the text is 0 bytes; it must be at least 1", Refusal(new() { MaxBytes = 0 }));
        Assert.Equal("the number of threads is 0; it must be at least 1", Refusal(new() { Threads = 0 }));
        Assert.Equal("vocabulary size is 1; it must be 2 to 2097152", Refusal(new() { VocabSize = 1 }));
        Assert.Equal("vocabulary size is 2097153; it must be 2 to 2097152", Refusal(new() { VocabSize = Tokenizer.MaxVocabulary + 1 }));
        Assert.Equal("a", Texts(new CharTrainer { VocabSize = Tokenizer.MaxVocabulary }.Train(["a"], cancellationToken: TestContext.Current.CancellationToken))[0]);

        static string Refusal(CharTrainer trainer) => Assert.Throws<ArgumentException>(() => trainer.Train(["a"], cancellationToken: TestContext.Current.CancellationToken)).Message;
    }

    /// <summary>The limit counts bytes of UTF-8. A text is cut only between characters, and nothing after the cut is read.</summary>
    [Theory]
    [InlineData(2, "ab")]
    [InlineData(3, "ab")]
    [InlineData(4, "ab\u00E9")]
    [InlineData(5, "abc\u00E9")]
    [InlineData(8, "abc\u00E9")]
    [InlineData(9, "abc\u00E9\U0001F600")]
    public void TheLimitOfTheTextEndsBetweenCharacters(long maxBytes, string characters)
    {
        CharTokenizer tokenizer = new CharTrainer { MaxBytes = maxBytes }.Train(["ab\u00E9", "c\U0001F600", "d"], cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(characters, string.Concat(Texts(tokenizer)[..^2]));
    }

    private static string[] Texts(Tokenizer tokenizer) => [.. Enumerable.Range(0, tokenizer.VocabSize).Select(tokenizer.TokenText)];
}
