using System.Text;
using System.Text.Json;
using CsCheck;
using Foreword.Tokenization;
using Foreword.Tokenization.Catalog;
using Foreword.Tokenization.WordPieces;

namespace Foreword.Tests.Tokenization.WordPieces;

public sealed class WordPieceTests
{
    private static readonly WordPiece Chinese = (WordPiece)TokenizerFiles.Load(Fixtures.Path("bert-chinese-vocab"));

    private static readonly WordPiece Small = new(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##aff", "##able", "##a", "你", "好", ",", "##ff", "Un"]);

    [Fact]
    public void TheLongestPieceFromTheLeftIsTaken()
    {
        Assert.Equal([4, 5, 6, 10, 8, 9], Small.Encode("Unaffable, 你好"));
        Assert.Equal([1, 4], Small.Encode("unaffx un")); // a word whose end is not in the vocabulary is unknown as a whole
        Assert.Equal([12, 5, 6], new WordPiece([.. Enumerable.Range(0, Small.VocabSize).Select(Small.TokenText)], lowerCase: false).Encode("Unaffable"));
    }

    [Fact]
    public void LinesOfTheVocabularyEndAtLineFeedsAlone()
    {
        Assert.Equal(21_128, Chinese.VocabSize);
        Assert.Equal("\u2028", Chinese.TokenText(343));
        Assert.Equal("##\u2028", Chinese.TokenText(13_502));
        Assert.Equal((100, 101, 102), (Chinese.Encode("[UNK]", true)[0], Chinese.Encode("[CLS]", true)[0], Chinese.EndOfTextId!.Value));
    }

    [Fact]
    public void ChineseIsOneTokenACharacterAndLatinWordsArePieces()
    {
        int[] ids = Chinese.Encode("我喜欢 Transformer 模型！");
        Assert.Equal("我,喜,欢,t,##ran,##s,##form,##er,模,型,！", string.Join(',', ids.Select(Chinese.TokenText)));
        Assert.Equal("我喜欢transformer模型！", Chinese.Decode(ids));
    }

    [Fact]
    public void IdsAreThoseOfHuggingFacesTokenizersOnEveryText()
    {
        foreach (JsonElement line in Gpt2.Lines("bert-chinese-vocab/ids.jsonl"))
            Assert.Equal(line.GetProperty("ids").Numbers(), Chinese.Encode(line.GetProperty("text").GetString()!));
    }

    [Fact]
    public void OneCharacterOneTokenTakesTextAsItIs()
    {
        WordPiece characters = new([.. Enumerable.Range(0, Small.VocabSize).Select(Small.TokenText), "U", "n"], units: WordPieceUnits.Characters);
        Assert.Equal([13, 14, 1, 8, 1], characters.Encode("Un 你😀"));
        Assert.Equal("Un[UNK]你", characters.Decode([13, 14, 1, 8]));
        Assert.Equal([new Rune(' '), new Rune(0x1F600)], characters.LostCharacters("Un 你😀"));

        WordPiece controls = new(["[UNK]", " ", "\u0001", "U", "##", "U!"], true, WordPieceUnits.Characters, [new AddedToken("U!", 5) { Normalized = true }], new HashSet<int>());
        Assert.Equal([1, 3, 2, 5], controls.Encode(" U\u0001U!", allowSpecial: true));
        Assert.Equal(" U\u0001", controls.Decode([1, 3, 2]));
        Assert.Empty(controls.LostCharacters(" U\u0001"));
    }

    [Theory]
    [InlineData("I like GPT, and (you) like 2 of 10", "i like gpt, and(you) like 2 of 10")]
    [InlineData("2020年5月10日 at 3。hello", "2020年5月10日at 3。hello")]
    [InlineData("a《b》c [d", "a《b》c[d")]
    public void WordsHaveSpacesExceptNextToEastAsianCharacters(string text, string decoded) => Assert.Equal(decoded, Chinese.Decode(Chinese.Encode(text)));

    /// <summary>
    /// transformers' BertTokenizer puts [CLS] and [SEP] around a text. The class is named in tokenizer_config.json or, as in the released Chinese GPT-2
    /// models, in config.json.
    /// </summary>
    [Theory]
    [InlineData("tokenizer_config.json", "{\"tokenizer_class\": \"BertTokenizer\"}", true)]
    [InlineData("config.json", "{\"model_type\": \"gpt2\", \"tokenizer_class\": \"BertTokenizer\"}", true)]
    [InlineData("config.json", "{\"model_type\": \"gpt2\"}", false)]
    [InlineData("tokenizer_config.json", "{\"tokenizer_class\": \"GPT2Tokenizer\"}", false)]
    public void TheClassOfTheTokenizerSaysWhetherATextBeginsWithCls(string file, string json, bool around)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        directory.Write("vocab.txt", string.Join('\n', Enumerable.Range(0, Small.VocabSize).Select(Small.TokenText)) + "\n");
        directory.Write(file, json);
        Tokenizer tokenizer = TokenizerFiles.Load(directory.Path);
        Assert.Equal(around ? [2, 8, 9, 3] : [8, 9], tokenizer.EncodeWithTemplate("你好"));
        Assert.Equal(around ? 2 : 3, tokenizer.StartOfTextId);
        Assert.Equal(3, tokenizer.EndOfTextId);
        Assert.Equal(around, tokenizer.Fingerprint != Small.Fingerprint); // [CLS] begins a document

        using TemporaryDirectory saved = Fixtures.NewDirectory();
        tokenizer.Save(saved.Path);
        foreach (string deleted in (string[])["config.json", "tokenizer.json"])
        {
            File.Delete(saved.File(deleted));
            Tokenizer again = TokenizerFiles.Load(saved.Path);
            Assert.Equal((tokenizer.Fingerprint, tokenizer.StartOfTextId, tokenizer.EndOfTextId), (again.Fingerprint, again.StartOfTextId, again.EndOfTextId));
            Assert.Equal(tokenizer.EncodeWithTemplate("你好"), again.EncodeWithTemplate("你好"));
        }
    }

