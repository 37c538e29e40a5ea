using Foreword.Data.Sampling;

namespace Foreword.Data.Tests.Sampling;

/// <summary>Compares the generator with published numbers of MT19937 and of numpy.</summary>
public sealed class MersenneTwisterTests
{
    [Fact]
    public void TheNumbersAreThoseOfMt19937()
    {
        MersenneTwister twister = new(5489);
        uint[] drawn = [.. Enumerable.Range(0, 10_000).Select(_ => twister.Next())];
        Assert.Equal((3499211612u, 581869302u, 4123659995u), (drawn[0], drawn[1], drawn[9999])); // the last one is in the C++ standard, [rand.predef]
    }

    [Fact]
    public void PermutationsAreThoseOfNumpy()
    {
        Assert.Equal([8, 1, 5, 0, 7, 2, 9, 4, 3, 6], new MersenneTwister(42).Permutation(10));
        Assert.Equal([2, 8, 4, 9, 1, 6, 7, 3, 0, 5], new MersenneTwister(0).Permutation(10));
        Assert.Empty(new MersenneTwister(1).Permutation(0));
    }
}
