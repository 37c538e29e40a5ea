using Foreword.Generation;

namespace Foreword.Tests.Generation;

public sealed class SamplerTests
{
    private static readonly float[] Logits = Of(0.1, 0.4, 0.2, 0.05, 0.25);

    [Fact]
    public void TemperatureZeroTakesTheLikeliestAndOfEqualsTheFirst()
    {
        Sampler sampler = new(new SamplingOptions { Temperature = 0 });
        Assert.Equal(1, sampler.Sample(Logits));
        Assert.Equal(2, sampler.Sample([0f, -1f, 3f, 3f]));
    }

    [Fact]
    public void TheDrawsFollowTheProbabilities()
    {
        double[] shares = Shares(new SamplingOptions(), Logits);
        double[] expected = [0.1, 0.4, 0.2, 0.05, 0.25];
        for (int id = 0; id < expected.Length; id++)
            Assert.Equal(expected[id], shares[id], 0.01);
    }

    [Fact]
    public void TemperatureRaisesProbabilitiesToItsInverse()
    {
        double[] shares = Shares(new SamplingOptions { Temperature = 0.5 }, Of(0.2, 0.8));
        Assert.Equal(0.64 / (0.64 + 0.04), shares[1], 0.01);
    }

    [Theory]
    [InlineData(2, new[] { 1, 4 })]
    [InlineData(3, new[] { 1, 2, 4 })]
    [InlineData(5, new[] { 0, 1, 2, 3, 4 })]
    [InlineData(99, new[] { 0, 1, 2, 3, 4 })]
    public void TopKKeepsTheKLikeliest(int k, int[] kept) => Assert.Equal(kept, Drawn(new SamplingOptions { TopK = k }, Logits));

    [Theory]
    [InlineData(0.0, new[] { 1 })]
    [InlineData(0.39, new[] { 1 })]
    [InlineData(0.41, new[] { 1, 4 })] // the token that crosses p stays
    [InlineData(0.64, new[] { 1, 4 })]
    [InlineData(0.66, new[] { 1, 2, 4 })]
    [InlineData(0.96, new[] { 0, 1, 2, 3, 4 })]
    public void TopPKeepsTheTokenThatCrossesP(double p, int[] kept) => Assert.Equal(kept, Drawn(new SamplingOptions { TopP = p }, Logits));

    [Fact]
    public void TopPCountsProbabilitiesAmongThoseThatTopKLeft() =>
        // Alone 0.4 and 0.25 reach 0.6; among the three left of top-k they are 0.47 and 0.29 of 0.85.
        Assert.Equal([1, 4], Drawn(new SamplingOptions { TopK = 3, TopP = 0.7 }, Logits));

    [Fact]
    public void TopPCountsProbabilitiesAfterTheTemperature() =>
        Assert.Equal([1], Drawn(new SamplingOptions { Temperature = 0.1, TopP = 0.9 }, Logits));

    [Fact]
    public void EqualLogitsAreKeptByTheirIds()
    {
        float[] equal = [.. Enumerable.Repeat(-0f, 3), .. Enumerable.Repeat(0f, 5)];
        Assert.Equal([0, 1, 2], Drawn(new SamplingOptions { TopK = 3 }, equal));
        Assert.Equal([0, 1, 2, 3], Drawn(new SamplingOptions { TopP = 0.45 }, equal));
    }

    /// <summary>The plain rule over many random rows: sort everything, cut, and compare what can be drawn.</summary>
    [Fact]
    public void TheFastCutsKeepWhatThePlainRuleKeeps()
    {
        SplitMix64 random = new(7);
        for (int trial = 0; trial < 40; trial++)
        {
            float[] row = [.. Enumerable.Range(0, 60).Select(_ => (float)Math.Round(6 * random.NextDouble(), 1))]; // many equals
            int k = 1 + (int)(random.NextDouble() * 60);
            double p = random.NextDouble();
            int[] expected = Plain(row, 0.8, k, p);
            int[] drawn = Drawn(new SamplingOptions { Temperature = 0.8, TopK = k, TopP = p, Seed = trial }, row, draws: 4_000);
            Assert.Subset(expected.ToHashSet(), drawn.ToHashSet());
            Assert.Equal(expected.Length, drawn.Length);
        }

        static int[] Plain(float[] row, double temperature, int k, double p)
        {
            int[] order = [.. Enumerable.Range(0, row.Length).OrderByDescending(id => row[id]).ThenBy(id => id).Take(k)];
            double total = order.Sum(id => Math.Exp(row[id] / temperature));
            double before = 0;
            return [.. order.TakeWhile((id, i) =>
            {
                bool kept = i == 0 || before < p * total;
                before += Math.Exp(row[id] / temperature);
                return kept;
            })];
        }
    }

