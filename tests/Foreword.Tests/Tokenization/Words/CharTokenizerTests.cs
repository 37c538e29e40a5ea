using System.Text;
using CsCheck;
using Foreword.Tokenization;
using Foreword.Tokenization.Catalog;
using Foreword.Tokenization.Words;

namespace Foreword.Tests.Tokenization.Words;

public sealed class CharTokenizerTests
{
    private static readonly CharTokenizer Small = new(["\n", " ", "a", "b", "é", "😀", "<unk>", "<|endoftext|>"]);

    [Fact]
    public void EachCodePointIsOneToken()
    {
        Assert.Equal([2, 1, 4, 5, 0, 3], Small.Encode("a é😀\nb"));
        Assert.Equal("a é😀\nb", Small.Decode([2, 1, 4, 5, 0, 3]));
        Assert.Equal(7, Small.EndOfTextId);
    }

    [Fact]
    public void UnknownCharactersAreReportedAndBecomeUnknownOrNothing()
    {
        Assert.Equal([2, 6, 6, 3], Small.Encode("ax🎈b"));
        Assert.Equal([new Rune('x'), new Rune(0x1F388)], Small.LostCharacters("ax🎈bx"));
        CharTokenizer bare = new(["a", "b"]);
        Assert.Equal([0, 1], bare.Encode("ax\ud800b"));
        Assert.Equal([new Rune('x'), Rune.ReplacementChar], bare.LostCharacters("ax\ud800b"));
        Assert.Null(bare.EndOfTextId);
    }

    [Fact]
    public void SpecialTokensAreFoundOnlyWhereTheyAreAllowed()
    {
        Assert.Equal([2, 7, 3], Small.Encode("a<|endoftext|>b", allowSpecial: true));
        Assert.Equal(15, Small.Encode("a<|endoftext|>b").Length);
    }

    [Fact]
    public void TrainingGivesTheIdsOfNanoGpt()
    {
        CharTokenizer tokenizer = new CharTrainer().Train(["hello", " world\n", "a😀"]);
        Assert.Equal("\n adehlorw😀", string.Concat(Enumerable.Range(0, tokenizer.VocabSize - 2).Select(tokenizer.TokenText)));
        Assert.Equal(["<unk>", "<|endoftext|>"], [tokenizer.TokenText(tokenizer.VocabSize - 2), tokenizer.TokenText(tokenizer.VocabSize - 1)]);
    }

    [Fact]
    public void ASmallVocabularyKeepsTheMostFrequentCharacters()
    {
        CharTokenizer tokenizer = new CharTrainer { VocabSize = 4 }.Train(["zzzyyx"]);
        Assert.Equal(["y", "z", "<unk>", "<|endoftext|>"], Enumerable.Range(0, 4).Select(tokenizer.TokenText));
        Assert.Equal(4, new CharTrainer { MinFrequency = 2 }.Train(["zzzyyx"]).VocabSize);
        Assert.Contains("contains no characters", Assert.Throws<ArgumentException>(() => new CharTrainer().Train([""])).Message);
    }

    [Fact]
    public void WhatItWasTrainedOnComesBack() =>
        Gen.Select(Gpt2.AnyText, Gen.Int[1, 3]).Where((text, _) => text.Length > 0).Sample((text, threads) =>
        {
            CharTokenizer tokenizer = new CharTrainer { Threads = threads }.Train([text]);
            string repaired = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)); // a lone surrogate becomes U+FFFD
            return tokenizer.LostCharacters(text).Count == 0 && tokenizer.Decode(tokenizer.Encode(text)) == repaired;
        });

    [Fact]
    public void SavedFilesGiveTheSameTokenizer()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Small.Save(directory.Path);
        Tokenizer loaded = TokenizerFiles.Load(directory.Path);
        Assert.Equal((Small.Fingerprint, "char"), (loaded.Fingerprint, loaded.Kind));
        Assert.Equal(Small.Encode("a é😀\nb?"), loaded.Encode("a é😀\nb?"));
    }

    [Theory]
    [InlineData("\"Isolated\"", "\"Removed\"", "Split at")]
    [InlineData("[\\\\s\\\\S]", "\\\\w+", "Split at '\\w+'")]
    [InlineData("\"normalizer\": null", "\"normalizer\": {\"type\": \"NFC\"}", "normalizer NFC")]
    [InlineData("\"type\": \"WordLevel\"", "\"type\": \"Unigram\"", "model Unigram")]
    public void WhatCannotBeRepresentedIsRefusedByName(string part, string other, string named)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Small.Save(directory.Path);
        string file = directory.File("tokenizer.json");
        string json = File.ReadAllText(file);
        Assert.Contains(part, json);
        File.WriteAllText(file, json.Replace(part, other));
        Assert.Contains(named, Assert.Throws<NotSupportedException>(() => TokenizerFiles.Load(directory.Path)).Message);
    }

    [Fact]
    public void AnEntryOfTwoCharactersIsRefused() =>
        Assert.Contains("'ab' is not one character", Assert.Throws<ArgumentException>(() => new CharTokenizer(["a", "ab"])).Message);
}
