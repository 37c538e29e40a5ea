using Foreword.Studies.Grid;
using Foreword.Studies.Results;

namespace Foreword.Studies.Tests.Results;

public sealed class StudySummaryTests
{
    private static readonly StudyPlan Plan = new() { Name = "plan", Title = "", Method = "", Axis = "layers", AxisLabel = "", Curves = ["data"], Values = ["validation", "test"], Drawn = ["validation"], Reference = "none", HasAverage = true };

    [Fact]
    public void SeedsBecomeMeanDeviationAndComparison()
    {
        IReadOnlyList<StudyRow> rows = StudySummary.Compute(Plan, [Result("a", "none", 1, 0.2), Result("a", "10", 2, 0.9), Result("a", "2", 1, 0.5), Result("a", "none", 2, 0.4), Result("a", "10", 1, 0.5), Result("a", "2", 2, 0.6)]);
        Assert.Equal(["none", "2", "10"], rows.Select(row => row.Level));
        Assert.Equal(0.7, rows[2].Mean, 1e-12);
        Assert.Equal(Math.Sqrt(0.08), rows[2].Deviation, 1e-12);
        Assert.Equal([0.5, 0.9], rows[2].Samples);
        Assert.Null(rows[0].Comparison);
        Assert.Equal(PairedTest.Compute([0.5, 0.9], [0.2, 0.4]), rows[2].Comparison);
    }

    [Fact]
    public void TheAverageTakesLevelsThatAllCurvesHave()
    {
        IReadOnlyList<StudyRow> rows = StudySummary.Compute(Plan, [Result("a", "none", 1, 0.2), Result("b", "none", 1, 0.6, "pearson"), Result("a", "1", 1, 0.5)]);
        StudyRow average = Assert.Single(rows, row => row.Curve is [StudySummary.Average]);
        Assert.Equal(("none", "score", 0.4), (average.Level, average.Metric, Math.Round(average.Mean, 12)));
    }

    [Fact]
    public void ASeedWithoutItsReferenceIsNotCompared()
    {
        IReadOnlyList<StudyRow> rows = StudySummary.Compute(Plan, [Result("a", "none", 1, 0.2), Result("a", "1", 2, 0.5)]);
        Assert.All(rows, row => Assert.Null(row.Comparison));
        Assert.All(rows, row => Assert.Equal(double.NaN, row.Deviation));
    }

    private static CellResult Result(string data, string layers, int seed, double value, string metric = "accuracy") =>
        new([new("data", data), new("layers", layers), new(StudyFactor.Seed, $"{seed}")], "", metric, new Dictionary<string, double> { ["validation"] = value }, 1);
}
