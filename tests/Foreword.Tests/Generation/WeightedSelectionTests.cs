using Foreword.Generation;

namespace Foreword.Tests.Generation;

public sealed class WeightedSelectionTests
{
    [Theory]
    [InlineData(1, 3, 1)] // 3 alone reaches the target
    [InlineData(1.5, 7, 7)] // 1 + 2 + 4: the two weights of key 7 count together
    [InlineData(7, 7, 7)]
    [InlineData(8, 5000, 15)]
    [InlineData(16, 5000, 15)] // no sum reaches the target
    public void EqualKeysCountTogetherAndTheLargestKeyEndsTheSearch(double target, ulong key, double sum) =>
        Assert.Equal((key, sum), Reach([7, 5000, 3, 7], [2, 8, 1, 4], target));

    [Fact]
    public void EqualKeysAloneHaveTheSumOfTheirWeights() =>
        Assert.Equal((5ul, 7d), Reach([5, 5, 5], [1, 2, 4], 1));

    private static (ulong Key, double Sum) Reach(ulong[] keys, double[] weights, double target) =>
        WeightedSelection.Reach(keys, weights, target, new ulong[keys.Length], new double[keys.Length]);
}
