using Foreword.Studies.FineTuning;
using Foreword.Tasks;

namespace Foreword.Studies.Tests.FineTuning;

public sealed class FineTuneCellTests
{
    /// <summary>BANKING77's file is sorted by its classes, so its first rows hold only a few of them.</summary>
    [Fact]
    public void TheMetricOnTheTrainingSetSeesAllOfASortedFile()
    {
        TaskExample[] sorted = [.. Enumerable.Range(0, 10_003).Select(i => new TaskExample([$"text {i}"], [], $"class {i / 130}", $"file:{i}"))];
        IReadOnlyList<TaskExample> measured = FineTuneCell.Spread(sorted);
        Assert.Equal(2000, measured.Count);
        Assert.Equal(2000, measured.Distinct().Count());
        Assert.Equal(77, measured.Select(example => example.Label).Distinct().Count());
        Assert.Same(sorted[0], measured[0]);
        Assert.Equal(sorted[..2000], FineTuneCell.Spread(sorted[..2000]));
    }
}