    [Fact]
    public void TheSameSeedDrawsTheSameTokensAndAnotherSeedOthers()
    {
        Assert.Equal(Draws(3), Draws(3));
        Assert.NotEqual(Draws(3), Draws(4));

        // Computed apart from this code, from SplitMix64's definition: the inverse of the cumulated probabilities.
        Assert.Equal([1, 3, 2, 0, 1, 2, 1, 4, 1, 4], Draws(3).Take(10));

        static int[] Draws(long seed)
        {
            Sampler sampler = new(new SamplingOptions { Seed = seed });
            return [.. Enumerable.Range(0, 50).Select(_ => sampler.Sample(Logits))];
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void ALogitThatIsNoNumberIsAnErrorWithItsToken(float bad)
    {
        foreach (double temperature in new[] { 0, 1.0 })
        {
            Sampler sampler = new(new SamplingOptions { Temperature = temperature });
            Assert.Contains("the logit of token 2 is", Assert.Throws<ArgumentException>(() => sampler.Sample([0, 1, bad, 3])).Message);
        }

        Assert.Throws<ArgumentException>(() => new Sampler(new SamplingOptions()).Sample([]));
    }

    [Fact]
    public void HugeLogitsAndTinyTemperaturesDoNotOverflow()
    {
        Assert.Equal(1, new Sampler(new SamplingOptions { Temperature = 1e-300 }).Sample([-3e38f, 3e38f, 2e38f]));
        Assert.Equal(1, new Sampler(new SamplingOptions { Temperature = 1e-300, TopP = 0.5 }).Sample([-3e38f, 3e38f, 2e38f]));
    }

    [Fact]
    public void ImpossibleOptionsAreNamedWithTheirValues()
    {
        Assert.Equal("temperature is -1; it must be 0 (greedy) or above", Refusal(new() { Temperature = -1 }));
        Assert.Equal("temperature is NaN; it must be 0 (greedy) or above", Refusal(new() { Temperature = double.NaN }));
        Assert.Equal("top-k is -2; it must be 0 (off) or above", Refusal(new() { TopK = -2 }));
        Assert.Equal("top-p is 1.5; it must be between 0 and 1 (off)", Refusal(new() { TopP = 1.5 }));
        Assert.Equal("max-tokens is 0; it must be at least 1", Refusal(new() { MaxTokens = 0 }));
        Assert.StartsWith("a stop text is empty", Refusal(new() { Stop = ["a", ""] }));

        static string Refusal(SamplingOptions options) => Assert.Throws<ArgumentException>(() => new Sampler(options)).Message;
    }

    private static float[] Of(params double[] probabilities) => [.. probabilities.Select(p => (float)Math.Log(p))];

    private static double[] Shares(SamplingOptions options, float[] logits)
    {
        const int draws = 20_000;
        Sampler sampler = new(options);
        int[] counts = new int[logits.Length];
        for (int i = 0; i < draws; i++)
            counts[sampler.Sample(logits)]++;
        return [.. counts.Select(count => count / (double)draws)];
    }

    /// <summary>Every id that comes up in many draws, ascending.</summary>
    private static int[] Drawn(SamplingOptions options, float[] logits, int draws = 2_000)
    {
        Sampler sampler = new(options);
        return [.. Enumerable.Range(0, draws).Select(_ => sampler.Sample(logits)).Distinct().Order()];
    }
}
