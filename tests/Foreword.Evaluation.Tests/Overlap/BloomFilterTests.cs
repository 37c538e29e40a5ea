using CsCheck;
using Foreword.Evaluation.Overlap;
using Foreword.Numerics;

namespace Foreword.Evaluation.Tests.Overlap;

public class BloomFilterTests
{
    [Fact]
    public void WhatWasPutInIsAlwaysFound() => Gen.Select(Gen.ULong.Array[0, 2000], Gen.Double[1e-9, 0.5]).Sample((items, rate) =>
    {
        BloomFilter filter = BloomFilter.For(items.Length, rate);
        foreach (ulong item in items)
            filter.Add(item);
        return items.All(filter.Contains);
    });

    /// <summary>
    /// Tests 2 million items that were not added. The number of false positives is Poisson-distributed. A difference of six standard deviations is
    /// not chance.
    /// </summary>
    [Theory]
    [InlineData(1e-2, 20_000)]
    [InlineData(1e-3, 20_000)]
    [InlineData(1e-4, 3_000)]
    [InlineData(1e-6, 200_000)]
    [InlineData(1e-8, 200_000)]
    public void StrangersAreFoundNoOftenerThanTheBound(double rate, int items)
    {
        const int Strangers = 2_000_000;
        BloomFilter filter = BloomFilter.For(items, rate);
        SplitMix64 random = new(1);
        for (int i = 0; i < items; i++)
            filter.Add(random.NextUInt64());
        Assert.InRange(filter.FalsePositiveRate, 0.5 * rate, 1.05 * rate); // the number of set bits varies randomly around its mean
        int found = 0;
        for (int i = 0; i < Strangers; i++)
            found += filter.Contains(random.NextUInt64()) ? 1 : 0;
        double expected = Strangers * filter.FalsePositiveRate;
        Assert.InRange(found, expected - 6 * Math.Sqrt(expected) - 1, expected + 6 * Math.Sqrt(expected) + 1);
    }

    [Fact]
    public void NeighboringNumbersAreNoLikelierToBeFound()
    {
        BloomFilter filter = BloomFilter.For(10_000, 1e-4);
        for (ulong item = 0; item < 20_000; item += 2)
            filter.Add(item);
        Assert.InRange(Enumerable.Range(0, 1_000_000).Count(i => filter.Contains(2 * (ulong)i + 1)), 20, 200); // 100 are expected
    }

    [Fact]
    public void TheFilterIsNearTheSmallestPossible()
    {
        // The textbook's optimum is m / n = -ln p / (ln 2)^2: 38.3 bits at 1e-8.
        Assert.InRange(BloomFilter.BitsFor(1_000_000, 1e-8) / 1e6, 38.3, 38.5);
        Assert.Equal(27, BloomFilter.For(1, 1e-8).Hashes);
        Assert.Equal(64, BloomFilter.For(0, 1e-8).Bits);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(double.NaN)]
    public void AnImpossibleRateIsRefused(double rate) =>
        Assert.Contains("it must lie between 0 and 1", Assert.Throws<ArgumentOutOfRangeException>(() => BloomFilter.For(1, rate)).Message, StringComparison.Ordinal);
}
