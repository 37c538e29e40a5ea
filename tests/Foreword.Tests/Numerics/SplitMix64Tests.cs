using Foreword.Numerics;

namespace Foreword.Tests.Numerics;

public sealed class SplitMix64Tests
{
    [Fact]
    public void TheNumbersAreThoseOfTheReferenceImplementation()
    {
        SplitMix64 random = new(1_234_567);
        Assert.Equal(6_457_827_717_110_365_317UL, random.NextUInt64());
        Assert.Equal(3_203_168_211_198_807_973UL, random.NextUInt64());
        Assert.Equal(9_817_491_932_198_370_423UL, random.NextUInt64());
        Assert.Equal(4_593_380_528_125_082_431UL, random.NextUInt64());
    }

    [Fact]
    public void DoublesFillTheUnitInterval()
    {
        SplitMix64 random = new(0);
        double[] numbers = [.. Enumerable.Range(0, 10_000).Select(_ => random.NextDouble())];
        Assert.All(numbers, x => Assert.InRange(x, 0, 1 - 1e-16));
        Assert.InRange(numbers.Average(), 0.49, 0.51);
    }
}
