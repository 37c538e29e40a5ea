using CsCheck;
using Foreword.Generation;
using Foreword.Numerics;

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
    [InlineData(0.41, new[] { 1, 4 })] // the token that crosses p is kept
    [InlineData(0.64, new[] { 1, 4 })]
    [InlineData(0.66, new[] { 1, 2, 4 })]
    [InlineData(0.96, new[] { 0, 1, 2, 3, 4 })]
    public void TopPKeepsTheTokenThatCrossesP(double p, int[] kept) => Assert.Equal(kept, Drawn(new SamplingOptions { TopP = p }, Logits));

    [Fact]
    public void TopPCountsProbabilitiesAmongThoseThatTopKLeft() =>
        // On their own, 0.4 and 0.25 reach 0.6. Among the three tokens that top-k leaves, they are 0.47 and 0.29 (0.4 and 0.25 of 0.85).
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

    [Theory]
    [InlineData(0.0, new[] { 1 })] // at least one token
    [InlineData(0.41, new[] { 1 })] // the token that crosses p is dropped
    [InlineData(0.66, new[] { 1, 4 })]
    [InlineData(0.86, new[] { 1, 2, 4 })]
    public void TheReleasedTopPDropsTheTokenThatCrossesP(double p, int[] kept) =>
        Assert.Equal(kept, Drawn(new SamplingOptions { TopP = p, TopPRule = TopPRule.Released }, Logits));

    /// <summary>Computed by hand, with a penalty of 2: GPT2-Chinese's generate.py divides each logit, and Hugging Face's processor multiplies negative ones.</summary>
    [Theory]
    [InlineData(PenaltyRule.HuggingFace, new[] { 1.5f, -4f, 1f, -1f })]
    [InlineData(PenaltyRule.Gpt2Chinese, new[] { 1.5f, -1f, 1f, -1f })]
    public void TheRepetitionPenaltyFollowsEitherRule(PenaltyRule rule, float[] expected)
    {
        LogitAdjustments adjustments = new(new SamplingOptions { RepetitionPenalty = 2, PenaltyRule = rule }, [0, 1, 0]);
        Assert.Equal(expected, adjustments.Apply([3f, -2f, 1f, -1f]).ToArray());
        adjustments.Add(3);
        Assert.Equal(rule == PenaltyRule.HuggingFace ? -2f : -0.5f, adjustments.Apply([3f, -2f, 1f, -1f])[3]);
    }

    [Fact]
    public void TheReleasedTopPKeepsWhatReachesPExactly() =>
        Assert.Equal([0, 1], Drawn(new SamplingOptions { TopP = 0.5, TopPRule = TopPRule.Released }, [0, 0, 0, 0]));

    [Theory]
    [InlineData(0.6, new[] { 1, 4 })] // 0.25 / 0.4 = 0.625
    [InlineData(0.63, new[] { 1 })]
    [InlineData(0.49, new[] { 1, 2, 4 })]
    [InlineData(0.12, new[] { 0, 1, 2, 3, 4 })]
    [InlineData(1.0, new[] { 1 })]
    public void MinPIsAShareOfTheLikeliest(double p, int[] kept) => Assert.Equal(kept, Drawn(new SamplingOptions { MinP = p }, Logits));

    // The entropy of 0.1, 0.4, 0.2, 0.05, 0.25 is 1.415 nats. Their information is 2.303, 0.916, 1.609, 2.996, 1.386.
    // The distances from the entropy are 0.888, 0.499, 0.194, 1.581, 0.029. Sorted by distance: 4 (cumulative 0.25), 2 (0.45), 1 (0.85), 0 (0.95), 3.
    [Theory]
    [InlineData(0.2, new[] { 4 })]
    [InlineData(0.3, new[] { 2, 4 })]
    [InlineData(0.5, new[] { 1, 2, 4 })]
    [InlineData(0.9, new[] { 0, 1, 2, 4 })]
    [InlineData(0.97, new[] { 0, 1, 2, 3, 4 })]
    public void TypicalKeepsWhatIsNearestToTheEntropy(double mass, int[] kept) => Assert.Equal(kept, Drawn(new SamplingOptions { TypicalP = mass }, Logits));

    [Fact]
    public void TypicalMayRuleOutTheLikeliest() => // entropy 1.694 nats; its distance is 0.644 for the first token and 0.347 for the others, and equal ones stay together
        Assert.Equal([1, 2, 3, 4, 5], Drawn(new SamplingOptions { TypicalP = 0.4 }, Of(0.35, 0.13, 0.13, 0.13, 0.13, 0.13)));

    [Fact]
    public void EveryCutCountsAmongWhatTheOneBeforeItLeft()
    {
        // Top-k leaves 0.4, 0.25 and 0.2. Top-p of 0.7 then leaves 0.4 and 0.25 (0.65 of 0.85 is 0.76). Min-p of 0.63 is above 0.25 / 0.4 = 0.625.
        SamplingOptions options = new() { TopK = 3, TopP = 0.7 };
        Assert.Equal([1, 4], Drawn(options, Logits));
        Assert.Equal([1], Drawn(options with { MinP = 0.63 }, Logits));
        // The entropy of 8/13 and 5/13 is 0.666 nats. Their information is 0.486 and 0.956. The first is nearer and has 0.615 of the mass.
        Assert.Equal([1], Drawn(options with { TypicalP = 0.6 }, Logits));
        Assert.Equal([1, 4], Drawn(options with { TypicalP = 0.62 }, Logits));
    }

    [Fact]
    public void TheRepetitionPenaltyDividesPositiveAndMultipliesNegativeLogitsOfWhatStandsInTheText()
    {
        float[] logits = [2.0f, 3.0f, 2.9f, -1.0f];
        Assert.Equal(1, Greedy(new() { RepetitionPenalty = 1.5 }, []).Sample(logits));
        Assert.Equal(2, Greedy(new() { RepetitionPenalty = 1.5 }, [1, 1]).Sample(logits)); // 3 / 1.5 = 2: the penalty is applied once, however often the token occurs
        Sampler sampler = Greedy(new() { RepetitionPenalty = 1.4 }, [1]);
        Assert.Equal([2, 1, 1], Draws(sampler, logits, 3)); // 3 / 1.4 = 2.14 is above 2.9 / 1.4 = 2.07, and remains so
        Assert.Equal(1, Greedy(new() { RepetitionPenalty = 2 }, [0]).Sample([-1.0f, -1.5f])); // -2
        Assert.Equal(0, Greedy(new() { RepetitionPenalty = 0.5 }, [0]).Sample([-1.0f, -0.6f])); // -0.5: repetition is favored
    }

    [Fact]
    public void APromptMayContainIdsWithoutALogit() => // a model may have fewer logits than its tokenizer has ids
        Assert.Equal(1, Greedy(new() { RepetitionPenalty = 2 }, [2, 3, 9]).Sample([1.0f, 1.1f]));

    [Fact]
    public void PresenceAndFrequencyPenaltiesCountTheCompletionOnly()
    {
        float[] logits = [1.0f, 0.7f, 0.1f];
        // The presence penalty is subtracted once a token occurs: 1 -> 0.5, 0.7 -> 0.2, and 0.1 is unchanged. After that, 0.5 always wins.
        Assert.Equal([0, 1, 0, 0], Draws(Greedy(new() { PresencePenalty = 0.5 }, [0, 0, 1]), logits, 4));
        // The frequency penalty is subtracted at each occurrence. The logits become 1, 0.6 and 0.2, then 0.7 and 0.3, then 0.1.
        Assert.Equal([0, 1, 0, 1, 0, 2], Draws(Greedy(new() { FrequencyPenalty = 0.4 }, [2, 2, 2]), logits, 6));
        Assert.Equal([0, 0, 0], Draws(Greedy(new() { FrequencyPenalty = -1, PresencePenalty = -1 }, []), logits, 3));
    }

    [Fact]
    public void ThePenaltiesFollowOneAnotherInTheDocumentedOrder() =>
        // The bias is applied first: -1 + 2 = 1, then 1 / 2 = 0.5. In the opposite order it would be -2 + 2 = 0, which is below 0.2.
        Assert.Equal(0, Greedy(new() { RepetitionPenalty = 2, LogitBias = new Dictionary<int, double> { [0] = 2 } }, [0]).Sample([-1.0f, 0.2f]));

    [Fact]
    public void ABiasIsAddedToTheLogit()
    {
        double[] shares = Shares(new SamplingOptions { LogitBias = new Dictionary<int, double> { [0] = Math.Log(4), [3] = -100 } }, Of(0.2, 0.3, 0.1, 0.4));
        double[] expected = [0.8 / 1.2, 0.3 / 1.2, 0.1 / 1.2, 0];
        for (int id = 0; id < expected.Length; id++)
            Assert.Equal(expected[id], shares[id], 0.01);
        Assert.Equal("logit-bias names token 4; the vocabulary has 4 ids",
            Assert.Throws<ArgumentException>(() => new Sampler(new SamplingOptions { LogitBias = new Dictionary<int, double> { [4] = 1 } }).Sample(new float[4])).Message);
    }

    /// <summary>Compares each draw with the plain rules, which sort and sum everything.</summary>
    [Fact]
    public void EveryCombinationDrawsWhatThePlainRulesDraw()
    {
        SplitMix64 random = new(7);
        for (int trial = 0; trial < 400; trial++)
        {
            int vocabulary = trial % 4 == 0 ? 700 : 60;
            SamplingOptions options = new()
            {
                Temperature = 0.3 + 2 * random.NextDouble(),
                TopK = Sometimes() ? 1 + (int)(random.NextDouble() * vocabulary) : 0,
                TopP = Sometimes() ? random.NextDouble() : 1,
                TopPRule = Sometimes() ? TopPRule.Crossing : TopPRule.Released,
                MinP = Sometimes() ? random.NextDouble() / 5 : 0,
                TypicalP = Sometimes() ? 0.01 + 0.98 * random.NextDouble() : 1,
                RepetitionPenalty = Sometimes() ? 0.5 + random.NextDouble() : 1,
                PresencePenalty = Sometimes() ? 2 * random.NextDouble() - 1 : 0,
                FrequencyPenalty = Sometimes() ? 2 * random.NextDouble() - 1 : 0,
                LogitBias = Sometimes() ? new Dictionary<int, double> { [3] = 5, [9] = -7 } : new Dictionary<int, double>(),
                Seed = trial,
            };
            int[] prompt = [.. Enumerable.Range(0, 5).Select(_ => (int)(random.NextDouble() * vocabulary))];
            Sampler sampler = new(options, prompt);
            PlainSampler plain = new(options, prompt);
            for (int step = 0; step < 10; step++)
            {
                float[] row = [.. Enumerable.Range(0, vocabulary).Select(_ => (float)Math.Round(8 * random.NextDouble() - 4, trial % 2 == 0 ? 1 : 4))]; // often with many equal logits
                Assert.Equal(plain.Sample(row), sampler.Sample(row));
            }
        }

        bool Sometimes() => random.NextDouble() < 0.4;
    }

    [Fact]
    public void WhatIsKeptHoldsTheMassThatWasAskedFor() =>
        Gen.Select(Gen.Float[-6, 6].Array[2, 400], Gen.Double[0.01, 0.99]).Sample((row, p) =>
        {
            double[] all = Probabilities(row);
            Candidates candidates = new();
            candidates.Fill(row, row.Max(), 1, 0);
            candidates.KeepTopP(row, p, TopPRule.Crossing);
            double[] kept = [.. candidates.Ids.ToArray().Select(id => all[id])];
            Assert.True(kept.Sum() >= p - 1e-9);
            Assert.True(kept.Sum() - kept.Min() < p + 1e-9, "one token fewer would not do");
            Assert.True(kept.Min() >= all.Where((_, id) => !candidates.Ids.Contains(id)).DefaultIfEmpty(0).Max());

            candidates.Fill(row, row.Max(), 1, 0);
            candidates.KeepTopP(row, p, TopPRule.Released);
            Assert.True(candidates.Count == 1 || candidates.Ids.ToArray().Sum(id => all[id]) <= p + 1e-9);

            candidates.Fill(row, row.Max(), 1, 0);
            candidates.KeepAtLeast(p);
            Assert.All(all.Select((probability, id) => (probability, id)), token => Assert.Equal(token.probability >= p * all.Max() * (1 + 1e-12 * Math.Sign(p)), candidates.Ids.Contains(token.id)));

            candidates.Fill(row, row.Max(), 1, 0);
            candidates.KeepTypical(row, p);
            Assert.True(candidates.Ids.ToArray().Sum(id => all[id]) >= p - 1e-9);

            int k = 1 + (int)(p * row.Length);
            candidates.Fill(row, row.Max(), 1, k);
            Assert.Equal(Math.Min(k, row.Length), candidates.Count);
            Assert.Equal(candidates.Ids.ToArray().Order(), candidates.Ids.ToArray());
        });

    [Fact]
    public void ATokenCostsNoMemoryOnceTheFirstIsDrawn()
    {
        SamplingOptions options = new()
        {
            TopK = 300,
            TopP = 0.9,
            MinP = 0.01,
            TypicalP = 0.9,
            RepetitionPenalty = 1.1,
            PresencePenalty = 0.1,
            FrequencyPenalty = 0.1,
            LogitBias = new Dictionary<int, double> { [1] = 1 },
        };
        SplitMix64 random = new(1);
        float[] row = [.. Enumerable.Range(0, 5_000).Select(_ => (float)(8 * random.NextDouble()))];
        foreach (SamplingOptions each in new[] { options, options with { TopK = 0 }, new SamplingOptions { Temperature = 0 } })
            Assert.Equal(0, Enumerable.Range(0, 3).Min(_ => Allocated(each, row)));

        // The sampler does the same work in each repetition. An allocation that occurs in only one of them (once 7,280 bytes) is not the sampler's.
        static long Allocated(SamplingOptions options, float[] row)
        {
            Sampler sampler = new(options, [1, 2, 3]);
            sampler.Sample(row);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 100; i++)
                sampler.Sample(row);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Fact]
    public void TheSameSeedDrawsTheSameTokensAndAnotherSeedOthers()
    {
        Assert.Equal(Draws(3), Draws(3));
        Assert.NotEqual(Draws(3), Draws(4));

        // Computed independently of this code, from the definition of SplitMix64 and the inverse of the cumulative probabilities.
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
        Assert.Equal(1, new Sampler(new SamplingOptions { Temperature = 1e-300, TypicalP = 0.5, MinP = 0.1 }).Sample([-3e38f, 3e38f, 2e38f]));
        Assert.Equal(1, new Sampler(new SamplingOptions { Temperature = 1e-300, TypicalP = 0.5 }).Sample([-3e38f, 3e38f, 2e38f]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.5)]
    [InlineData(1)] // rounding can make the target as large as the sum
    public void ATokenOfProbabilityZeroIsNeverDrawn(double share)
    {
        float[] row = [-3e38f, 3e38f, 2e38f];
        Candidates candidates = new();
        candidates.Fill(row, 3e38f, temperature: 1e-300, k: 0);
        Assert.Equal([0, 1, 0], candidates.Weights.ToArray());
        Assert.Equal(1, candidates.At(share));
    }

    [Fact]
    public void AFewTokensOfALargeVocabularyAreKept()
    {
        float[] row = [.. Enumerable.Range(0, 1001).Select(id => (float)(id * 37 % 1001))]; // each number from 0 to 1000 once
        Candidates candidates = new();
        candidates.Fill(row, 1000, temperature: 1, k: 5);
        Assert.Equal(Enumerable.Range(0, 1001).Where(id => row[id] >= 996), candidates.Ids.ToArray());
    }

    [Fact]
    public void ImpossibleOptionsAreNamedWithTheirValues()
    {
        Assert.Equal("temperature is -1; it must be 0 (greedy) or above", Refusal(new() { Temperature = -1 }));
        Assert.Equal("temperature is NaN; it must be 0 (greedy) or above", Refusal(new() { Temperature = double.NaN }));
        Assert.Equal("logit-bias is null; an empty value is allowed", Refusal(new() { LogitBias = null! }));
        Assert.Equal("stop is null; an empty value is allowed", Refusal(new() { Stop = null! }));
        Assert.Equal("stop-ids is null; an empty value is allowed", Refusal(new() { StopIds = null! }));
        Assert.Equal("a stop id is -1; it must be 0 or above", Refusal(new() { StopIds = [-1] }));
        Assert.Equal("top-k is -2; it must be 0 (off) or above", Refusal(new() { TopK = -2 }));
        Assert.Equal("top-p is 1.5; it must be between 0 and 1 (off)", Refusal(new() { TopP = 1.5 }));
        Assert.Equal("top-p-rule is 9; it must be 0 (Crossing) or 1 (Released)", Refusal(new() { TopPRule = (TopPRule)9 }));
        Assert.Equal("min-p is -0.1; it must be between 0 (off) and 1", Refusal(new() { MinP = -0.1 }));
        Assert.Equal("typical-p is 0; it must be above 0 and at most 1 (off)", Refusal(new() { TypicalP = 0 }));
        Assert.Equal("repetition-penalty is 0; it must be between 0.01 and 100 (1 is off)", Refusal(new() { RepetitionPenalty = 0 }));
        Assert.Equal("repetition-penalty is 1E-320; it must be between 0.01 and 100 (1 is off)", Refusal(new() { RepetitionPenalty = 1e-320 }));
        Assert.Equal("repetition-penalty is 1E+300; it must be between 0.01 and 100 (1 is off)", Refusal(new() { RepetitionPenalty = 1e300 }));
        Assert.Equal("presence-penalty is 2.5; it must be between -2 and 2 (0 is off)", Refusal(new() { PresencePenalty = 2.5 }));
        Assert.Equal("frequency-penalty is NaN; it must be between -2 and 2 (0 is off)", Refusal(new() { FrequencyPenalty = double.NaN }));
        Assert.Equal("the logit-bias of token 5 is 101; it must be between -100 and 100", Refusal(new() { LogitBias = new Dictionary<int, double> { [5] = 101 } }));
        Assert.Equal("num-beams is 0; it must be at least 1 (off)", Refusal(new() { NumBeams = 0 }));
        Assert.Equal("logprobs is -1; it must be 0 or above", Refusal(new() { LogProbs = -1 }));
        Assert.EndsWith("so top-k cannot be combined with it", Refusal(new() { NumBeams = 2, TopK = 5 }));
        Assert.Equal("max-tokens is 0; it must be at least 1", Refusal(new() { MaxTokens = 0 }));
        Assert.StartsWith("a stop text is empty", Refusal(new() { Stop = ["a", ""] }));

        static string Refusal(SamplingOptions options) => Assert.Throws<ArgumentException>(() => new Sampler(options)).Message;
    }

    [Fact]
    public void EachOptionMayHaveTheEndsOfItsRangeAndNothingBeyond()
    {
        Dictionary<int, double> Bias(double value) => new() { [0] = value };
        foreach (SamplingOptions allowed in (SamplingOptions[])[
            new() { TopP = 0 }, new() { TopP = 1 }, new() { MinP = 0 }, new() { MinP = 1 }, new() { TypicalP = double.Epsilon }, new() { TypicalP = 1 },
            new() { RepetitionPenalty = 0.01 }, new() { RepetitionPenalty = 100 }, new() { PresencePenalty = -2 }, new() { PresencePenalty = 2 },
            new() { FrequencyPenalty = -2 }, new() { FrequencyPenalty = 2 }, new() { LogitBias = Bias(-100) }, new() { LogitBias = Bias(100) },
            new() { TopK = 0 }, new() { Temperature = 0 }, new() { NumBeams = 1 }, new() { LogProbs = 0 }, new() { MaxTokens = 1 }, new() { StopIds = [0] },
            new() { NumBeams = 2, Temperature = 0 }, new() { NumBeams = 2, Temperature = 1 }])
            Assert.Same(allowed, allowed.Validate());
        foreach (SamplingOptions refused in (SamplingOptions[])[
            new() { TopP = -0.01 }, new() { MinP = 1.01 }, new() { TypicalP = 1.01 }, new() { TypicalP = -0.01 }, new() { PresencePenalty = -2.01 }, new() { FrequencyPenalty = 2.01 },
            new() { LogitBias = Bias(-101) }, new() { LogitBias = new Dictionary<int, double> { [-1] = 0 } }, new() { Temperature = double.PositiveInfinity },
            new() { LengthPenalty = double.NaN }, new() { TopP = double.NaN }, new() { MinP = double.NaN }, new() { TypicalP = double.NaN },
            new() { NumBeams = 2, Temperature = 0.5 }, new() { NumBeams = 2, TopP = 0.5 }, new() { NumBeams = 2, MinP = 0.5 }, new() { NumBeams = 2, TypicalP = 0.5 }, new() { NumBeams = 2, Slide = true }])
            Assert.Throws<ArgumentException>(refused.Validate);
    }

    [Fact]
    public void NoOptionWithinItsRangeMakesALogitInfinite()
    {
        float[] logits = [30_000, -30_000, 5];
        Dictionary<int, double> bias = new() { [0] = 100, [1] = -100 };
        foreach (double penalty in (double[])[0.01, 100])
        {
            foreach (double temperature in (double[])[0, double.Epsilon, 1, double.MaxValue])
                Assert.InRange(new Sampler(new() { RepetitionPenalty = penalty, PresencePenalty = 2, FrequencyPenalty = -2, Temperature = temperature, LogitBias = bias }, 0, 1, 2).Sample(logits), 0, 2);
        }
    }

    private static float[] Of(params double[] probabilities) => [.. probabilities.Select(p => (float)Math.Log(p))];

    private static Sampler Greedy(SamplingOptions options, int[] prompt) => new(options with { Temperature = 0 }, prompt);

    private static int[] Draws(Sampler sampler, float[] logits, int count) => [.. Enumerable.Range(0, count).Select(_ => sampler.Sample(logits))];

    private static double[] Probabilities(float[] row)
    {
        double total = row.Sum(logit => Math.Exp(logit - row.Max()));
        return [.. row.Select(logit => Math.Exp(logit - row.Max()) / total)];
    }

    private static double[] Shares(SamplingOptions options, float[] logits)
    {
        const int draws = 20_000;
        Sampler sampler = new(options);
        int[] counts = new int[logits.Length];
        for (int i = 0; i < draws; i++)
            counts[sampler.Sample(logits)]++;
        return [.. counts.Select(count => count / (double)draws)];
    }

    /// <summary>Returns every id that occurs in many draws, in ascending order.</summary>
    private static int[] Drawn(SamplingOptions options, float[] logits, int draws = 2_000)
    {
        Sampler sampler = new(options);
        return [.. Enumerable.Range(0, draws).Select(_ => sampler.Sample(logits)).Distinct().Order()];
    }
}
