using CsCheck;
using Foreword.Data.Labeled;
using Foreword.Tasks;

namespace Foreword.Data.Tests.Labeled;

public class LengthBucketsTests
{
    [Fact]
    public void EveryExampleIsInOneBatchOfAnEpoch() => Gen.Select(Gen.Int[1, 60].Array[1, 500], Gen.Int[1, 40], Gen.Int[0, 5]).Sample((lengths, size, epoch) =>
    {
        int[][] batches = LengthBuckets.Batches(lengths, size, 7, epoch);
        Assert.Equal(Enumerable.Range(0, lengths.Length), batches.SelectMany(batch => batch).Order());
        Assert.Equal((lengths.Length + size - 1) / size, batches.Length);
        Assert.All(batches, batch => Assert.InRange(batch.Length, 1, size));
    });

    [Fact]
    public void SeedAndEpochDecideTheOrder()
    {
        int[] lengths = [.. Enumerable.Range(0, 200).Select(i => i * 37 % 41 + 1)];
        int[] Order(int seed, int epoch) => [.. LengthBuckets.Batches(lengths, 8, seed, epoch).SelectMany(batch => batch)];
        Assert.Equal(Order(1, 0), Order(1, 0));
        Assert.NotEqual(Order(1, 0), Order(1, 1));
        Assert.NotEqual(Order(1, 0), Order(2, 0));
    }

    [Fact]
    public void PaddingStaysLowWhereLengthsDiffer()
    {
        // The lengths are 3 to 66 tokens, as for sentences. Random batches would be half padding.
        EncodedExample[] examples = [.. Enumerable.Range(0, 4000).Select(i => new EncodedExample(new TaskSequences([new int[3 + i * 7919 % 64]], false), [1], 1))];
        int[] lengths = [.. examples.Select(example => example.Length)];
        Assert.InRange(LengthBuckets.Padding(examples, LengthBuckets.Batches(lengths, 32, 1, 0)), 0, 0.05);
        Assert.InRange(LengthBuckets.Padding(examples, Enumerable.Range(0, 4000).Chunk(32)), 0.3, 0.7);
    }
}
