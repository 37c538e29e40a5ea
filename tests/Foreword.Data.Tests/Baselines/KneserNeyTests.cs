using CsCheck;
using Foreword.Data.Baselines;

namespace Foreword.Data.Tests.Baselines;

public sealed class KneserNeyTests
{
    [Fact]
    public void ProbabilitiesSumToOneInEveryContext()
    {
        int[] tokens = Zipf(5_000, 40, seed: 1);
        KneserNey model = KneserNey.Train(tokens, 50); // ten ids never occur
        List<int[]> contexts = [[], [49, 49], [3, 49], [49, 3], [49], [3]];
        for (int u = 0; u < 12; u++)
            contexts.Add([u, (u * 7) % 50]);
        foreach (int[] context in contexts)
        {
            double[] p = [.. Enumerable.Range(0, 50).Select(token => model.Probability(context, token))];
            Assert.Equal(1, p.Sum(), 1e-9);
            Assert.All(p, value => Assert.True(value > 0));
        }
    }

    [Fact]
    public void ATinyCorpusGivesTheNumbersWorkedOutByHand()
    {
        // The tokens are a b a c a b d. No order has n-grams of every count from 1 to 4, so the discounts are 0.5, 1, 1.5.
        KneserNey model = KneserNey.Train([0, 1, 0, 2, 0, 1, 3], 4);

        // Different tokens before a: b, c. Before b: a. Before c: a. Before d: b. The sum is 5, with one count of 2 and three of 1.
        double gamma = ((3 * 0.5) + 1) / 5;
        double a = ((2 - 1.0) / 5) + (gamma / 4);
        double b = ((1 - 0.5) / 5) + (gamma / 4);
        Assert.Equal(a, model.Probability([], 0), 1e-12);
        Assert.Equal(b, model.Probability([], 1), 1e-12);

        // After a: b (in c a b; the first a b has no token before it) and c (in b a c).
        double afterA = ((1 - 0.5) / 2) + (((2 * 0.5) / 2) * b);
        Assert.Equal(afterA, model.Probability([0], 1), 1e-12);
        Assert.Equal(((2 * 0.5) / 2) * a, model.Probability([0], 0), 1e-12);

        // After c a: b, once.
        Assert.Equal(((1 - 0.5) / 1) + (0.5 * afterA), model.Probability([2, 0], 1), 1e-12);
        Assert.Equal(afterA, model.Probability([3, 0], 1), 1e-12); // d a never occurs
        Assert.Equal(
            -(Math.Log(model.Probability([2], 0)) + Math.Log(model.Probability([2, 0], 1))) / 2,
            model.MeanNegativeLogLikelihood([2, 0, 1]),
            1e-12);
    }

    [Fact]
    public void EveryProbabilityIsThatOfThePlainDefinition() =>
        Gen.Select(Gen.Int[0, 6].Array[3, 120], Gen.Int[0, 1_000]).Sample((tokens, salt) =>
        {
            int[] skewed = [.. tokens.Select(t => t * t / 6)];
            KneserNey model = KneserNey.Train(skewed, 8);
            PlainKneserNey plain = new(skewed, 8);
            for (int token = 0; token < 8; token++)
            {
                int u = salt % 8;
                int v = salt / 8 % 8;
                Assert.Equal(plain.Probability([], token), model.Probability([], token), 1e-12);
                Assert.Equal(plain.Probability([v], token), model.Probability([v], token), 1e-12);
                Assert.Equal(plain.Probability([u, v], token), model.Probability([5, u, v], token), 1e-12);
            }
        });

    [Fact]
    public void TheEstimatedDiscountsAreUsedWhereTheCorpusAllows()
    {
        Random random = new(2);
        int[] tokens = [.. Enumerable.Range(0, 3_000).Select(_ => (int)Math.Pow(900, random.NextDouble()))];
        KneserNey model = KneserNey.Train(tokens, 900);
        PlainKneserNey plain = new(tokens, 900);
        Assert.All(plain.UsesEstimates, Assert.True);
        for (int i = 2; i < 300; i++)
            Assert.Equal(plain.Probability(tokens[(i - 2)..i], tokens[i]), model.Probability(tokens.AsSpan(i - 2, 2), tokens[i]), 1e-12);
    }

    [Fact]
    public void TheLossIsFiniteOnTokensThatNeverOccurred()
    {
        KneserNey model = KneserNey.Train([1, 1, 1, 1], 1_000);
        double loss = model.MeanNegativeLogLikelihood([5, 6, 7, 8]);
        Assert.InRange(loss, 1, 20);
        Assert.True(model.MeanNegativeLogLikelihood([1, 1, 1]) < loss);
    }

