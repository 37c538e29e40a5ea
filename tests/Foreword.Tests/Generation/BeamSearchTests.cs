using Foreword.Generation;
using Foreword.Numerics;

namespace Foreword.Tests.Generation;

public sealed class BeamSearchTests
{
    private const int A = 'a', B = 'b', End = 256;

    private static readonly SamplingOptions TwoBeams = new() { NumBeams = 2, MaxTokens = 2 };

    // Probabilities after the prompt: a 0.6, b 0.4. After a: a 0.5, b 0.3, end 0.2. After b: a 0.9, b 0.05, end 0.05.
    private static readonly Dictionary<string, (double A, double B, double End)> Tree = new()
    {
        [""] = (0.6, 0.4, 0),
        ["a"] = (0.5, 0.3, 0.2),
        ["b"] = (0.9, 0.05, 0.05),
        ["aa"] = (0.1, 0.1, 0.8),
        ["ba"] = (0.3, 0.4, 0.3),
        ["ab"] = (0.2, 0.2, 0.6),
    };

    [Fact]
    public void ABeamSearchFindsTheLikelierTextThatGreedyMisses()
    {
        Assert.Equal("aa", Texts(TwoBeams with { NumBeams = 1, Temperature = 0 }, 1)[0].Text); // 0.3
        Completion[] found = Texts(TwoBeams, 2);
        Assert.Equal(["ba", "aa"], found.Select(completion => completion.Text)); // 0.36, 0.3
        Assert.Equal(Math.Log(0.36) / 2, found[0].Score!.Value, 1e-6);
        Assert.Equal(Math.Log(0.30) / 2, found[1].Score!.Value, 1e-6);
        Assert.All(found, completion => Assert.Equal(FinishReason.Length, completion.FinishReason));
    }

    [Fact]
    public void TheLengthPenaltyIsThePowerOfTheLengthThatDividesTheScore()
    {
        // With up to three tokens, "aa" + end has 0.6 x 0.5 x 0.8 = 0.24, and "ba" + b has 0.4 x 0.9 x 0.4 = 0.144.
        SamplingOptions options = TwoBeams with { MaxTokens = 3 };
        Completion best = Texts(options with { LengthPenalty = 0 }, 1)[0];
        Assert.Equal(("aa", FinishReason.Stop, End), (best.Text, best.FinishReason, best.EndId!.Value));
        Assert.Equal(Math.Log(0.24), best.Score!.Value, 1e-6);
        Assert.Equal(Math.Log(0.24) / 3, Texts(options with { LengthPenalty = 1 }, 1)[0].Score!.Value, 1e-6); // the end-of-text token counts
        Assert.Equal(Math.Log(0.24) / 9, Texts(options with { LengthPenalty = 2 }, 1)[0].Score!.Value, 1e-6);
    }

    [Fact]
    public void EarlyStoppingEndsWithTheFirstTextsThatAreComplete()
    {
        // Step 1 completes the empty text (-1.20). Step 2 completes b (0.2 x 0.9, -0.86 per token) and leaves aa open (0.5 x 0.6, -0.60).
        // Step 3 would complete aa (x 0.99, -0.40).
        Dictionary<string, (double A, double B, double End)> tree = new() { [""] = (0.5, 0.2, 0.3), ["a"] = (0.6, 0.05, 0.35), ["b"] = (0.05, 0.05, 0.9), ["aa"] = (0.005, 0.005, 0.99) };
        SamplingOptions options = TwoBeams with { MaxTokens = 5 };
        FakeModel early = Model(tree), late = Model(tree);
        Assert.Equal(["", "b"], Texts(options with { EarlyStopping = true }, 2, early).Select(completion => completion.Text).Order());
        Assert.Equal("aa", Texts(options, 2, late)[0].Text);
        Assert.True(late.BatchSizes.Count > early.BatchSizes.Count);
        Assert.Equal(0, early.OpenDecoders + late.OpenDecoders);
    }

    [Fact]
    public void ASearchEndsWhenNoOpenTextScoresBetterThanThoseThatEnded()
    {
        // Step 2 completes a (0.55 x 0.55, -0.60 per token) and b (0.45 x 0.6, -0.65). The best open text is aa (0.55 x 0.44, -0.71).
        Dictionary<string, (double A, double B, double End)> tree = new() { [""] = (0.55, 0.45, 0), ["a"] = (0.44, 0.01, 0.55), ["b"] = (0.3, 0.1, 0.6), ["aa"] = (0.005, 0.005, 0.99) };
        FakeModel model = Model(tree);
        Assert.Equal(["a", "b"], Texts(TwoBeams with { MaxTokens = 5 }, 2, model).Select(completion => completion.Text));
        Assert.Single(model.BatchSizes); // one step after that of the prompt
    }

