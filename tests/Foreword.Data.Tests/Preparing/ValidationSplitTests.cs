using CsCheck;
using Foreword.Data.Preparing;
using Foreword.Data.Reading.Formats;

namespace Foreword.Data.Tests.Preparing;

public sealed class ValidationSplitTests
{
    [Fact]
    public void TheShareIsMetWithinOneDocumentAndEveryPartOfTheCorpusIsRepresented() =>
        Gen.Select(Gen.Int[2, 3_000], Gen.Double[0.01, 0.5], Gen.Long).Sample((documents, share, seed) =>
        {
            bool[] held = Held(Enumerable.Repeat(5, documents), share, seed);
            int count = held.Count(h => h);
            Assert.InRange(count, Math.Max(1, (documents * share) - 1), Math.Max(1, Math.Min(documents - 1, (documents * share) + 1)));

            int[] numbers = [.. Enumerable.Range(0, documents).Where(i => held[i])];
            Assert.All(numbers.Zip(numbers.Skip(1)), pair => Assert.InRange(pair.Second - pair.First, 1, 2 / share));
        });

    [Fact]
    public void RunsOfNeighborsAreHeldOutWholeAndATooSmallCorpusBySingleDocuments()
    {
        bool[] held = Held(Enumerable.Repeat(5, 4_000), 0.1, 1, run: 8);
        Assert.Equal(400, held.Count(h => h));
        Assert.All(held.Chunk(8), run => Assert.Single(run.Distinct()));
        Assert.InRange(Held(Enumerable.Repeat(5, 79), 0.125, 1, run: 10).Count(h => h), 9, 10); // fewer than 8 runs of 10
    }

    [Fact]
    public void TheSeedChoosesTheDocuments()
    {
        Assert.Equal(Held(Enumerable.Repeat(5, 500), 0.05, 1), Held(Enumerable.Repeat(5, 500), 0.05, 1));
        Assert.NotEqual(Held(Enumerable.Repeat(5, 500), 0.05, 1), Held(Enumerable.Repeat(5, 500), 0.05, 2));
        int[] picks = [.. Enumerable.Range(0, 200).Select(seed => Array.IndexOf(Held(Enumerable.Repeat(5, 4), 0.01, seed), true))];
        Assert.Equal([0, 1, 2, 3], picks.Distinct().Order());
    }

    [Theory]
    [InlineData(new[] { 300, 5_000, 800_000, 900_000, 700_000 }, 1)] // the share is 24,053; by ratio, 5,000 is nearer to it than 700,000 or 300
    [InlineData(new[] { 1_000_000, 10 }, 1)] // never more than half
    [InlineData(new[] { 10, 1_000_000, 20 }, 2)]
    public void ASmallCorpusGivesTheDocumentNearestToTheShare(int[] lengths, int expected) =>
        Assert.Equal(expected, Array.IndexOf(Held(lengths, 0.01, 7), true));

    [Fact]
    public void OfOneDocumentTheEndIsHeldOutFromALineBorderOn()
    {
        string text = string.Concat(Enumerable.Range(0, 1_000).Select(i => $"line {i:D4}\n")); // 10,000 characters
        SplitChunk[] pieces = [.. Cut([text[..2_500], text[2_500..9_003], text[9_003..]], 0.1)];
        string train = string.Concat(pieces.Where(p => !p.IsValidation).Select(p => p.Text));
        string held = string.Concat(pieces.Where(p => p.IsValidation).Select(p => p.Text));
        Assert.Equal(text, train + held);
        Assert.Equal(9_000, train.Length);
        Assert.Equal([false, true, false, true], pieces.Select(p => p.EndsDocument));
    }

    [Fact]
    public void AnyOnlyDocumentIsCutIntoTwoPartsThatAreNotEmpty() =>
        Gen.Select(Gen.OneOf(Gen.Const("a"), Gen.Const("\n"), Gen.Const("\U0001F600")).Array[1, 30], Gen.Int[1, 7], Gen.Double[0.01, 0.5]).Sample((symbols, size, share) =>
        {
            string[] texts = [.. symbols.Chunk(size).Select(part => string.Concat(part))];
            SplitChunk[] pieces = [.. Cut(texts, share)];
            string train = string.Concat(pieces.Where(p => !p.IsValidation).Select(p => p.Text));
            string held = string.Concat(pieces.Where(p => p.IsValidation).Select(p => p.Text));
            Assert.Equal(string.Concat(symbols), train + held);
            if (train.Length + held.Length < 4)
                return;
            Assert.NotEqual("", train);
            Assert.NotEqual("", held);
            Assert.False(char.IsHighSurrogate(train[^1]) && char.IsLowSurrogate(held[0]));
            Assert.True(pieces.Last(p => !p.IsValidation).EndsDocument);
            Assert.Single(pieces, p => p is { EndsDocument: true, IsValidation: true });
        });

    [Fact]
    public void AShareOfZeroHoldsNothingOut()
    {
        ValidationSplit split = ValidationSplit.Plan([], 0, 1, 1, CancellationToken.None);
        Assert.False(split.HoldsOut);
        Assert.False(split.Contains(0));
    }

    private static IEnumerable<SplitChunk> Cut(string[] texts, double share)
    {
        TextChunk[] document = [.. texts.Select((text, i) => new TextChunk(text, i == texts.Length - 1))];
        return ValidationSplit.Plan(document, share, 1, 1, CancellationToken.None).Assign(document);
    }

    private static bool[] Held(IEnumerable<int> lengths, double share, long seed, int run = 1)
    {
        TextChunk[] documents = [.. lengths.Select(length => new TextChunk(new string('x', length), EndsDocument: true))];
        return [.. ValidationSplit.Plan(documents, share, run, seed, CancellationToken.None).Assign(documents).Select(piece => piece.IsValidation)];
    }
}