    [Fact]
    public void ItIsBetterThanAUnigramModelOnTextWithStructure()
    {
        int[] tokens = [.. Enumerable.Range(0, 4_000).Select(i => (i * i) % 17)];
        Assert.InRange(KneserNey.Train(tokens, 17).MeanNegativeLogLikelihood(tokens), 0, 0.3); // the entropy of the unigrams is 2.1 nats
    }

    [Fact]
    public void WrongInputIsRefused()
    {
        Assert.Contains("2 tokens contain no trigram", Assert.Throws<ArgumentException>(() => KneserNey.Train([1, 2], 4)).Message);
        Assert.Contains("token id 4 is outside the vocabulary of 4", Assert.Throws<ArgumentOutOfRangeException>(() => KneserNey.Train([1, 2, 4], 4)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => KneserNey.Train([1, 2, 3], (1 << 21) + 1));
        KneserNey model = KneserNey.Train([1, 2, 3], 4);
        Assert.Contains("1 tokens cannot be scored", Assert.Throws<ArgumentException>(() => model.MeanNegativeLogLikelihood([1])).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => model.MeanNegativeLogLikelihood([1, 9]));
        Assert.Throws<ArgumentOutOfRangeException>(() => model.Probability([-1], 0));
    }

    private static int[] Zipf(int count, int vocabSize, int seed)
    {
        Random random = new(seed);
        int previous = 0;
        return [.. Enumerable.Range(0, count).Select(_ => previous = (previous + (int)Math.Pow(vocabSize, random.NextDouble())) % vocabSize)];
    }

    /// <summary>The definition, implemented literally and slowly, with sets and loops over all n-grams for every probability.</summary>
    private sealed class PlainKneserNey
    {
        private readonly int _vocabularySize;
        private readonly Dictionary<(int, int, int), int> _trigrams = [];
        private readonly Dictionary<(int, int), int> _bigrams = [];
        private readonly Dictionary<int, int> _unigrams = [];

        public PlainKneserNey(int[] tokens, int vocabSize)
        {
            _vocabularySize = vocabSize;
            HashSet<(int, int)> pairs = [];
            for (int i = 0; i + 2 < tokens.Length; i++)
                Add(_trigrams, (tokens[i], tokens[i + 1], tokens[i + 2]));
            foreach ((int _, int v, int w) in _trigrams.Keys)
                Add(_bigrams, (v, w));
            for (int i = 0; i + 1 < tokens.Length; i++)
            {
                if (pairs.Add((tokens[i], tokens[i + 1])))
                    Add(_unigrams, tokens[i + 1]);
            }
        }

        public bool[] UsesEstimates => [Estimated(_trigrams.Values), Estimated(_bigrams.Values), Estimated(_unigrams.Values)];

        public double Probability(int[] context, int w)
        {
            double uniform = 1.0 / _vocabularySize;
            double p = Level(_unigrams, _ => true, w, uniform);
            if (context.Length > 0)
                p = Level(_bigrams, key => key.Item1 == context[^1], (context[^1], w), p);
            if (context.Length > 1)
                p = Level(_trigrams, key => key.Item1 == context[0] && key.Item2 == context[1], (context[0], context[1], w), p);
            return p;
        }

        private static double Level<TKey>(Dictionary<TKey, int> counts, Func<TKey, bool> inContext, TKey key, double lower) where TKey : notnull
        {
            int[] following = [.. counts.Where(entry => inContext(entry.Key)).Select(entry => entry.Value)];
            if (following.Length == 0)
                return lower;
            double[] d = Discounts(counts.Values);
            double own = counts.TryGetValue(key, out int count) ? count - d[Math.Min(3, count)] : 0;
            double freed = (d[1] * following.Count(c => c == 1)) + (d[2] * following.Count(c => c == 2)) + (d[3] * following.Count(c => c >= 3));
            return (own + (freed * lower)) / following.Sum();
        }

        private static bool Estimated(IEnumerable<int> counts) => Discounts(counts)[1] != 0.5;

        private static double[] Discounts(IEnumerable<int> counts)
        {
            double N(int k) => counts.Count(c => c == k);
            double y = N(1) / (N(1) + (2 * N(2)));
            double d1 = 1 - (2 * y * N(2) / N(1));
            double d2 = 2 - (3 * y * N(3) / N(2));
            double d3 = 3 - (4 * y * N(4) / N(3));
            return d1 is > 0 and < 1 && d2 is > 0 and < 2 && d3 is > 0 and < 3 ? [0, d1, d2, d3] : [0, 0.5, 1, 1.5];
        }

        private static void Add<TKey>(Dictionary<TKey, int> counts, TKey key) where TKey : notnull =>
            counts[key] = counts.GetValueOrDefault(key) + 1;
    }
}
