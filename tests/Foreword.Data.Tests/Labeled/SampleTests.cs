using Foreword.Data.Labeled;
using Foreword.Tasks;

namespace Foreword.Data.Tests.Labeled;

/// <summary>Checks the draw of a few training examples.</summary>
public sealed class SampleTests
{
    private static readonly TaskExample[] Examples = [.. Enumerable.Range(0, 100).Select(i => new TaskExample([$"text {i}"], [], i % 10 == 0 ? "rare" : i % 2 == 0 ? "even" : "odd"))];

    [Theory]
    [InlineData(10, 4, 5, 1)]
    [InlineData(20, 8, 10, 2)]
    [InlineData(3, 1, 1, 1)]
    [InlineData(100, 40, 50, 10)]
    public void EachClassGetsItsShare(int count, int even, int odd, int rare)
    {
        IReadOnlyList<TaskExample> drawn = Draw(count, byClass: true, seed: 1);
        Assert.Equal(count, drawn.Distinct().Count());
        Assert.Equal((even, odd, rare), (drawn.Count(e => e.Label == "even"), drawn.Count(e => e.Label == "odd"), drawn.Count(e => e.Label == "rare")));
    }

    [Fact]
    public void TheSeedDecidesAndTheOrderOfTheFileStays()
    {
        IReadOnlyList<TaskExample> first = Draw(20, true, 1);
        Assert.Equal(first, Draw(20, true, 1));
        Assert.NotEqual(first, Draw(20, true, 2));
        Assert.Equal(first.OrderBy(example => Array.IndexOf(Examples, example)), first);
    }

    [Fact]
    public void WithoutClassesEveryExampleHasTheSameChance()
    {
        int[] times = new int[100];
        for (int seed = 0; seed < 1000; seed++)
        {
            foreach (TaskExample drawn in Draw(10, false, seed))
                times[Array.IndexOf(Examples, drawn)]++;
        }

        Assert.All(times, count => Assert.InRange(count, 60, 145)); // 100 expected, with a standard deviation of 9.5
    }

    [Fact]
    public void MoreThanThereAreIsRefused() =>
        Assert.Equal("train.csv: 101 examples are to be drawn, but there are 100 training examples", Assert.Throws<InvalidDataException>(() => Draw(101, true, 1)).Message);

    private static IReadOnlyList<TaskExample> Draw(int count, bool byClass, int seed) => LabeledData.Sample(Examples, count, byClass, seed, "train.csv");
}
