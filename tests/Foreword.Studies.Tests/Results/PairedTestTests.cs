using Foreword.Studies.Results;

namespace Foreword.Studies.Tests.Results;

public sealed class PairedTestTests
{
    /// <summary>With one and two degrees of freedom, the distribution has a closed form.</summary>
    [Fact]
    public void ThePValueIsThatOfStudentsDistribution()
    {
        PairedTest two = PairedTest.Compute([3, 5], [1, 2]);
        Assert.Equal((2, 2.5), (two.Count, two.Difference));
        Assert.Equal(5, two.T, 1e-12);
        Assert.Equal(1 - 2 / Math.PI * Math.Atan(5), two.P, 1e-9);
        PairedTest three = PairedTest.Compute([1, 2, 3], [2, 4, 6]);
        Assert.Equal(-2 * Math.Sqrt(3), three.T, 1e-12);
        Assert.Equal(1 - Math.Sqrt(12) / Math.Sqrt(2 + 12), three.P, 1e-9);
    }

    [Fact]
    public void EqualDifferencesHaveNoPValue()
    {
        Assert.Equal(double.NaN, PairedTest.Compute([2, 3], [1, 2]).P);
        Assert.Equal(double.NaN, PairedTest.Compute([2], [1]).P);
        Assert.NotEqual(0.2 - 0.1, 0.21 - 0.11); // rounding is no evidence
        Assert.Equal((double.NaN, double.PositiveInfinity), (PairedTest.Compute([0.2, 0.21], [0.1, 0.11]).P, PairedTest.Compute([0.2, 0.21], [0.1, 0.11]).T));
    }

    [Fact]
    public void SamplesArePairs()
    {
        Assert.StartsWith("2 values are compared with 1; expected pairs", Assert.Throws<ArgumentException>(() => PairedTest.Compute([1, 2], [1])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => PairedTest.Compute([], []));
    }
}
