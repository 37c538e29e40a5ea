using Foreword.Studies.Grid;
using Foreword.Studies.Results;
using Foreword.Studies.Training;

namespace Foreword.Studies.Tests.Training;

public sealed class DesignGridTests
{
    [Fact]
    public void LossesAreComparedWhenTheFastestDesignHadEnded()
    {
        CellResult[] results =
        [
            Cell("GPT-2", 1, seconds: 100, (0, 9), (10, 5), (20, 4)),
            Cell("post-LN", 1, seconds: 50, (0, 9), (10, 6), (20, 5.5)),
            Cell("half the context", 1, seconds: 80, (0, 9), (10, 5.8), (20, 4.6)),
            Cell("GPT-2", 2, seconds: 30, (0, 9), (20, 3)),
            new([new("design", "post-LN"), new("layers", "6"), new(StudyFactor.Seed, "2")], "", "loss", new Dictionary<string, double> { ["diverged"] = 1 }, 1),
        ];
        Dictionary<string, double> rows = StudySummary.Compute(DesignGrid.Plan, results).Where(row => row.Value == DesignGrid.EqualTime).ToDictionary(row => row.Curve[0], row => row.Mean);
        Assert.Equal((5 + 3) / 2.0, rows["GPT-2"], 1e-12); // half of the run of seed 1, all of that of seed 2
        Assert.Equal(5.5, rows["post-LN"], 1e-12);
        Assert.Equal(5.8 + (4.6 - 5.8) * 0.25, rows["half the context"], 1e-12);
    }

    [Fact]
    public void TheShareOfDivergedSeedsIsAMean()
    {
        CellResult[] results = [.. Enumerable.Range(1, 4).Select(seed => new CellResult(
            [new("design", "post-LN"), new("layers", "24"), new(StudyFactor.Seed, $"{seed}")], "", "loss", new Dictionary<string, double> { ["diverged"] = seed == 1 ? 1 : 0 }, 1))];
        Assert.Equal(0.25, Assert.Single(StudySummary.Compute(DesignGrid.Plan, results)).Mean);
    }

    private static CellResult Cell(string design, int seed, double seconds, params (int Step, double Loss)[] curve)
    {
        Dictionary<string, double> values = curve.ToDictionary(point => $"validation at {point.Step}", point => point.Loss);
        values["seconds"] = seconds;
        return new CellResult([new("design", design), new("layers", "6"), new(StudyFactor.Seed, $"{seed}")], "", "loss", values, seconds);
    }
}
