using System.Text;
using CsCheck;
using Foreword.Tokenization;
using Foreword.Tokenization.Catalog;
using Foreword.Tokenization.Words;

namespace Foreword.Tests.Tokenization.Words;

public sealed class WordTokenizerTests
{
    private static readonly WordTokenizer Small = new(["<unk>", "<eos>", "the", "cat", ","]);

    [Fact]
    public void WordsStandBetweenWhiteSpaceAndALineEndsWithEos()
    {
        Assert.Equal([2, 3, 4, 1, 2, 0, 1], Small.Encode("the cat\u2003 ,\r\nthe dog\n"));
        Assert.Equal("the cat ,\nthe <unk>\n", Small.Decode([2, 3, 4, 1, 2, 0, 1]));
        Assert.Equal(1, Small.EndOfTextId);
    }

    [Fact]
    public void AnyWordCanHaveTheFirstId()
    {
        WordTokenizer tokenizer = new(["the", "<unk>", "<eos>"]);
        Assert.Equal([0, 1, 0, 2], tokenizer.Encode("the dog the\n"));
        Assert.Equal("dgo", string.Concat(tokenizer.LostCharacters("the dog\n")));
    }

    /// <summary>In a text for training, the text of a special token is not a word, because the vocabulary contains it already.</summary>
    [Fact]
    public void SpecialTokensAreNotCountedAsWords()
    {
        WordTokenizer tokenizer = new WordTrainer().Train(["a <eos> <unk> a\n"]);
        Assert.Equal(["<unk>", "<eos>", "a"], Enumerable.Range(0, tokenizer.VocabSize).Select(tokenizer.TokenText));
    }

    [Fact]
    public void CharactersOfUnknownWordsAreLost() =>
        Assert.Equal("dgox", string.Concat(Small.LostCharacters("the dog , gox\n")));

    [Fact]
    public void SpecialTokensAreWordsUnlessTheyAreAllowed()
    {
        Assert.Equal([2, 0, 3], Small.Encode("the <eos> cat"));
        Assert.Equal([2, 1, 3], Small.Encode("the <eos> cat", allowSpecial: true));
    }

    [Fact]
    public void TheVocabularyIsByFrequencyThenByText()
    {
        WordTokenizer tokenizer = new WordTrainer { VocabSize = 5 }.Train(["b a b\na c", "a\nd c"]);
        Assert.Equal(["<unk>", "<eos>", "a", "b", "c"], Enumerable.Range(0, 5).Select(tokenizer.TokenText));
        Assert.Equal(3, new WordTrainer { MinFrequency = 3 }.Train(["b a b\na c", "a\nd c"]).VocabSize);
        Assert.Contains("contains no words", Assert.Throws<ArgumentException>(() => new WordTrainer().Train([" \n"])).Message);
    }

    [Fact]
    public void WhatItWasTrainedOnComesBackWithSingleSpaces() =>
        Gen.Select(Gen.String[Gen.Char["ab ,\n\téé"], 0, 40], Gen.Int[1, 3]).Where((text, _) => text.Any(c => !char.IsWhiteSpace(c))).Sample((text, threads) =>
        {
            WordTokenizer tokenizer = new WordTrainer { Threads = threads }.Train([text]);
            string single = string.Join('\n', text.Split('\n').Select(line => string.Join(' ', line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))));
            return tokenizer.LostCharacters(text).Count == 0 && tokenizer.Decode(tokenizer.Encode(text)) == single;
        });

    [Fact]
    public void ALoneSurrogateIsTheReplacementCharacter()
    {
        WordTokenizer tokenizer = new WordTrainer().Train(["a\ufffd b"]);
        Assert.Equal(tokenizer.Encode("a\ufffd"), tokenizer.Encode("a\udc00"));
        Assert.Equal([Rune.ReplacementChar], tokenizer.LostCharacters("\ud800"));
    }

    [Fact]
    public void SavedFilesGiveTheSameTokenizer()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Small.Save(directory.Path);
        Tokenizer loaded = TokenizerFiles.Load(directory.Path);
        Assert.Equal((Small.Fingerprint, "word"), (loaded.Fingerprint, loaded.Kind));
        Assert.Equal(Small.Encode("the dog\n, cat"), loaded.Encode("the dog\n, cat"));
    }

    [Theory]
    [InlineData("\" <eos> \"", "\" </s> \"", "normalizer Replace")]
    [InlineData("\"WhitespaceSplit\"", "\"Whitespace\"", "pre_tokenizer Whitespace")]
    [InlineData("\"unk_token\": \"<unk>\"", "\"unk_token\": \"[UNK]\"", "unk_token '[UNK]'")]
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
}
