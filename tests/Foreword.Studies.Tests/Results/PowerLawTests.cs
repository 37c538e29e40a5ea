using Foreword.Studies.Grid;
using Foreword.Studies.Results;

namespace Foreword.Studies.Tests.Results;

public sealed class PowerLawTests
{
    private static readonly double[] Sizes = [1.2e6, 3.1e6, 7e6, 13.8e6, 29.6e6];

    [Theory]
    [InlineData(1.69, 406.4, 0.34)]
    [InlineData(0, 20, 0.08)]
    [InlineData(3, 1e6, 1.1)]
    public void TheNumbersOfALawAreFound(double floor, double factor, double exponent)
    {
        PowerLaw law = PowerLaw.Fit(Sizes, [.. Sizes.Select(size => floor + factor * Math.Pow(size, -exponent))]);
        Assert.Equal(exponent, law.Exponent, 1e-3 * exponent);
        Assert.Equal(floor, law.Floor, 1e-2);
        Assert.All(law.Residuals, residual => Assert.Equal(0, residual, 1e-5));
        Assert.Equal(floor + factor * Math.Pow(1e8, -exponent), law.Of(1e8), 1e-2);
    }

    [Fact]
    public void AFloorBelowZeroIsNotFitted()
    {
        PowerLaw law = PowerLaw.Fit([1, 2, 4, 8], [4, 2.6, 1.2, 0.1]);
        Assert.Equal(0, law.Floor);
        Assert.Contains(law.Residuals, residual => Math.Abs(residual) > 0.01);
    }

    [Fact]
    public void LossesThatRiseHaveNoPower()
    {
        PowerLaw law = PowerLaw.Fit([1, 2, 4, 8], [3, 3.1, 3.3, 3.4]);
        Assert.Equal((3.2, 0), (Math.Round(law.Floor, 12), law.Factor));
        Assert.Equal(3.2, law.Of(100), 1e-12);
    }

    [Fact]
    public void TooFewOrWrongNumbersAreRefused()
    {
        Assert.StartsWith("2 places and 3 losses; expected 3 or more places, each with a loss", Assert.Throws<ArgumentException>(() => PowerLaw.Fit([1, 1, 2], [1, 2, 3])).Message, StringComparison.Ordinal);
        Assert.StartsWith("a place is not positive", Assert.Throws<ArgumentException>(() => PowerLaw.Fit([0, 1, 2], [1, 2, 3])).Message, StringComparison.Ordinal);
        Assert.StartsWith("a place is not positive", Assert.Throws<ArgumentException>(() => PowerLaw.Fit([1, 2, 3], [1, double.NaN, 3])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheLargestModelIsHeldBack()
    {
        StudyPlan plan = new() { Name = "", Title = "", Method = "", Axis = "parameters", AxisLabel = "", Curves = ["text"], Values = ["loss"], Drawn = [], HasFit = true };
        CellResult[] results = [.. Sizes.Select(size => new CellResult([new("text", "a"), new("parameters", $"{size}")], "", "nats", new Dictionary<string, double> { ["loss"] = size > 2e7 ? 9 : 2 + 50 * Math.Pow(size, -0.25) }, 0))];
        StudyFit fit = Assert.Single(StudySummary.Fits(plan, StudySummary.Compute(plan, results)));
        Assert.Equal((29.6e6, 9), (fit.Largest, fit.Measured));
        Assert.Equal(2 + 50 * Math.Pow(29.6e6, -0.25), fit.Predicted, 1e-3);
        Assert.Empty(StudySummary.Fits(plan, StudySummary.Compute(plan, results[..3])));
    }
}