    [Fact]
    public void MoreBeamsThanTextsThereAreFindThemAll()
    {
        List<string> pieces = [];
        SamplingOptions options = new() { NumBeams = 300, MaxTokens = 1 };
        Completion[] found = new TextGenerator(Model(Tree), new FakeTokenizer(257)).GenerateEach(["?"], options, 300, (_, text) => pieces.Add(text), TestContext.Current.CancellationToken)[0];
        Assert.Equal(257, found.Length); // one for each token
        Assert.Equal(found.Select(completion => completion.Text), pieces);
    }

    [Fact]
    public void WithEnoughBeamsTheBestOfAllTextsIsFound()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            FakeModel model = Random(seed);
            (string Text, double LogProb)[] all = [.. Every(model, "", 0, 4).OrderByDescending(text => text.LogProb)];
            Completion[] found = Texts(new SamplingOptions { NumBeams = 100, MaxTokens = 4, LengthPenalty = 0 }, 3, Random(seed));
            Assert.Equal(all.Take(3).Select(text => text.Text), found.Select(Whole));
            for (int i = 0; i < 3; i++)
                Assert.Equal(all[i].LogProb, found[i].Score!.Value, 1e-5);
        }
    }

    [Fact]
    public void AnyNumberOfBeamsFindsWhatThePlainSearchFinds()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            SamplingOptions options = new()
            {
                NumBeams = 2 + seed % 3,
                MaxTokens = 6,
                LengthPenalty = (seed % 5 - 1) * 0.7,
                EarlyStopping = seed % 2 == 0,
                RepetitionPenalty = seed % 7 == 0 ? 1.3 : 1,
            };
            (string Text, double Score)[] expected = Plain(Random(seed), options);
            Completion[] found = Texts(options, options.NumBeams, Random(seed));
            Assert.Equal(expected.Select(text => text.Text), found.Select(Whole));
            for (int i = 0; i < found.Length; i++)
                Assert.Equal(expected[i].Score, found[i].Score!.Value, 1e-5);
        }
    }

    /// <summary>
    /// Probabilities of the first token: a 0.4, b 0.3, c 0.2, d 0.1. The token a ends a text, so b and c go on, although d was seen after them.
    /// </summary>
    [Fact]
    public void AStopTokenEndsABeamAndTheNextBestGoOn()
    {
        FakeModel model = new(257, 32, tokens => tokens.Count == 1 ? Row(0.4, 0.3, 0.2, 0.1) : tokens[^1] == 'c' ? Row(1e-3, 1, 1e-3, 1e-3) : Row(0.25, 0.25, 0.25, 0.25));
        Completion[] found = Texts(TwoBeams with { StopIds = [A], LengthPenalty = 0 }, 2, model);
        Assert.Equal([("", FinishReason.Stop), ("cb", FinishReason.Length)], found.Select(completion => (completion.Text, completion.FinishReason)));

        static float[] Row(params double[] probabilities)
        {
            float[] row = [.. Enumerable.Repeat(-60f, 257)];
            for (int i = 0; i < probabilities.Length; i++)
                row[A + i] = (float)Math.Log(probabilities[i]);
            return row;
        }
    }

    [Fact]
    public void ASearchEndsWhereEachTokenEndsTheText()
    {
        Completion[] found = Texts(TwoBeams with { StopIds = [.. Enumerable.Range(0, 257)] }, 2);
        Assert.Equal([A, B], found.Select(completion => completion.EndId!.Value));
    }

    [Fact]
    public void TheBeginningOfAStopTextAtTheEndIsPartOfTheText() =>
        Assert.Equal(["ba", "aa"], Texts(TwoBeams with { Stop = ["a!"] }, 2).Select(completion => completion.Text));

    [Fact]
    public void AStopTextEndsABeam()
    {
        Completion best = Texts(TwoBeams with { MaxTokens = 5, Stop = ["ba"], EarlyStopping = true, LengthPenalty = 0 }, 1)[0];
        Assert.Equal(("", FinishReason.Stop), (best.Text, best.FinishReason));
        Assert.Equal([B, A], best.Ids);
    }

    [Fact]
    public void LogProbsAreThoseOfTheBeamsOwnTokens()
    {
        Completion best = Texts(TwoBeams with { LogProbs = 2 }, 1)[0];
        Assert.Equal([Math.Log(0.4), Math.Log(0.9)], best.LogProbs!.Select(token => (double)token.LogProb), Near);
        Assert.Equal([A, B], best.LogProbs![0].Top.Select(token => token.Id));
    }

    [Fact]
    public void MoreTextsThanBeamsAreRefused() =>
        Assert.StartsWith("3 samples were requested with 2 beams", Assert.Throws<ArgumentException>(() => Texts(TwoBeams, 3)).Message);

    [Fact]
    public void ASearchThatWasCancelledDoesNotReadThePrompt()
    {
        FakeModel model = Model(Tree);
        BeamSearch search = new(model, new FakeTokenizer(257), TwoBeams);
        Assert.Throws<OperationCanceledException>(() => search.Write(['?'], "", 1, new CancellationToken(canceled: true)));
        Assert.Empty(Assert.Single(model.Read));
        Assert.Equal(0, model.OpenDecoders);
    }

    /// <summary>A step in progress is completed. The next one does not begin.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void ASearchEndsBeforeTheStepAfterItsCancellation(int tokens)
    {
        using CancellationTokenSource cancellation = new();
        FakeModel model = new(257, 32, read =>
        {
            if (read.Count == tokens)
                cancellation.Cancel();
            return Logits(0.6, 0.4, 0);
        });
        BeamSearch search = new(model, new FakeTokenizer(257), TwoBeams with { MaxTokens = 10 });
        Assert.Throws<OperationCanceledException>(() => search.Write(['?'], "", 1, cancellation.Token));
        Assert.Equal(Enumerable.Repeat(2, tokens - 1), model.BatchSizes);
        Assert.Equal(0, model.OpenDecoders);
    }

    private static bool Near(double a, double b) => Math.Abs(a - b) < 1e-5;

    private static Completion[] Texts(SamplingOptions options, int samples, FakeModel? model = null) =>
        new TextGenerator(model ?? Model(Tree), new FakeTokenizer(257)).GenerateEach(["?"], options, samples, null, TestContext.Current.CancellationToken)[0];

    private static string Whole(Completion completion) => completion.Text + (completion.EndId is null ? "" : "$");

    private static FakeModel Model(Dictionary<string, (double A, double B, double End)> tree) => new(257, 32, tokens =>
    {
        (double a, double b, double end) = tree.GetValueOrDefault(string.Concat(tokens.Skip(1).Select(token => (char)token)), (0.4, 0.3, 0.3));
        return Logits(a, b, end);
    });

    /// <summary>Creates a model that has different probabilities after every text.</summary>
    private static FakeModel Random(int seed) => new(257, 32, tokens =>
    {
        SplitMix64 random = new((ulong)tokens.Aggregate(seed, (hash, token) => unchecked(hash * 31 + token)));
        double[] p = [random.NextDouble(), random.NextDouble(), 0.6 * random.NextDouble()];
        return Logits(p[0] / p.Sum(), p[1] / p.Sum(), p[2] / p.Sum());
    });

    private static float[] Logits(double a, double b, double end)
    {
        float[] row = [.. Enumerable.Repeat(-60f, 257)];
        (row[A], row[B], row[End]) = ((float)Math.Log(a), (float)Math.Log(b), end == 0 ? -60 : (float)Math.Log(end));
        return row;
    }

    private static IEnumerable<(string Text, double LogProb)> Every(FakeModel model, string text, double logProb, int left)
    {
        if (left == 0 || text.EndsWith('$'))
            return [(text, logProb)];
        float[] row = model.Logits(['?', .. text.Select(character => (int)character)]);
        return new[] { (A, "a"), (B, "b"), (End, "$") }.SelectMany(token => Every(model, text + token.Item2, logProb + row[token.Item1], left - 1));
    }

    /// <summary>Searches over whole texts, without caches, exactly as the rules are written.</summary>
    private static (string Text, double Score)[] Plain(FakeModel model, SamplingOptions options)
    {
        List<(string Text, double Sum)> beams = [("", 0)];
        List<(string Text, double Score)> ended = [];
        for (int length = 1; ; length++)
        {
            var best = beams.SelectMany(beam => new[] { ('a', A), ('b', B), ('$', End) }.Select(token => (Text: beam.Text + token.Item1, Sum: beam.Sum + Penalized(beam.Text, token.Item2))))
                .OrderByDescending(beam => beam.Sum).Take(2 * options.NumBeams).ToList();
            beams = [.. best.Where(beam => !beam.Text.EndsWith('$')).Take(options.NumBeams)];
            int looked = beams.Count == options.NumBeams ? best.IndexOf(beams[^1]) : best.Count;
            ended.AddRange(best.Take(Math.Min(looked, options.NumBeams)).Where(beam => beam.Text.EndsWith('$')).Select(beam => (beam.Text, beam.Sum / Math.Pow(length, options.LengthPenalty))));
            ended = [.. ended.OrderByDescending(text => text.Score).Take(options.NumBeams)];
            if (ended.Count == options.NumBeams && (options.EarlyStopping || beams.Count == 0 || ended[^1].Score >= beams[0].Sum / Math.Pow(length, options.LengthPenalty)))
                return [.. ended];
            if (length == options.MaxTokens)
            {
                ended.AddRange(beams.Select(beam => (beam.Text, beam.Sum / Math.Pow(length, options.LengthPenalty))));
                return [.. ended.OrderByDescending(text => text.Score).Take(options.NumBeams)];
            }
        }

        double Penalized(string text, int id)
        {
            double logProb = model.Logits(['?', .. text.Select(character => (int)character)])[id];
            return text.Contains((char)id) ? logProb * options.RepetitionPenalty : logProb; // log-probabilities are negative
        }
    }
}