    /// <summary>GPT2-Chinese's articles are [MASK] text [CLS] (train.py, build_files).</summary>
    [Theory]
    [InlineData("")]
    [InlineData("\"tokenizer_class\": \"BertTokenizer\", ")]
    public void FilesMayNameTheEndsOfGpt2ChinesesArticles(string first)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        directory.Write("vocab.txt", "[UNK]\n[CLS]\n[SEP]\n[MASK]\n你\n");
        directory.Write("tokenizer_config.json", $"{{{first}\"bos_token\": \"[MASK]\", \"eos_token\": \"[CLS]\", \"add_bos_token\": true, \"add_eos_token\": true}}");
        Tokenizer tokenizer = TokenizerFiles.Load(directory.Path);
        tokenizer.Save(directory.Path);
        Tokenizer whole = TokenizerFiles.Load(directory.Path);
        File.Delete(directory.File("tokenizer.json"));
        foreach (Tokenizer each in (Tokenizer[])[tokenizer, whole, TokenizerFiles.Load(directory.Path)])
        {
            Assert.Equal([3, 4, 1], each.EncodeWithTemplate("你"));
            Assert.Equal((3, 1), (each.StartOfTextId, each.EndOfTextId));
            Assert.Equal([1], each.StopIds);
            Assert.Equal(tokenizer.Fingerprint, each.Fingerprint);
        }
    }

    [Fact]
    public void ThePostProcessorOfTokenizerJsonIsReadAndWrittenAsBerts()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Small.Save(directory.Path);
        string json = File.ReadAllText(directory.File("tokenizer.json"));
        Assert.Contains("\"post_processor\": null", json);
        directory.Write("tokenizer.json", json.Replace("\"post_processor\": null", "\"post_processor\": {\"type\": \"BertProcessing\", \"sep\": [\"[SEP]\", 3], \"cls\": [\"[CLS]\", 2]}"));
        Tokenizer tokenizer = TokenizerFiles.Load(directory.Path);
        Assert.Equal([2, 8, 3], tokenizer.EncodeWithTemplate("你"));
        tokenizer.Save(directory.Path);
        using JsonDocument saved = JsonDocument.Parse(File.ReadAllBytes(directory.File("tokenizer.json")));
        string[] pair = [.. saved.RootElement.GetProperty("post_processor").GetProperty("pair").EnumerateArray().Select(part => part.EnumerateObject().Single().Value.GetProperty("id").GetString()!)];
        Assert.Equal(["[CLS]", "A", "[SEP]", "B", "[SEP]"], pair);
    }

    [Fact]
    public void ThePrefixAloneIsATokenOfItsOwn() => Assert.Equal("a##b", new WordPiece(["[UNK]", "a", "##", "##b"]).Decode([1, 2, 3]));

    [Fact]
    public void AWordOfMoreThanAHundredCharactersIsUnknown()
    {
        WordPiece letters = new(["[UNK]", "a", "##a"]);
        Assert.Equal(100, letters.Encode(new string('a', 100)).Length);
        Assert.Equal([0], letters.Encode(new string('a', 101)));
    }

    [Fact]
    public void LostCharactersAreThoseOfUnknownWordsAndThoseThatGo()
    {
        Assert.Empty(Chinese.LostCharacters("你好，世界 GPT"));
        Assert.Equal([new Rune(1), new Rune('x')], Small.LostCharacters("un\u0001 x"));
    }

    [Fact]
    public void SpecialTokensAreFoundOnlyWhereTheyAreAllowed()
    {
        Assert.Equal([8, 3, 9], Small.Encode("你[SEP]好", allowSpecial: true));
        Assert.DoesNotContain(3, Small.Encode("你[SEP]好"));
    }

    [Fact]
    public void AnyTextIsEncodedAndUnknownTokensMeanLostCharacters() =>
        Gpt2.AnyText.Sample(text => Chinese.Encode(text).All(id => id >= 0 && id < Chinese.VocabSize)
            && Chinese.Encode(text).Contains(100) == Chinese.LostCharacters(text).Any(rune => Chinese.Encode(rune.ToString()).Length > 0));

    [Theory]
    [InlineData(WordPieceUnits.Words)]
    [InlineData(WordPieceUnits.Characters)]
    public void SavedFilesGiveTheSameTokenizerInEveryFormat(WordPieceUnits units)
    {
        WordPiece tokenizer = new([.. Enumerable.Range(0, Chinese.VocabSize).Select(Chinese.TokenText)], lowerCase: true, units);
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        tokenizer.Save(directory.Path);
        Assert.Equal(tokenizer.Fingerprint, TokenizerFiles.Load(directory.Path).Fingerprint);
        File.Delete(directory.File("tokenizer.json"));
        Assert.Equal(tokenizer.Fingerprint, TokenizerFiles.Load(directory.Path).Fingerprint);
        Assert.Equal(File.ReadAllBytes(Fixtures.Path("bert-chinese-vocab/vocab.txt")), File.ReadAllBytes(directory.File("vocab.txt")));
    }

    /// <summary>A line end of Windows is not part of a token. A carriage return alone in its line is a token.</summary>
    [Theory]
    [InlineData("[UNK]\r\na\r\n\r\r\n")]
    [InlineData("[UNK]\na\n\r\n")]
    [InlineData("\uFEFF[UNK]\na\n\r")]
    public void LinesMayEndAsOnWindows(string text)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        directory.Write("vocab.txt", text);
        Tokenizer tokenizer = TokenizerFiles.Load(directory.Path);
        Assert.Equal(["[UNK]", "a", "\r"], Enumerable.Range(0, tokenizer.VocabSize).Select(tokenizer.TokenText));
    }

    /// <summary>Switches that change ids change the fingerprint. Where each character is a token, they change nothing.</summary>
    [Fact]
    public void TheFingerprintChangesWithTheSwitches()
    {
        string[] tokens = ["[UNK]", "a"];
        string[] words =
        [
            .. from lower in (bool[])[true, false]
               from accents in (bool[])[true, false]
               from ideographs in (bool[])[true, false]
               select new WordPiece(tokens, lower) { StripAccents = accents, SeparateIdeographs = ideographs }.Fingerprint,
        ];
        Assert.Equal(8, words.Distinct().Count());
        string characters = new WordPiece(tokens, lowerCase: true, WordPieceUnits.Characters).Fingerprint;
        Assert.DoesNotContain(characters, words);
        Assert.Equal(characters, new WordPiece(tokens, lowerCase: false, WordPieceUnits.Characters) { StripAccents = true, SeparateIdeographs = false }.Fingerprint);
    }

    [Theory]
    [InlineData("[UNK]\na\n\nb\n", "vocab.txt:3: the token is empty")]
    [InlineData("[UNK]\na\nb\na\n", "vocab.txt:4: token 'a' is already in line 2")]
    [InlineData("a\nb\n", "special token '[UNK]' is not in the vocabulary")]
    public void AMalformedVocabularyIsNamedWithItsLine(string text, string sentence)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        directory.Write("vocab.txt", text);
        Assert.Contains(sentence, Assert.Throws<InvalidDataException>(() => TokenizerFiles.Load(directory.Path)).Message);
    }

    [Theory]
    [InlineData("\"continuing_subword_prefix\": \"##\"", "\"continuing_subword_prefix\": \"@@\"", "continuing_subword_prefix '@@'")]
    [InlineData("\"max_input_chars_per_word\": 100", "\"max_input_chars_per_word\": 200", "max_input_chars_per_word = 200")]
    [InlineData("\"clean_text\": true", "\"clean_text\": false", "clean_text = false")]
    public void WhatCannotBeRepresentedIsRefusedByName(string part, string other, string named)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Small.Save(directory.Path);
        string json = File.ReadAllText(directory.File("tokenizer.json"));
        Assert.Contains(part, json);
        directory.Write("tokenizer.json", json.Replace(part, other));
        Assert.Contains(named, Assert.Throws<NotSupportedException>(() => TokenizerFiles.Load(directory.Path)).Message);
    }
}
