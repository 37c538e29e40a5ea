using System.Text.RegularExpressions;
using CsCheck;
using Foreword.Data.Reading.Formats;
using Foreword.Evaluation.Overlap;

namespace Foreword.Evaluation.Tests.Overlap;

public sealed class OverlapFilterTests : IDisposable
{
    private const string Sentence = "It was the best of times, it was the worst of times.";

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    /// <summary>
    /// Compares the filter with an exact set of the 8-grams as strings. The texts use few different words, so repetitions are frequent.
    /// </summary>
    [Fact]
    public void SharesEqualThoseOfAnExactSet()
    {
        Gen<string> word = OneOf("Ah", "bE", "c3", "über", "东");
        Gen<string> gap = OneOf(" ", " ", "\n", ", ", "-", "  ", "'");
        Gen<string> text = Gen.Select(word, gap).Array[0, 40].Select(parts => string.Concat(parts.Select(part => part.Item1 + part.Item2)));
        Gen.Select(text.Array[1, 6], text).Sample((train, test) =>
        {
            OverlapFilter filter = Build(train);
            HashSet<string> exact = [.. train.SelectMany(Grams)];
            string[] grams = [.. Grams(test)];
            Assert.Equal(new OverlapShare(grams.Length, grams.Count(exact.Contains)), filter.Of(test));
            Assert.Equal(exact.Count, filter.DifferentGrams);
            Assert.Equal(train.Sum(document => Grams(document).Count()), filter.Grams);
        });
    }

    [Fact]
    public void CaseAndMarksDoNotCount()
    {
        OverlapFilter filter = Build(Sentence);
        Assert.Equal(new OverlapShare(5, 5), filter.Of("IT WAS — the best of (times) it was: the \"worst\" of times"));
        Assert.Equal(new OverlapShare(1, 0), filter.Of("it was the best of times it is"));
        Assert.Equal(default, filter.Of("it was the best of times it"));
        Assert.Equal(0, filter.Of("too short").Share);
    }

    [Fact]
    public void AnIdeographIsAWord() => Assert.Equal(new OverlapShare(2, 1), Build("学而时习之，不亦说乎？").Of("而时习之不亦说乎有"));

    [Fact]
    public void NoRunReachesIntoTheNextDocument()
    {
        OverlapFilter filter = Build("a b c d", "e f g h");
        Assert.Equal(new OverlapShare(1, 0), filter.Of("a b c d e f g h"));
        Assert.Equal(0, filter.Grams);
    }

    [Fact]
    public void PiecesOfADocumentAreOneText()
    {
        TextChunk[] pieces = [new("It was the be", false), new("st of times it was", false), new(" the worst", true), new("Other", true)];
        DocumentOverlap[] documents = [.. Build(Sentence).Of(pieces)];
        Assert.Equal([new(1, "It was the be", new OverlapShare(3, 3)), new(2, "Other", default)], documents);
    }

    [Fact]
    public void AFilterIsTheSameAfterSaving()
    {
        OverlapFilter filter = Build(Sentence, "Call me Ishmael. Some years ago, never mind how long precisely.");
        string path = _directory.File("filter.safetensors");
        filter.Save(path);
        Assert.True(OverlapFilter.IsFilter(path));
        OverlapFilter loaded = OverlapFilter.Load(path);
        Assert.Equal((filter.Source, filter.Documents, filter.Grams, filter.DifferentGrams, filter.FalsePositiveBound, filter.FalsePositiveRate, filter.MemoryBytes),
            (loaded.Source, loaded.Documents, loaded.Grams, loaded.DifferentGrams, loaded.FalsePositiveBound, loaded.FalsePositiveRate, loaded.MemoryBytes));
        Assert.Equal(filter.Of(Sentence), loaded.Of(Sentence));
    }

    [Fact]
    public void WhatIsNoFilterIsRefusedInOneSentence()
    {
        string text = _directory.Write("train.txt", Sentence), filter = _directory.File("filter.safetensors");
        Assert.False(OverlapFilter.IsFilter(text));
        Assert.Equal($"{text} is not an overlap filter", Assert.Throws<InvalidDataException>(() => OverlapFilter.Load(text)).Message);
        Assert.Throws<FileNotFoundException>(() => OverlapFilter.Load(_directory.File("none")));

        Build(Sentence).Save(filter);
        byte[] bytes = File.ReadAllBytes(filter);
        bytes[^1] ^= 1;
        File.WriteAllBytes(filter, bytes);
        Assert.Contains("is damaged", Assert.Throws<InvalidDataException>(() => OverlapFilter.Load(filter)).Message, StringComparison.Ordinal);
        File.WriteAllBytes(filter, bytes[..^8]);
        Assert.Throws<InvalidDataException>(() => OverlapFilter.Load(filter));
    }

    [Fact]
    public void AFilterThatDoesNotFitSaysWhatWould()
    {
        string message = Assert.Throws<InvalidOperationException>(() => OverlapFilter.CheckMemory(7_000_000_000, 1e-8, 24_000_000_000)).Message;
        Assert.Equal("a filter for 7,000,000,000 8-grams takes 33.6 GB at a false-positive rate of 1e-8, and there are 24.0 GB; a rate of 1e-5 takes 21.0 GB", message);
        OverlapFilter.CheckMemory(7_000_000_000, 1e-8, 40_000_000_000);
    }

    [Fact]
    public void ATextThatChangesWhileItIsReadIsRefused()
    {
        int reading = 0;
        Assert.Contains("changed while it was read", Assert.Throws<InvalidDataException>(() =>
            OverlapFilter.Create(() => Pieces(reading++ == 0 ? Sentence : Sentence + " More"), "train")).Message, StringComparison.Ordinal);
    }

    private static Gen<string> OneOf(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(i => texts[i]);

    private static OverlapFilter Build(params string[] documents) => OverlapFilter.Create(() => Pieces(documents), "train");

    private static IEnumerable<TextChunk> Pieces(params string[] documents) => documents.Where(document => document.Length > 0).Select(document => new TextChunk(document, true));

    /// <summary>Returns the 8-grams in the simplest way: as words joined with one space.</summary>
    private static IEnumerable<string> Grams(string text)
    {
        string[] words = [.. Regex.Matches(text.ToLowerInvariant(), @"\p{IsCJKUnifiedIdeographs}|[\p{L}\p{Nd}-[\u4E00-\u9FFF]]+").Select(match => match.Value)];
        for (int i = 0; i + OverlapFilter.Words <= words.Length; i++)
            yield return string.Join(' ', words[i..(i + OverlapFilter.Words)]);
    }
}
