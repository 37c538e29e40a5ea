using System.Text;
using System.Text.Json;
using CsCheck;
using Foreword.Tests.Tokenization.Bpe;
using Foreword.Tokenization;
using Foreword.Tokenization.Bpe;
using Foreword.Tokenization.ByteLevel;

namespace Foreword.Tests.Tokenization.ByteLevel;

public sealed class BpeTrainerTests
{
    private static readonly JsonElement Golden = JsonDocument.Parse(File.ReadAllBytes(Fixtures.Path("golden/tokenizers/bpe-train.json"))).RootElement;
    private static readonly string Corpus = Golden.GetProperty("text").GetString()!;

    [Theory]
    [InlineData("byte_id_order", ByteOrder.Value)]
    [InlineData("gpt2_id_order", ByteOrder.Gpt2)]
    public void GoldenCorpusGivesTheGoldenMergesAndIds(string section, ByteOrder order)
    {
        JsonElement golden = Golden.GetProperty(section);
        BpeTrainer trainer = new() { VocabSize = 457, ByteOrder = order };
        IReadOnlyList<LearnedMerge> learned = trainer.LearnFrom(Corpus);
        ByteLevelBpe tokenizer = trainer.TrainOn(Corpus);
        List<JsonElement> merges = [.. golden.GetProperty("merges").EnumerateArray()];
        Assert.Equal(merges.Count, learned.Count);
        for (int i = 0; i < merges.Count; i++)
        {
            Assert.Equal((Number("left"), Number("right"), Number("count")), (learned[i].Left, learned[i].Right, (int)learned[i].Count));
            Assert.Equal(new BpeMerge(Number("left"), Number("right"), Number("new")), tokenizer.Merges[i]);
            Assert.Equal(merges[i].GetProperty("left_token").GetString(), tokenizer.TokenText(learned[i].Left));
            Assert.Equal(merges[i].GetProperty("right_token").GetString(), tokenizer.TokenText(learned[i].Right));

            int Number(string name) => merges[i].GetProperty(name).GetInt32();
        }

        int[] ids = tokenizer.Encode(Corpus);
        Assert.Equal(golden.GetProperty("corpus_token_count").GetInt32(), ids.Length);
        Assert.Equal(golden.GetProperty("corpus_ids_first_200").Numbers(), ids[..200]);
        foreach (JsonElement example in golden.GetProperty("encode").EnumerateArray())
            Assert.Equal(example.GetProperty("ids").Numbers(), tokenizer.Encode(example.GetProperty("text").GetString()!));
    }

    [Fact]
    public void TheByteOrderOfGpt2IsThatOfItsVocabulary()
    {
        Assert.Equal(Golden.GetProperty("gpt2_id_order").GetProperty("byte_of_id").Numbers(), Enumerable.Range(0, 256).Select(id => (int)ByteAlphabet.ByteOfId(id, ByteOrder.Gpt2)));
        for (int id = 0; id < 256; id++)
            Assert.Equal([ByteAlphabet.ByteOfId(id, ByteOrder.Gpt2)], Gpt2.Tokenizer.TokenBytes(id));
    }

    [Fact]
    public void RandomCorporaGiveTheMergesOfTheNaiveWay() =>
        Gen.Select(Gen.OneOf(Gen.String[Gen.Char['a', 'c'], 0, 40], Gpt2.AnyText).Array[1, 5], Gen.Bool, Gen.Int[1, 3]).Sample((texts, byValue, minFrequency) =>
        {
            ByteOrder order = byValue ? ByteOrder.Value : ByteOrder.Gpt2;
            if (texts.All(text => text.Length == 0))
                return true;
            BpeTrainer trainer = new() { VocabSize = 257 + 25, ByteOrder = order, MinFrequency = minFrequency };
            return trainer.LearnFrom(texts).SequenceEqual(NaiveBpe.Learn(texts, 25, order, minFrequency));
        });

    [Fact]
    public void TheVocabularyIsBytesMergesAndEndOfTextLast()
    {
        ByteLevelBpe tokenizer = new BpeTrainer { VocabSize = 300 }.TrainOn(Corpus);
        Assert.Equal(300, tokenizer.VocabSize);
        Assert.Equal(43, tokenizer.Merges.Count);
        Assert.Equal(299, tokenizer.EndOfTextId);
        Assert.Equal("<|endoftext|>", tokenizer.TokenText(299));
    }

    [Fact]
    public void HowTheCorpusIsCutIntoTextsOrOrderedDoesNotMatter()
    {
        string[] paragraphs = Corpus.Split("\n\n");
        BpeTrainer trainer = new() { VocabSize = 400 };
        Assert.Equal(trainer.TrainOn(paragraphs).Fingerprint, trainer.TrainOn(paragraphs.Reverse()).Fingerprint);
    }

    [Fact]
    public void TheNumberOfThreadsDoesNotMatter()
    {
        string[] lines = [.. Enumerable.Repeat(Corpus.Split('\n'), 50).SelectMany(line => line)];
        string[] fingerprints = [.. new[] { 1, 2, 7 }.Select(threads => (new BpeTrainer { VocabSize = 400, Threads = threads }).TrainOn(lines).Fingerprint)];
        Assert.Single(fingerprints.Distinct());
    }

