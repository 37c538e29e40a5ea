using CsCheck;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Catalog;
using Foreword.Tokenization.Gpt1;
using Foreword.Tokenization.WordPieces;
using Foreword.Tokenization.Words;

namespace Foreword.Tests.Tokenization.Bpe;

/// <summary>Tests the training of the tokenizers whose symbols are characters: GPT-1's and WordPiece.</summary>
public sealed class SymbolTrainerTests
{
    private const string Corpus = "low low low low low lower lower newest newest newest newest newest newest widest widest widest";

    [Fact]
    public void TheExampleOfSennrichEtAlGivesTheirMerges()
    {
        Gpt1Bpe tokenizer = new Gpt1Trainer { VocabSize = 1 + 11 + 4 + 1 }.Train([Corpus]);
        string[] merges = [.. tokenizer.Merges.Select(merge => $"{tokenizer.TokenText(merge.Left)} {tokenizer.TokenText(merge.Right)}")];
        Assert.Equal(["e s", "es t</w>", "l o", "e w"], merges); // counts 9, 9, 7, 6: "e w" comes before "n e" because of its lower id
        Assert.Equal(("<unk>", "<|endoftext|>"), (tokenizer.TokenText(0), tokenizer.TokenText(tokenizer.VocabSize - 1)));
        Assert.Equal(tokenizer.VocabSize - 1, tokenizer.EndOfTextId);
    }

    [Fact]
    public void RandomWordsGiveTheMergesOfTheNaiveWay() =>
        Gen.Select(Gen.String[Gen.Char['a', 'd'], 1, 9].Array[1, 12], Gen.Int[1, 3], Gen.Int[1, 3]).Sample((words, minFrequency, threads) =>
        {
            Gpt1Trainer trainer = new() { VocabSize = 2 + 8 + 12, MinFrequency = minFrequency, Threads = threads };
            Gpt1Bpe tokenizer;
            try
            {
                tokenizer = trainer.Train(words);
            }
            catch (ArgumentException)
            {
                return false;
            }

            List<string> naive = Naive(words, minFrequency, room: 20);
            return naive.SequenceEqual(tokenizer.Merges.Select(merge => tokenizer.TokenText(merge.Result)));
        });

    [Fact]
    public void WhatWasTrainedComesBack() =>
        Gen.Select(Gen.String[Gen.Char['a', 'd'], 1, 9].Array[1, 12], Gen.Int[1, 3]).Sample((words, threads) =>
        {
            string text = string.Join(' ', words);
            Tokenizer[] trained =
            [
                new Gpt1Trainer { VocabSize = 60, MinFrequency = 1, Threads = threads }.Train([text]),
                new WordPieceTrainer { VocabSize = 60, MinFrequency = 1, Threads = threads }.Train([text]),
            ];
            return trained.All(tokenizer => tokenizer.Decode(tokenizer.Encode(text)) == text && tokenizer.LostCharacters(text).Count == 0);
        });

    [Fact]
    public void WordPiecesBeginOrContinueWords()
    {
        WordPiece tokenizer = new WordPieceTrainer { VocabSize = 5 + 12 + 5 }.Train([Corpus]);
        Assert.Equal(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], Enumerable.Range(0, 5).Select(tokenizer.TokenText));
        Assert.Contains("##est", Enumerable.Range(0, tokenizer.VocabSize).Select(tokenizer.TokenText));
        Assert.Equal("newest", tokenizer.Decode(tokenizer.Encode("newest")));
    }

    [Fact]
    public void RareCharactersHaveNoPlaceInASmallVocabulary()
    {
        Gpt1Bpe tokenizer = new Gpt1Trainer { VocabSize = 5, MinFrequency = 1 }.Train(["aaaa aaaa xa aaq"]);
        Assert.Equal(["<unk>", "a", "a</w>", "q</w>", "<|endoftext|>"], Enumerable.Range(0, tokenizer.VocabSize).Select(tokenizer.TokenText));
        Assert.Equal(["x"], tokenizer.LostCharacters("xaq").Select(rune => rune.ToString()));
    }

    [Theory]
    [InlineData(2, "vocabulary size is 2; it must be 3 to")]
    [InlineData(0, "vocabulary size is 0; it must be 3 to")]
    [InlineData(30, "there is no text to train on")]
    public void WhatCannotBeTrainedIsSaid(int size, string sentence) =>
        Assert.Contains(sentence, Assert.Throws<ArgumentException>(() => new Gpt1Trainer { VocabSize = size }.Train([" \n"])).Message);

    [Fact]
    public void OnlyAVocabularyWithoutMergesMayHaveAnySize()
    {
        string[] texts = ["a b c"];
        Assert.Equal(6, new CharTrainer { VocabSize = 0 }.Train(texts).VocabSize); // with the space
        Assert.Equal(5, new WordTrainer { VocabSize = 0 }.Train(texts).VocabSize);
        Assert.All(TrainerCatalog.Kinds.Values.Where(trainer => trainer is BpeTrainer or Gpt1Trainer or WordPieceTrainer), trainer =>
            Assert.StartsWith($"vocabulary size is 0; it must be {trainer.SmallestVocabulary} to ", Assert.Throws<ArgumentException>(() => (trainer with { VocabSize = 0 }).Train(texts)).Message));
    }

    /// <summary>Returns the texts that merges create, by counting every pair again for each merge.</summary>
    private static List<string> Naive(string[] words, int minFrequency, int room)
    {
        List<List<string>> all = [.. words.Select(word => word.Select((letter, i) => i == word.Length - 1 ? $"{letter}</w>" : $"{letter}").ToList())];
        List<string> vocabulary = [.. all.SelectMany(word => word).GroupBy(symbol => symbol).Where(group => group.Count() >= minFrequency).Select(group => group.Key).Order(StringComparer.Ordinal)];
        int symbols = vocabulary.Count;
        List<string> made = [];
        while (made.Count < room - symbols)
        {
            var best = all.SelectMany(word => word.Zip(word.Skip(1)))
                .Where(pair => vocabulary.Contains(pair.First) && vocabulary.Contains(pair.Second))
                .GroupBy(pair => pair)
                .Select(group => (Count: group.Count(), Left: vocabulary.IndexOf(group.Key.First), Right: vocabulary.IndexOf(group.Key.Second), Pair: group.Key))
                .Where(pair => pair.Count >= minFrequency)
                .OrderByDescending(pair => pair.Count).ThenBy(pair => pair.Left).ThenBy(pair => pair.Right)
                .FirstOrDefault();
            if (best.Count == 0)
                break;
            string joined = best.Pair.First + best.Pair.Second;
            foreach (List<string> word in all)
            {
                for (int i = 0; i + 1 < word.Count; i++)
                {
                    if ((word[i], word[i + 1]) != best.Pair)
                        continue;
                    word[i] = joined;
                    word.RemoveAt(i + 1);
                }
            }

            made.Add(joined);
            vocabulary.Add(joined);
        }

        return made;
    }
}
