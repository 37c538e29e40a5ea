using Foreword.Data.Baselines;
using Foreword.Data.Supervised;

namespace Foreword.Data.Tests.Supervised;

/// <summary>Tests the loss of a 3-gram on answers.</summary>
public sealed class TrigramBaselineTests
{
    [Fact]
    public void OnlyTheAnswersCount()
    {
        SupervisedExample[] train = [Example([1, 2, 3, 4], []), Example([1, 2, 3, 5], [])];
        KneserNey model = KneserNey.Train([1, 2, 3, 4, 1, 2, 3, 5], 10);
        double expected = -(Math.Log(model.Probability([2, 3], 4)) + Math.Log(model.Probability([7], 2))) / 2;
        Assert.Equal(expected, TrigramBaseline.Loss(train, [Example([1, 2, 3, 4], [3]), Example([7, 2, 9], [1])], 10)!.Value, 1e-12);
    }

    [Fact]
    public void TooFewTokensHaveNoTrigram() => Assert.Null(TrigramBaseline.Loss([Example([1, 2], [1])], [Example([1, 2], [1])], 10));

    private static SupervisedExample Example(int[] ids, int[] answers) => new(ids, [.. ids.Select(_ => true)], [.. ids.Select((_, i) => answers.Contains(i))]);
}