    [Fact]
    public void MaxBytesReadsTheBeginningOnly()
    {
        string beginning = new StringBuilder().Insert(0, "ab", 500).ToString();
        BpeTrainer trainer = new() { VocabSize = 400, MinFrequency = 1, MaxBytes = 1001 };
        Assert.Equal(trainer.TrainOn(beginning).Fingerprint, trainer.TrainOn([beginning, "é and what comes after it"]).Fingerprint); // é has 2 bytes, but only 1 is left
        Assert.Equal("the source is broken", Assert.Throws<InvalidDataException>(() => trainer.TrainOn(Broken())).Message);

        static IEnumerable<string> Broken()
        {
            yield return "ab";
            throw new InvalidDataException("the source is broken");
        }
    }

    [Fact]
    public void ACorpusThatRunsOutOfPairsGivesASmallerVocabulary()
    {
        ByteLevelBpe tokenizer = new BpeTrainer { VocabSize = 1000, MinFrequency = 1 }.TrainOn("abab");
        Assert.Equal(["ab", "abab"], tokenizer.Merges.Select(m => tokenizer.TokenText(m.Result)));
        Assert.Equal(259, tokenizer.VocabSize);
    }

    [Fact]
    public void ThePairSeenOnceIsNotMergedByDefault() =>
        Assert.Equal(["ab"], Merged(new BpeTrainer { VocabSize = 1000 }.TrainOn("abab")));

    [Fact]
    public void OverlappingOccurrencesAllCountButJoinFromTheLeft()
    {
        BpeTrainer trainer = new() { VocabSize = 259, MinFrequency = 1 };
        Assert.Equal(4, trainer.LearnFrom("aaaaa")[0].Count);
        ByteLevelBpe tokenizer = trainer.TrainOn("aaaaa");
        Assert.Equal(["aa", "aaa"], Merged(tokenizer)); // not aaaa: (aa, a) and (aa, aa) tie, and a has the lower id
        Assert.Equal(["aa", "aaa"], tokenizer.Encode("aaaaa").Select(tokenizer.TokenText));
    }

    [Fact]
    public void ALoneSurrogateTrainsAsTheReplacementCharacter() =>
        Assert.Equal(
            new BpeTrainer { VocabSize = 260 }.TrainOn("\uFFFD\uFFFD \uFFFD").Fingerprint,
            new BpeTrainer { VocabSize = 260 }.TrainOn("\uD800\uD800 \uDFFF").Fingerprint);

    [Fact]
    public void NoTextIsRefused()
    {
        ArgumentException problem = Assert.Throws<ArgumentException>(() => new BpeTrainer { VocabSize = 300 }.TrainOn("", ""));
        Assert.Equal("there is no text to train on (Parameter 'texts')", problem.Message);
    }

    [Theory]
    [InlineData(256, 2, "vocabulary size is 256; it must be 257")]
    [InlineData(0, 2, "vocabulary size is 0; it must be 257")]
    [InlineData(3_000_000, 2, "vocabulary size is 3000000")]
    [InlineData(300, 0, "minimum frequency is 0")]
    public void SettingsOutOfRangeAreRefused(int size, int minFrequency, string sentence)
    {
        BpeTrainer trainer = new() { VocabSize = size, MinFrequency = minFrequency };
        Assert.Contains(sentence, Assert.Throws<ArgumentException>(() => trainer.TrainOn(Corpus)).Message);
    }

    [Fact]
    public void TextsAreReadOnceAndProgressIsReported()
    {
        string text = Corpus[..200];
        int read = 0;
        List<TokenizerProgress> reports = [];
        new BpeTrainer { VocabSize = 300 }.Train(Texts(), new Reports(reports), TestContext.Current.CancellationToken);
        Assert.Equal(3000, read);
        Assert.Contains(reports, report => report is { Texts: 1024, Merges: 0 });
        TokenizerProgress last = reports[^1];
        Assert.Equal((3000, 43, 43), (last.Texts, last.Merges, last.MergesWanted));
        Assert.Equal(3000 * text.Length, last.Characters);

        IEnumerable<string> Texts()
        {
            for (; read < 3000; read++)
                yield return text;
        }
    }

    [Fact]
    public void CancellationStopsTraining()
    {
        using CancellationTokenSource source = new();
        List<TokenizerProgress> reports = [];
        Assert.Throws<OperationCanceledException>(() => new BpeTrainer { VocabSize = 400 }
            .Train([Corpus], new Reports(reports, report => { if (report.Merges == 5) source.Cancel(); }), source.Token));
        Assert.Equal(5, reports[^1].Merges);
    }

    private static IEnumerable<string> Merged(ByteLevelBpe tokenizer) => tokenizer.Merges.Select(m => tokenizer.TokenText(m.Result));

    /// <summary>Collects reports in the thread that makes them. The library's Progress posts them to other threads.</summary>
    private sealed class Reports(List<TokenizerProgress> all, Action<TokenizerProgress>? then = null) : IProgress<TokenizerProgress>
    {
        public void Report(TokenizerProgress value)
        {
            all.Add(value);
            then?.Invoke(value);
        }
    }
}
