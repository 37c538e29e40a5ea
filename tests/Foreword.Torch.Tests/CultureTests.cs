using System.Globalization;
using Foreword.Data.Recipes;
using Foreword.Tasks.Metrics;

namespace Foreword.Torch.Tests;

/// <summary>Tests that numbers in messages have a decimal point, also in a program whose culture has a decimal comma.</summary>
public sealed class CultureTests : IDisposable
{
    private readonly CultureInfo _before = CultureInfo.CurrentCulture;

    public CultureTests()
    {
        // The numbers of de-DE. The tests run without data of cultures, so that new CultureInfo("de-DE") is not possible.
        CultureInfo german = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        german.NumberFormat = new NumberFormatInfo { NumberDecimalSeparator = ",", NumberGroupSeparator = ".", PercentDecimalSeparator = "," };
        CultureInfo.CurrentCulture = german;
    }

    public void Dispose() => CultureInfo.CurrentCulture = _before;

    [Fact]
    public void MessagesHaveDecimalPoints()
    {
        Assert.Equal("1,5", 1.5.ToString(CultureInfo.CurrentCulture)); // the culture is in effect
        Assert.Contains(new TrainingConfig { Lr = 0.25, MinLr = 0.5 }.Problems(), problem => problem.Complaint == "is 0.5; it must not be above lr, which is 0.25");
        Assert.StartsWith("the score is 5.5; it must lie between 0.5 and 4.5", Assert.Throws<ArgumentOutOfRangeException>(() => SoftLabels.Of(5.5, 0.5, 5)).Message, StringComparison.Ordinal);
        Assert.StartsWith("example 0 has the probability -0.5", Wrong([-0.5, 1.5]), StringComparison.Ordinal);
        Assert.StartsWith("the probabilities of example 0 sum to 0.75, not to 1", Wrong([0.5, 0.25]), StringComparison.Ordinal);
        Assert.StartsWith("example 0 has the score 0.5 and was given NaN", Assert.Throws<ArgumentException>(() => new TaskOutcomes.OfScores([0.5], [double.NaN])).Message, StringComparison.Ordinal);
    }

    private static string Wrong(double[] probabilities) => Assert.Throws<ArgumentException>(() => new TaskOutcomes.OfClasses([0], [0], ["a", "b"], [probabilities])).Message;
}
