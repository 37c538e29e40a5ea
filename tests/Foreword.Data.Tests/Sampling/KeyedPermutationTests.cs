using CsCheck;
using Foreword.Data.Sampling;
using Foreword.Numerics;

namespace Foreword.Data.Tests.Sampling;

public sealed class KeyedPermutationTests
{
    [Fact]
    public void EverySizeAndKeyGivesAPermutation() =>
        Gen.Select(Gen.Int[1, 3_000], Gen.ULong).Sample((size, key) =>
        {
            KeyedPermutation permutation = new(size, key);
            Assert.Equal(Enumerable.Range(0, size), Enumerable.Range(0, size).Select(i => (int)permutation.At(i)).Order());
        });

    [Fact]
    public void EveryPlaceIsReachedFromEveryOtherAboutEquallyOften()
    {
        const int size = 10;
        const int keys = 20_000;
        int[,] counts = new int[size, size];
        for (ulong key = 0; key < keys; key++)
        {
            for (int i = 0; i < size; i++)
                counts[i, new KeyedPermutation(size, SplitMix.Bits(key, 0)).At(i)]++;
        }

        // 2,000 are expected, with a standard deviation of 42.
        foreach (int count in counts)
            Assert.InRange(count, 1_750, 2_250);
    }

    [Fact]
    public void NeighborsDoNotStayNeighbors()
    {
        KeyedPermutation permutation = new(100_000, 42);
        int close = Enumerable.Range(0, 99_999).Count(i => Math.Abs(permutation.At(i + 1) - permutation.At(i)) <= 10);
        Assert.InRange(close, 0, 60); // a random permutation has 20 on average
    }

    [Fact]
    public void HugeSizesWork()
    {
        KeyedPermutation permutation = new(long.MaxValue, 1);
        Assert.NotEqual(permutation.At(0), permutation.At(long.MaxValue - 1));
        Assert.InRange(permutation.At(123), 0, long.MaxValue - 1);
    }
}
