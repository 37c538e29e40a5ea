using Foreword.Data.Questions;
using Foreword.Data.Recipes.Supervised;

namespace Foreword.Data.Tests.Questions;

public sealed class MixSamplerTests
{
    [Fact]
    public void RoundRobinTakesAQuestionOfEachTaskInTurnAndRepeatsNoneWithinAPass()
    {
        MixSampler sampler = new([3, 2], MixOrder.RoundRobin, 1, null, seed: 7);
        (int Task, int Question)[] draws = [.. Enumerable.Range(0, 24).Select(i => sampler.At(i))];
        Assert.Equal(Enumerable.Range(0, 24).Select(i => i % 2), draws.Select(draw => draw.Task));
        Assert.All(Of(0).Chunk(3), pass => Assert.Equal([0, 1, 2], pass.Order()));
        Assert.All(Of(1).Chunk(2), pass => Assert.Equal([0, 1], pass.Order()));
        Assert.True(Of(0).Chunk(3).Select(pass => string.Join(',', pass)).Distinct().Count() > 1); // each pass has its own order

        IEnumerable<int> Of(int task) => draws.Where(draw => draw.Task == task).Select(draw => draw.Question);
    }

    /// <summary>900 : 90 : 10 at temperature 1, and their roots 30 : 9.49 : 3.16 at temperature 2.</summary>
    [Theory]
    [InlineData(1, 900, 90, 10)]
    [InlineData(2, 703, 222, 74)]
    [InlineData(1e6, 333, 333, 333)]
    public void ProportionalMixingFollowsTheSizesAndTheTemperature(double temperature, params int[] expected)
    {
        MixSampler sampler = new([900, 90, 10], MixOrder.Proportional, temperature, null, seed: 1);
        int[] counts = new int[3];
        for (int i = 0; i < 1000; i++)
            counts[sampler.At(i).Task]++;
        Assert.All(counts.Zip(expected), pair => Assert.InRange(pair.First, pair.Second - 3, pair.Second + 3));
    }

    [Theory]
    [InlineData(MixOrder.RoundRobin)]
    [InlineData(MixOrder.Proportional)]
    public void ADrawDependsOnlyOnItsNumberAndTheSeed(MixOrder order)
    {
        MixSampler whole = New(3), late = New(3), other = New(4);
        (int, int)[] draws = [.. Enumerable.Range(0, 200).Select(i => whole.At(i))];
        Assert.All(draws.Take(5), draw => Assert.Equal(1, draw.Item1)); // the first task alone
        Assert.Contains(draws.Skip(5), draw => draw.Item1 == 0);
        Assert.Equal(draws[150..], Enumerable.Range(150, 50).Select(i => late.At(i)));
        Assert.Equal(draws[20], late.At(20)); // back again
        Assert.NotEqual(draws, Enumerable.Range(0, 200).Select(i => other.At(i)));

        MixSampler New(int seed) => new([30, 20, 10], order, 2, (1, 5), seed);
    }
}
