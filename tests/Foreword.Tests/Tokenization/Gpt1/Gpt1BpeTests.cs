using System.Text;
using System.Text.Json;
using CsCheck;
using Foreword.Tokenization;
using Foreword.Tokenization.Catalog;
using Foreword.Tokenization.Gpt1;

namespace Foreword.Tests.Tokenization.Gpt1;

public sealed class Gpt1BpeTests
{
    private static readonly string Vocabulary = Fixtures.Path("gpt1-vocab");
    private static readonly Gpt1Bpe Gpt1 = (Gpt1Bpe)TokenizerFiles.Load(Vocabulary);

    [Fact]
    public void WordsTokensAndIdsAreTheReferencesOnEveryText()
    {
        foreach (JsonElement line in Gpt2.Lines("golden/tokenizers/gpt1.jsonl"))
        {
            string text = line.GetProperty("text").GetString()!;
            List<string> words = [];
            Gpt1Bpe.Split(text, Gpt1Words.Basic, word => words.Add(word.ToString()));
            Assert.Equal(line.GetProperty("words").EnumerateArray().Select(word => word.GetString()), words);
            int[] ids = Gpt1.Encode(text);
            Assert.Equal(line.GetProperty("ids").Numbers(), ids);
            string[] tokens = [.. line.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()!)];
            Assert.Equal(tokens.Select((token, i) => ids[i] == 0 ? Gpt1Bpe.Unknown : token), ids.Select(Gpt1.TokenText));
        }
    }

    [Fact]
    public void SingleWordsAreTheReferences()
    {
        foreach (JsonElement line in Gpt2.Lines("golden/tokenizers/gpt1-words.jsonl"))
            Assert.Equal(line.GetProperty("ids").Numbers(), Gpt1.EncodeWord(line.GetProperty("word").GetString()!));
    }

    [Fact]
    public void StandardizingIsOpenAis()
    {
        foreach (JsonElement line in Gpt2.Lines("golden/tokenizers/gpt1-standardize.jsonl"))
            Assert.Equal(line.GetProperty("openai").GetString(), Gpt1Standardize.Apply(line.GetProperty("text").GetString()!));
    }

    [Fact]
    public void StandardizedTextKeepsLineFeedsAsWords()
    {
        Gpt1Bpe standardizing = (Gpt1Bpe)BpeFiles.Read(Path.Combine(Vocabulary, "encoder_bpe_40000.json"), Path.Combine(Vocabulary, "vocab_40000.bpe"), Gpt1Words.Standardize);
        Assert.Equal([.. Gpt1.Encode("Chapter one -"), 40477, .. Gpt1.Encode("the rain")], standardizing.Encode("\nChapter one\u2014 \n\n The rain\n"));
        Assert.NotEqual(Gpt1.Fingerprint, standardizing.Fingerprint);
    }

    [Fact]
    public void DecodingPutsSpacesBetweenWords()
    {
        Assert.Equal("the quick brown fox , naive !", Gpt1.Decode(Gpt1.Encode("The quick\nbrown fox, naïve!")));
        Assert.Equal("fox ", Encoding.UTF8.GetString(Gpt1.TokenBytes(Gpt1.Encode("fox")[0])));
        Assert.Equal(40_478, Gpt1.VocabSize);
        Assert.Null(Gpt1.EndOfTextId);
    }

    [Fact]
    public void LostCharactersAreThoseOfUnknownPiecesAndThoseThatGo()
    {
        Assert.Empty(Gpt1.LostCharacters("Café, he said.\n"));
        Assert.Equal([new Rune(0), new Rune(0x4E2D), new Rune(0x1F600)], Gpt1.LostCharacters("a中\0😀中"));
        Assert.Equal([0, 0], Gpt1.Encode("中😀"));
    }

    [Fact]
    public void SpecialTokensAreFoundOnlyWhereTheyAreAllowed()
    {
        Assert.Equal([0], Gpt1.Encode("<unk>", allowSpecial: true));
        Assert.Equal([295, .. Gpt1.Encode("unk"), 290], Gpt1.Encode("<unk>"));
    }

    /// <summary>BERT's normalizer changes the text before such a token is searched for. OpenAI's standardization is no normalizer.</summary>
    [Theory]
    [InlineData(Gpt1Words.Basic, "ZOË", new[] { 3 })]
    [InlineData(Gpt1Words.Basic, "Zoë", new[] { 3 })]
    [InlineData(Gpt1Words.Standardize, "ZOË", new[] { 0, 0, 0 })]
    [InlineData(Gpt1Words.Standardize, "Zoë", new[] { 3 })]
    public void ANormalizedAddedTokenIsFoundAfterTheNormalizer(Gpt1Words words, string text, int[] ids)
    {
        AddedToken name = new("Zoë", 3, IsSpecial: false) { Normalized = true };
        Gpt1Bpe tokenizer = new([Gpt1Bpe.Unknown, "a", "a</w>", name.Text], [], [], words, [name], new HashSet<int>());
        Assert.Equal(ids, tokenizer.Encode(text));
        Assert.Equal([2, .. ids, 2], tokenizer.Encode($"a {text} a"));
    }

    /// <summary>An added token is found as a whole only. It does not make its character a symbol of words.</summary>
    [Fact]
    public void AnAddedTokenOfOneCharacterIsNotASymbol()
    {
        AddedToken added = new("b", 3, IsSpecial: false);
        Gpt1Bpe own = new([Gpt1Bpe.Unknown, "a", "a</w>", "b"], [], [], Gpt1Words.Basic, [], new HashSet<int>());
        Gpt1Bpe beyond = new([Gpt1Bpe.Unknown, "a", "a</w>", "b"], [], [], Gpt1Words.Basic, [added], new HashSet<int> { 3 });
        Assert.Equal([3, 2], own.EncodeWord("ba"));
        Assert.Equal([0, 2], beyond.EncodeWord("ba"));
        Assert.Empty(own.LostCharacters("ba"));
        Assert.Equal([new Rune('b')], beyond.LostCharacters("ba"));
    }

    /// <summary>A character outside the basic plane has two UTF-16 code units, also at the end of a word.</summary>
    [Fact]
    public void ACharacterOfTwoCodeUnitsIsASymbolInsideAWordAndAtItsEnd()
    {
        Gpt1Bpe tokenizer = new(["😀", "😀</w>", Gpt1Bpe.Unknown, "😎"], []);
        Assert.Equal([0, 0, 1], tokenizer.EncodeWord("😀😀😀"));
        Assert.Equal([3, 1], tokenizer.EncodeWord("😎😀"));
        Assert.Equal([0, 2], tokenizer.EncodeWord("😀😎")); // the vocabulary has it inside words only
        Assert.Equal([2], tokenizer.EncodeWord("😁"));
        Assert.Empty(tokenizer.LostCharacters("😎😀 😀"));
        Assert.Equal([new Rune(0x1F60E)], tokenizer.LostCharacters("😀😎"));
    }

    [Fact]
    public void ALongWordIsMergedLikeAShortOne() // the heap and the scan agree
    {
        string word = string.Concat(Enumerable.Repeat("internationalisation", 20));
        int[] ids = Gpt1.EncodeWord(word);
        Assert.Equal(word, string.Concat(ids.Select(Gpt1.TokenText)).Replace("</w>", ""));
        Assert.Equal(NaiveMerge(word), ids);
    }

    [Fact]
    public void AnyTextIsEncodedWithoutError() =>
        Gpt2.AnyText.Sample(text => Gpt1.Encode(text).All(id => id >= 0 && id < Gpt1.VocabSize)
            && (Gpt1.LostCharacters(text).Count > 0 || !Gpt1.Encode(text).Contains(0)));

    [Fact]
    public void SavedFilesGiveTheSameTokenizerInEveryFormat()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Gpt1.Save(directory.Path);
        Assert.Equal(Gpt1.Fingerprint, TokenizerFiles.Load(directory.Path).Fingerprint);
        File.Delete(directory.File("tokenizer.json"));
        Assert.Equal(Gpt1.Fingerprint, TokenizerFiles.Load(directory.Path).Fingerprint);
        Assert.Equal(File.ReadAllBytes(Path.Combine(Vocabulary, "vocab_40000.bpe")), File.ReadAllBytes(directory.File("merges.txt")));
        directory.Write("tokenizer_config.json", "{\"text_standardize\": true}");
        Assert.Equal(Gpt1Words.Standardize, ((Gpt1Bpe)TokenizerFiles.Load(directory.Path)).Words);
    }

    /// <summary>tokenizer.json cannot express the standardization, so one of an earlier tokenizer must not remain.</summary>
    [Fact]
    public void ASavedTokenizerKeepsItsStandardization()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Gpt1.Save(directory.Path);
        Gpt1Bpe standardizing = new([.. Enumerable.Range(0, Gpt1.VocabSize).Select(Gpt1.TokenText)], Gpt1.Merges, words: Gpt1Words.Standardize);
        standardizing.Save(directory.Path);
        Assert.False(File.Exists(directory.File("tokenizer.json")));
        Gpt1Bpe loaded = (Gpt1Bpe)TokenizerFiles.Load(directory.Path);
        Assert.Equal((Gpt1Words.Standardize, standardizing.Fingerprint), (loaded.Words, loaded.Fingerprint));
        Assert.NotEqual(Gpt1.Fingerprint, loaded.Fingerprint);
    }

    [Theory]
    [InlineData("{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}", null)] // the form in which transformers 5 saves GPT-1's tokenizer
    [InlineData("{\"SpecialToken\":{\"id\":\"<s>\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}", "post_processor.special_tokens: has no <s>")]
    public void ATemplateOfTheTextAloneChangesNothingAndOneOfAnUnknownTokenIsRefused(string parts, string? sentence)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Gpt1.Save(directory.Path);
        string path = directory.File("tokenizer.json"), before = File.ReadAllText(path);
        File.WriteAllText(path, before.Replace("\"post_processor\": null", $"\"post_processor\": {{\"type\":\"TemplateProcessing\",\"single\":[{parts}],\"special_tokens\":{{}}}}", StringComparison.Ordinal));
        Assert.NotEqual(before, File.ReadAllText(path));
        if (sentence is null)
            Assert.Equal(Gpt1.Fingerprint, TokenizerFiles.Load(directory.Path).Fingerprint);
        else
            Assert.Contains(sentence, Assert.Throws<InvalidDataException>(() => TokenizerFiles.Load(directory.Path)).Message);
    }

    [Theory]
    [InlineData("\"lowercase\": true", "\"lowercase\": false", "lowercase = false")]
    [InlineData("\"BertPreTokenizer\"", "\"Whitespace\"", "pre_tokenizer Whitespace")]
    [InlineData("\"BertNormalizer\"", "\"NFKC\"", "normalizer NFKC")]
    [InlineData("\"clean_text\": true", "\"clean_text\": false", "clean_text = false")]
    [InlineData("\"end_of_word_suffix\": \"</w>\"", "\"end_of_word_suffix\": \"</x>\"", "end_of_word_suffix '</x>'")]
    [InlineData("\"unk_token\": \"<unk>\"", "\"unk_token\": null", "unk_token null")]
    public void WhatCannotBeRepresentedIsRefusedByName(string part, string other, string named)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Gpt1.Save(directory.Path);
        string json = File.ReadAllText(directory.File("tokenizer.json"));
        Assert.Contains(part, json);
        directory.Write("tokenizer.json", json.Replace(part, other));
        Assert.Contains(named, Assert.Throws<NotSupportedException>(() => TokenizerFiles.Load(directory.Path)).Message);
    }

    /// <summary>Merges the pair with the lowest rank first, and the leftmost of equal ones, by scanning the whole word for each merge.</summary>
    private static List<int> NaiveMerge(string word)
    {
        Dictionary<(int, int), int> ranks = Gpt1.Merges.Select((merge, rank) => (merge, rank)).ToDictionary(m => (m.merge.Left, m.merge.Right), m => m.rank);
        Dictionary<string, int> idOf = Enumerable.Range(0, Gpt1.VocabSize).ToDictionary(Gpt1.TokenText);
        List<int> ids = [.. word.Select((letter, i) => idOf[i == word.Length - 1 ? $"{letter}</w>" : $"{letter}"])];
        while (true)
        {
            int best = -1;
            for (int i = 0; i + 1 < ids.Count; i++)
            {
                if (ranks.TryGetValue((ids[i], ids[i + 1]), out int rank) && (best < 0 || rank < ranks[(ids[best], ids[best + 1])]))
                    best = i;
            }

            if (best < 0)
                return ids;
            ids[best] = Gpt1.Merges[ranks[(ids[best], ids[best + 1])]].Result;
            ids.RemoveAt(best + 1);
        }
    }
}
