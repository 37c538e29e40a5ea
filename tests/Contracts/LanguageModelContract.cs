using Foreword.Models;

namespace Foreword.Tests.Contracts;

/// <summary>
/// Tests what <see cref="ILanguageModel"/> promises. Each engine derives one test class from it, which creates the engine and states its
/// tolerances. The expected results were recorded with transformers and PyTorch (tests/fixtures/golden).
/// </summary>
public abstract class LanguageModelContract
{
    private const int Vocabulary = 300, Length = 17;

    public static TheoryData<string> Models => ["gpt1-tiny", "gpt2-tiny"];

    public static TheoryData<string> SeparateHeads => ["gpt1-untied", "gpt2-untied"];

    public static TheoryData<string, string> Variants => [.. VariantCases.All.Select(entry => new TheoryDataRow<string, string>(entry.Model, entry.Case))];

    /// <summary>Gets the largest difference from recorded logits and log-probabilities.</summary>
    protected abstract float RecordedTolerance { get; }

    /// <summary>Gets the largest difference between two ways to compute the same logits or log-probabilities.</summary>
    protected abstract float RepeatedTolerance { get; }

    /// <summary>Gets 1, or n to compare every n-th request only.</summary>
    protected virtual int ComparedRequests => 1;

    [Theory, MemberData(nameof(Models))]
    public void LogitsAreTheRecordedOnesHoweverTheTokensArrive(string name)
    {
        using ILanguageModel model = LoadGolden(name);
        int[][] sequences = Sequences(name);
        float[] expected = GoldenFile.Floats($"{name}/outputs.safetensors", "logits"); // [2, 17, 300]
        for (int row = 0; row < 2; row++)
        {
            using IDecoder one = model.CreateDecoder(), parts = model.CreateDecoder();
            for (int t = 0; t < Length; t++)
            {
                using IDecoder whole = model.CreateDecoder();
                ReadOnlySpan<float> recorded = expected.AsSpan((row * Length + t) * Vocabulary, Vocabulary);
                AssertClose(recorded, one.Append(sequences[row].AsSpan(t, 1)), RecordedTolerance);
                AssertClose(recorded, whole.Append(sequences[row].AsSpan(0, t + 1)), RecordedTolerance);
                if (t is 4 or 11 or 16)
                    AssertClose(recorded, parts.Append(sequences[row].AsSpan(parts.Position, t + 1 - parts.Position)), RecordedTolerance);
            }
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void LogProbsAreTheRecordedOnesWhateverSharesTheBatch(string name)
    {
        using ILanguageModel model = LoadGolden(name);
        int[][] sequences = Sequences(name);
        float[] nll = GoldenFile.Floats($"{name}/outputs.safetensors", "nll");
        float[][] rows = model.LogProbs([sequences[0], sequences[1][..5], sequences[1], [7]]);
        Assert.Equal([16, 4, 16, 0], rows.Select(row => row.Length));
        for (int i = 0; i < 16; i++)
        {
            Assert.Equal(-nll[i], rows[0][i], RecordedTolerance);
            Assert.Equal(-nll[16 + i], rows[2][i], RecordedTolerance);
        }

        AssertClose(rows[2].AsSpan(0, 4), rows[1], RepeatedTolerance);
    }

    [Theory, MemberData(nameof(Models))]
    public void GreedyDecodingFollowsTheReference(string name)
    {
        using ILanguageModel model = LoadGolden(name);
        int[] prompts = GoldenFile.Ids($"{name}/greedy.safetensors", "prompt_ids"), expected = GoldenFile.Ids($"{name}/greedy.safetensors", "new_ids");
        for (int row = 0; row < 2; row++)
        {
            using IDecoder decoder = model.CreateDecoder();
            AssertWrites(expected[(row * 20)..(row * 20 + 20)], decoder, prompts[(row * 5)..(row * 5 + 5)]);
            Assert.Equal(24, decoder.Position);
        }
    }

    /// <summary>Checks other activations, widths and attention scales (fixtures/golden/variants.py).</summary>
    [Theory, MemberData(nameof(Variants))]
    public void VariantsGiveTheRecordedLogitsScoresAndGreedyTokens(string name, string variant)
    {
        const int Vocabulary = 61, Length = 19, Prompt = 5;
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        VariantCases.Write(name, variant, directory);
        string expected = $"variants/{name}/expected.safetensors";
        int[] ids = GoldenFile.Ids(expected, "input_ids"), greedy = GoldenFile.Ids(expected, $"{variant}.greedy");
        float[] logits = GoldenFile.Floats(expected, $"{variant}.logits");
        using ILanguageModel model = Load(directory.Path);
        double sum = 0;
        for (int row = 0; row < 2; row++)
        {
            int[] text = ids[(row * Length)..((row + 1) * Length)], written = greedy[(row * greedy.Length / 2)..((row + 1) * greedy.Length / 2)];
            AssertLogits(logits.AsSpan(row * Length * Vocabulary, Length * Vocabulary), model, text);
            using IDecoder whole = model.CreateDecoder(), writer = model.CreateDecoder();
            AssertClose(logits.AsSpan((row * Length + Length - 1) * Vocabulary, Vocabulary), whole.Append(text), RecordedTolerance);
            AssertWrites(written[Prompt..], writer, written[..Prompt]);
            sum += model.LogProbs([text])[0].Sum();
        }

        Assert.Equal(GoldenFile.Floats(expected, $"{variant}.loss")[0], -sum / (2 * (Length - 1)), RecordedTolerance);
    }

    /// <summary>Checks models whose output layer is not the token embedding (fixtures/golden/untied.py).</summary>
    [Theory, MemberData(nameof(SeparateHeads))]
    public void ASeparateHeadGivesTheRecordedLogitsAndGreedyTokens(string name)
    {
        const int Vocabulary = 97, Prompt = 5, New = 20;
        using ILanguageModel model = LoadGolden(name);
        int[] ids = GoldenFile.Ids($"{name}/logits.safetensors", "input_ids"), greedy = GoldenFile.Ids($"{name}/outputs.safetensors", "greedy_ids");
        float[] logits = GoldenFile.Floats($"{name}/logits.safetensors", "logits");
        for (int row = 0; row < 2; row++)
        {
            int[] text = ids[(row * Length)..((row + 1) * Length)];
            AssertLogits(logits.AsSpan(row * Length * Vocabulary, Length * Vocabulary), model, text);
            using IDecoder writer = model.CreateDecoder();
            AssertWrites(greedy[(row * New)..((row + 1) * New)], writer, text[..Prompt]);
        }
    }

    /// <summary>Checks files that nanoGPT's own code wrote, with the optimizer and with torch.compile's names; without and with biases.</summary>
    [Theory]
    [InlineData("ckpt")]
    [InlineData("ckpt-bias")]
    public void ACheckpointOfNanoGptGivesItsLogits(string name)
    {
        using ILanguageModel model = Load(Fixtures.Path($"formats/nanogpt/{name}.pt"));
        Assert.Equal(new GptConfig { NLayer = 2, NHead = 2, NEmbd = 16, ContextLength = 24, VocabSize = 61, EmbdDropout = 0, AttnDropout = 0, ResidDropout = 0, Activation = Activation.Gelu }, model.Config);
        string expected = $"../formats/nanogpt/{name}.expected.safetensors";
        AssertLogits(GoldenFile.Floats(expected, "logits").AsSpan(0, 19 * 61), model, GoldenFile.Ids(expected, "input_ids")[..19]);
    }

    [Theory, MemberData(nameof(Models))]
    public void AFullContextIsReadAtOnceAsTokenByToken(string name)
    {
        using ILanguageModel model = LoadGolden(name);
        int[] tokens = [.. Enumerable.Range(0, 64).Select(i => i * 37 % Vocabulary)];
        using IDecoder cached = model.CreateDecoder();
        float[] last = [];
        foreach (int token in tokens)
            last = cached.Append([token]).ToArray();
        AssertClose(last, Fresh(model, tokens), RepeatedTolerance);
    }

    [Theory]
    [InlineData("gpt1-tiny", 5)] // short: a fork may copy the cache
    [InlineData("gpt2-tiny", 5)]
    [InlineData("gpt2-tiny", 40)] // long: a fork may share the cache
    public void AForkedDecoderContinuesAsAFreshOneWould(string name, int length)
    {
        using ILanguageModel model = LoadGolden(name);
        int[] prompt = Tokens(1, length);
        using IDecoder first = model.CreateDecoder();
        first.Append(prompt);
        using IDecoder second = first.Fork();
        AssertClose(Fresh(model, [.. prompt, 3]), first.Append([3]), RepeatedTolerance);
        AssertClose(Fresh(model, [.. prompt, 4, 5, 6]), second.Append([4, 5, 6]), RepeatedTolerance);
        using IDecoder third = second.Fork();
        first.Dispose(); // the shared part stays valid
        AssertClose(Fresh(model, [.. prompt, 4, 5, 6, 9]), second.Append([9]), RepeatedTolerance);
        AssertClose(Fresh(model, [.. prompt, 4, 5, 6, 7, 8]), third.Append([7, 8]), RepeatedTolerance);
        AssertClose(Fresh(model, [.. prompt, 4, 5, 6, 7, 8, 1]), third.Append([1]), RepeatedTolerance);
        Assert.Equal(length + 6, third.Position);
    }

    [Theory, MemberData(nameof(Models))]
    public void DecodersOfDifferentLengthsInOneBatchGiveWhatEachAloneGives(string name)
    {
        using ILanguageModel model = LoadGolden(name);
        int[][] read = [Tokens(1, 3), Tokens(2, 40), Tokens(3, 17), [], [], []];
        List<IDecoder> decoders = [.. read[..3].Select(tokens => { IDecoder decoder = model.CreateDecoder(); decoder.Append(tokens); return decoder; })];
        foreach (int parent in (int[])[1, 1, 0]) // two forks share forty tokens, one shares three
        {
            read[decoders.Count] = read[parent];
            decoders.Add(decoders[parent].Fork());
        }

        float[] logits = new float[decoders.Count * Vocabulary];
        for (int step = 0; step < 20; step++)
        {
            int[] next = Tokens(100 + step, decoders.Count);
            model.AppendEach(decoders, next, logits);
            for (int i = 0; i < decoders.Count; i++)
            {
                read[i] = [.. read[i], next[i]];
                AssertClose(Fresh(model, read[i]), logits.AsSpan(i * Vocabulary, Vocabulary), RepeatedTolerance);
                Assert.Equal(read[i].Length, decoders[i].Position);
            }

            if (step == 10) // a fork of a fork that has read some tokens of its own
            {
                decoders[5].Dispose();
                (decoders[5], read[5]) = (decoders[4].Fork(), read[4]);
            }
        }

        decoders.ForEach(decoder => decoder.Dispose());
    }

    [Theory, MemberData(nameof(Models))]
    public void ScoresOfContinuationsAreThoseOfTheWholeSequences(string name)
    {
        using ILanguageModel model = LoadGolden(name);
        ScoringRequest[] requests = [.. Enumerable.Range(0, 30).Select(i => new ScoringRequest(Tokens(i, 1 + i), [Tokens(50 + i, 4), [], Tokens(90 + i, 1), Tokens(120 + i, 1 + i)]))];
        TokenScore[][][] scores = model.Score(requests);
        for (int r = 0; r < requests.Length; r += ComparedRequests)
        {
            for (int c = 0; c < 4; c++)
            {
                int[] context = requests[r].Context, continuation = requests[r].Continuations[c];
                float[] expected = continuation.Length == 0 ? [] : model.LogProbs([[.. context, .. continuation]])[0][(context.Length - 1)..];
                AssertClose(expected, [.. scores[r][c].Select(token => token.LogProb)], RepeatedTolerance);
                for (int t = 0; t < expected.Length; t++)
                    Assert.Equal(Best(Fresh(model, [.. context, .. continuation[..t]])) == continuation[t], scores[r][c][t].IsGreedy);
            }
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void ScoresAreThoseOfTheRecordedLogits(string name)
    {
        using ILanguageModel model = LoadGolden(name);
        int[][] sequences = Sequences(name);
        float[] logits = GoldenFile.Floats($"{name}/outputs.safetensors", "logits");
        (int Row, int From, int To)[] pairs = [.. Enumerable.Range(0, 50).Select(i => (i % 2, 1 + i * 5 % 13, 2 + i * 5 % 13 + i % 4))];
        // Every second request has an additional wrong continuation, so that half of the pairs share a row with another continuation.
        TokenScore[][][] scores = model.Score([.. pairs.Select((pair, i) => new ScoringRequest(
            sequences[pair.Row][..pair.From], [i % 2 == 0 ? [] : [7, 250, 3], sequences[pair.Row][pair.From..pair.To]]))]);
        for (int i = 0; i < pairs.Length; i++)
        {
            (int row, int from, int to) = pairs[i];
            double expected = Enumerable.Range(from, to - from).Sum(t => LogProb(row, t, sequences[row][t]));
            Assert.Equal(expected, scores[i][1].Sum(token => (double)token.LogProb), RecordedTolerance);
            for (int t = from; t < to; t++)
                Assert.Equal(Best(Logits(row, t)) == sequences[row][t], scores[i][1][t - from].IsGreedy);
        }

        ReadOnlySpan<float> Logits(int row, int t) => logits.AsSpan((row * Length + t - 1) * Vocabulary, Vocabulary);

        double LogProb(int row, int t, int token)
        {
            double sum = 0;
            foreach (float logit in Logits(row, t))
                sum += Math.Exp(logit);
            return Logits(row, t)[token] - Math.Log(sum);
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void ContinuationsThatShareAContextScoreAsEachAlone(string name)
    {
        using ILanguageModel model = LoadGolden(name);
        Random random = new(1);
        ScoringRequest[] requests = [.. Enumerable.Range(0, 12).Select(_ => new ScoringRequest(
            Draw(random.Next(1, 30)), [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => Draw(random.Next(0, 20)))]))];
        TokenScore[][][] together = model.Score(requests);
        for (int i = 0; i < requests.Length; i++)
        {
            for (int k = 0; k < requests[i].Continuations.Count; k++)
            {
                TokenScore[] alone = model.Score([new ScoringRequest(requests[i].Context, [requests[i].Continuations[k]])])[0][0];
                AssertClose([.. alone.Select(token => token.LogProb)], [.. together[i][k].Select(token => token.LogProb)], RepeatedTolerance);
                Assert.Equal(alone.Select(token => token.IsGreedy), together[i][k].Select(token => token.IsGreedy));
            }
        }

        int[] Draw(int length) => [.. Enumerable.Range(0, length).Select(_ => random.Next(Vocabulary))];
    }

    [Fact]
    public void TheLastTokenOfAContinuationNeedsNoRoomInTheContextAndMoreIsRefused()
    {
        using ILanguageModel model = LoadGolden("gpt2-tiny");
        Assert.Single(model.Score([new ScoringRequest(new int[64], [[5]])])[0][0]);
        Assert.Equal(5, model.Score([new ScoringRequest(new int[60], [new int[5], [], [1]])])[0][0].Length);
        Refused("66 tokens, 65 without the last one", new ScoringRequest(new int[64], [[5, 6]]));
        Refused("66 tokens, 65 without the last one", new ScoringRequest(new int[60], [new int[6]]));
        Refused("token id 300", new ScoringRequest([1], [[300]]));
        Refused("has no tokens", new ScoringRequest([], [[3]]));

        void Refused(string why, ScoringRequest request) => Assert.Contains(why, Assert.Throws<ArgumentException>(() => model.Score([request])).Message);
    }

    [Fact]
    public void ARequestWithoutContinuationsIsRefusedInASentence()
    {
        using ILanguageModel model = LoadGolden("gpt2-tiny");
        const string Sentence = "a request's continuations, or one of them, is null; a continuation may be empty (Parameter 'request')";
        Assert.Equal(Sentence, Assert.Throws<ArgumentException>(() => model.Score([new ScoringRequest([1], null!)])).Message);
        Assert.Equal(Sentence, Assert.Throws<ArgumentException>(() => model.Score([new ScoringRequest([1], [[2], null!])])).Message);
    }

    [Fact]
    public void ScoringCanBeCanceled()
    {
        using ILanguageModel model = LoadGolden("gpt2-tiny");
        CancellationToken canceled = new(canceled: true);
        Assert.Throws<OperationCanceledException>(() => model.Score([new ScoringRequest([1], [[2, 3]])], canceled));
        Assert.Throws<OperationCanceledException>(() => model.LogProbs([[1, 2]], canceled));
        Assert.Single(model.LogProbs([[1, 2]])[0]);
    }

    [Fact]
    public void WhatTheModelCannotReadIsRefused()
    {
        using ILanguageModel model = LoadGolden("gpt2-tiny");
        using IDecoder decoder = model.CreateDecoder();
        Assert.Contains("token id 300 is outside the vocabulary of 300", Assert.Throws<ArgumentException>(() => model.LogProbs([[1, 300]])).Message);
        Assert.Contains("65 tokens; the context length is 64", Assert.Throws<ArgumentException>(() => decoder.Append(new int[65])).Message);
        Assert.Throws<ArgumentException>(() => decoder.Append([]));
        decoder.Append(new int[60]);
        Assert.Contains("65 tokens", Assert.Throws<ArgumentException>(() => decoder.Append(new int[5])).Message);
    }

    [Fact]
    public void ABatchThatCannotBeReadIsRefusedAndReadsNothing()
    {
        using ILanguageModel model = LoadGolden("gpt2-tiny"), other = LoadGolden("gpt2-tiny");
        using IDecoder a = model.CreateDecoder(), b = model.CreateDecoder(), foreign = other.CreateDecoder();
        b.Append(new int[64]);
        Refused("1 tokens were given for 2 decoders", [a, foreign], [1], 600);
        Refused("0 tokens were given for 0 decoders", [], [], 0);
        Refused("there is room for 599 logits; 2 decoders need 2 x 300", [a, b], [1, 2], 599);
        Refused("decoder 1 does not belong to this model", [a, foreign], [1, 2], 600);
        Refused("a decoder is listed twice", [a, a], [1, 2], 600);
        Refused("65 tokens; the context length is 64", [a, b], [1, 2], 600);
        Refused("token id 300 is outside the vocabulary of 300", [a], [300], 300);
        Assert.Equal(0, a.Position);

        void Refused(string why, IReadOnlyList<IDecoder> decoders, int[] tokens, int room) =>
            Assert.Contains(why, Assert.Throws<ArgumentException>(() => model.AppendEach(decoders, tokens, new float[room])).Message);
    }

    /// <summary>Loads a model directory or file in float32.</summary>
    protected abstract ILanguageModel Load(string path);

    /// <summary>Loads a model of fixtures/golden.</summary>
    protected ILanguageModel LoadGolden(string name) => Load(Fixtures.Path($"golden/{name}"));

    /// <summary>Returns the recorded inputs of a model: two sequences of 17 tokens.</summary>
    protected static int[][] Sequences(string name) => [.. GoldenFile.Ids($"{name}/inputs.safetensors", "input_ids").Chunk(Length)];

    /// <summary>Returns random tokens.</summary>
    protected static int[] Tokens(int seed, int count)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(Vocabulary))];
    }

    /// <summary>Returns the last logits of a new decoder that has read only these tokens.</summary>
    protected static float[] Fresh(ILanguageModel model, int[] tokens)
    {
        using IDecoder decoder = model.CreateDecoder();
        return decoder.Append(tokens).ToArray();
    }

    /// <summary>Returns the most likely token; the first one if several are equal.</summary>
    internal static int Best(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[best])
                best = i;
        }

        return best;
    }

    internal static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, float tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], tolerance);
    }

    /// <summary>Checks the logits (T, V) of a decoder that reads one token after another.</summary>
    private void AssertLogits(ReadOnlySpan<float> expected, ILanguageModel model, int[] tokens)
    {
        int V = model.Config.VocabSize;
        Assert.Equal(tokens.Length * V, expected.Length);
        using IDecoder decoder = model.CreateDecoder();
        for (int t = 0; t < tokens.Length; t++)
            AssertClose(expected.Slice(t * V, V), decoder.Append([tokens[t]]), RecordedTolerance);
    }

    /// <summary>Checks the tokens that follow a prompt if the most likely token is always taken.</summary>
    private static void AssertWrites(int[] expected, IDecoder decoder, int[] prompt)
    {
        int[] next = prompt;
        foreach (int token in expected)
        {
            next = [Best(decoder.Append(next))];
            Assert.Equal(token, next[0]);
        }
    }
}
