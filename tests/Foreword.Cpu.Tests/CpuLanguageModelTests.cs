using System.Numerics.Tensors;
using CsCheck;
using Foreword.Generation;
using Foreword.Models;
using Foreword.Tokenization;
using Foreword.Tokenization.Words;

namespace Foreword.Cpu.Tests;

public sealed class CpuLanguageModelTests
{
    public static TheoryData<string> Models => ["gpt1-tiny", "gpt2-tiny"];

    [Theory, MemberData(nameof(Models))]
    public void LogitsAreTheRecordedOnesHoweverTheTokensArrive(string name)
    {
        using CpuLanguageModel model = Load(name);
        int[][] sequences = Sequences(name);
        float[] expected = GoldenFile.Floats($"{name}/outputs.safetensors", "logits"); // [2, 17, 300]
        for (int row = 0; row < 2; row++)
        {
            using IDecoder one = model.NewDecoder(), pieces = model.NewDecoder();
            for (int t = 0; t < 17; t++)
            {
                using IDecoder whole = model.NewDecoder();
                ReadOnlySpan<float> recorded = expected.AsSpan((row * 17 + t) * 300, 300);
                AssertClose(recorded, one.Append(sequences[row].AsSpan(t, 1)), 1e-4f);
                AssertClose(recorded, whole.Append(sequences[row].AsSpan(0, t + 1)), 1e-4f);
                if (t is 4 or 11 or 16)
                    AssertClose(recorded, pieces.Append(sequences[row].AsSpan(pieces.Position, t + 1 - pieces.Position)), 1e-4f);
            }
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void LogProbsAreTheRecordedOnes(string name)
    {
        using CpuLanguageModel model = Load(name);
        int[][] sequences = Sequences(name);
        float[] nll = GoldenFile.Floats($"{name}/outputs.safetensors", "nll");
        float[][] rows = model.LogProbs([sequences[0], sequences[1], sequences[1][..5], [7]]);
        Assert.Empty(rows[3]);
        for (int i = 0; i < 16; i++)
        {
            Assert.Equal(-nll[i], rows[0][i], 1e-4f);
            Assert.Equal(-nll[16 + i], rows[1][i], 1e-4f);
        }

        Assert.All(rows[2].Zip(rows[1]), pair => Assert.Equal(pair.Second, pair.First, 1e-5f));
    }

    [Theory, MemberData(nameof(Models))]
    public void GreedyDecodingFollowsTheReference(string name)
    {
        using CpuLanguageModel model = Load(name);
        int[] prompts = GoldenFile.Ids($"{name}/greedy.safetensors", "prompt_ids"), expected = GoldenFile.Ids($"{name}/greedy.safetensors", "new_ids");
        for (int row = 0; row < 2; row++)
        {
            using IDecoder decoder = model.NewDecoder();
            int[] next = prompts[(row * 5)..(row * 5 + 5)];
            foreach (int id in expected[(row * 20)..(row * 20 + 20)])
            {
                next = [Best(decoder.Append(next))];
                Assert.Equal(id, next[0]);
            }

            Assert.Equal(24, decoder.Position);
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void AFullContextIsReadAtOnceAsTokenByToken(string name)
    {
        using CpuLanguageModel model = Load(name);
        int[] tokens = [.. Enumerable.Range(0, 64).Select(i => i * 37 % 300)];
        using IDecoder cached = model.NewDecoder(), uncached = model.NewDecoder();
        float[] last = [];
        foreach (int token in tokens)
            last = cached.Append([token]).ToArray();
        AssertClose(last, uncached.Append(tokens), 1e-5f);
    }

    /// <summary>bfloat16 keeps 8 bits of keys and values, 1/256 at most: logits of some units move by hundredths, and nothing else may change.</summary>
    [Theory, MemberData(nameof(Models))]
    public void ACacheInBFloat16RoundsAndDoesNothingElse(string name)
    {
        using CpuLanguageModel model = CpuLanguageModel.Load(Fixtures.Path($"golden/{name}"), cache: CacheType.BF16), exact = Load(name);
        int[] tokens = Tokens(8, 40);
        using IDecoder one = model.NewDecoder();
        bool differs = false;
        for (int t = 0; t < tokens.Length; t++)
        {
            float[] logits = one.Append(tokens.AsSpan(t, 1)).ToArray(), whole = Fresh(model, tokens[..(t + 1)]), unrounded = Fresh(exact, tokens[..(t + 1)]);
            AssertClose(unrounded, logits, 0.05f);
            AssertClose(whole, logits, 0.02f); // a rounding may fall to the other side
            differs |= !unrounded.AsSpan().SequenceEqual(logits);
        }

        Assert.True(differs);
        using IDecoder fork = one.Fork();
        float[] batch = new float[600];
        model.AppendEach([one, fork], [3, 4], batch);
        AssertClose(Fresh(model, [.. tokens, 3]), batch.AsSpan(0, 300), 0.02f);
        AssertClose(Fresh(model, [.. tokens, 4]), batch.AsSpan(300), 0.02f);
    }

    [Theory]
    [InlineData("gpt1-tiny", 5)]
    [InlineData("gpt2-tiny", 40)]
    public void AForkedDecoderGoesOnAsAFreshOneWould(string name, int length)
    {
        using CpuLanguageModel model = Load(name);
        int[] prompt = Tokens(1, length);
        using IDecoder first = model.NewDecoder();
        first.Append(prompt);
        using IDecoder second = first.Fork();
        AssertClose(Fresh(model, [.. prompt, 3]), first.Append([3]), 1e-5f);
        AssertClose(Fresh(model, [.. prompt, 4, 5, 6]), second.Append([4, 5, 6]), 1e-5f);
        using IDecoder third = second.Fork();
        first.Dispose(); // what it shares stays
        AssertClose(Fresh(model, [.. prompt, 4, 5, 6, 9]), second.Append([9]), 1e-5f);
        AssertClose(Fresh(model, [.. prompt, 4, 5, 6, 7, 8]), third.Append([7, 8]), 1e-5f);
        Assert.Equal(length + 5, third.Position);
    }

    [Theory, MemberData(nameof(Models))]
    public void DecodersOfDifferentLengthsInOnePassGiveWhatEachAloneGives(string name)
    {
        using CpuLanguageModel model = Load(name);
        int[][] read = [Tokens(1, 3), Tokens(2, 40), Tokens(3, 17), Tokens(2, 40)];
        List<IDecoder> decoders = [.. read[..3].Select(tokens => { IDecoder decoder = model.NewDecoder(); decoder.Append(tokens); return decoder; })];
        decoders.Add(decoders[1].Fork());
        float[] logits = new float[decoders.Count * 300];
        for (int step = 0; step < 20; step++)
        {
            int[] next = Tokens(100 + step, decoders.Count);
            model.AppendEach(decoders, next, logits);
            for (int i = 0; i < decoders.Count; i++)
            {
                read[i] = [.. read[i], next[i]];
                AssertClose(Fresh(model, read[i]), logits.AsSpan(i * 300, 300), 1e-5f);
                Assert.Equal(read[i].Length, decoders[i].Position);
            }
        }

        decoders.ForEach(decoder => decoder.Dispose());
    }

    /// <summary>A head may be whole blocks of quantised inputs or part of one: a batch gives what each alone gives, to the bit.</summary>
    [Theory]
    [InlineData(WeightType.Int8, 0.05)]
    [InlineData(WeightType.Int4, 0.5)]
    public void ABatchOfAQuantisedModelGivesWhatEachAloneGivesWhateverTheSizeOfAHead(WeightType type, double tolerance) =>
        Gen.Select(Gen.Int[1, 3], Gen.Int[1, 16], Gen.Int[1, 9], Gen.Int[1, 3]).Sample((heads, size, sequences, threads) =>
        {
            GptConfig config = new() { NLayer = 2, NHead = heads, NEmbd = heads * size * 8, VocabSize = 1003, ContextLength = 16 };
            using CpuLanguageModel model = CpuLanguageModel.Random(config, type, threads), exact = CpuLanguageModel.Random(config, WeightType.F32, threads);
            List<IDecoder> decoders = [.. Enumerable.Range(0, sequences).Select(_ => model.NewDecoder())];
            float[] logits = new float[sequences * config.VocabSize];
            foreach (int step in (int[])[0, 300])
                model.AppendEach(decoders, [.. Enumerable.Range(step, sequences)], logits);
            for (int i = 0; i < sequences; i++)
            {
                float[] batch = logits[(i * config.VocabSize)..((i + 1) * config.VocabSize)], alone = Fresh(model, i, 300 + i), reference = Fresh(exact, i, 300 + i);
                Assert.Equal(alone, batch);
                Assert.InRange(TensorPrimitives.Distance<float>(reference, batch) / TensorPrimitives.Norm<float>(reference), 0, tolerance);
                decoders[i].Dispose();
            }
        }, iter: NarrowVectorsTests.IsInside ? 5 : 20);

    [Fact]
    public void ABatchThatCannotBeReadIsRefusedAndReadsNothing()
    {
        using CpuLanguageModel model = Load("gpt2-tiny"), other = Load("gpt2-tiny");
        using IDecoder a = model.NewDecoder(), b = model.NewDecoder(), foreign = other.NewDecoder();
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

    [Theory, MemberData(nameof(Models))]
    public void ScoresOfContinuationsAreThoseOfTheWholeSequences(string name)
    {
        using CpuLanguageModel model = Load(name);
        ScoringRequest[] requests = [.. Enumerable.Range(0, 30).Select(i => new ScoringRequest(Tokens(i, 1 + i), [Tokens(50 + i, 4), [], Tokens(90 + i, 1), Tokens(120 + i, 1 + i)]))];
        TokenScore[][][] scores = model.Score(requests);
        for (int r = 0; r < requests.Length; r += NarrowVectorsTests.IsInside ? 6 : 1)
        {
            for (int c = 0; c < 4; c++)
            {
                int[] context = requests[r].Context, continuation = requests[r].Continuations[c];
                float[] expected = continuation.Length == 0 ? [] : model.LogProbs([[.. context, .. continuation]])[0][(context.Length - 1)..];
                Assert.Equal(expected.Length, scores[r][c].Length);
                for (int t = 0; t < expected.Length; t++)
                {
                    Assert.Equal(expected[t], scores[r][c][t].LogProb, 1e-5f);
                    Assert.Equal(Best(Fresh(model, [.. context, .. continuation[..t]])) == continuation[t], scores[r][c][t].IsGreedy);
                }
            }
        }
    }

    [Fact]
    public void AContinuationMayEndOneTokenBehindTheContext()
    {
        using CpuLanguageModel model = Load("gpt2-tiny");
        Assert.Single(model.Score([new ScoringRequest(new int[64], [[5]])])[0][0]);
        Assert.Contains("65 tokens", Assert.Throws<ArgumentException>(() => model.Score([new ScoringRequest(new int[64], [[5, 6]])])).Message);
        Assert.Contains("token id 300", Assert.Throws<ArgumentException>(() => model.Score([new ScoringRequest([1], [[300]])])).Message);
    }

    [Theory]
    [InlineData(CacheType.F32)]
    [InlineData(CacheType.BF16)]
    public void NothingIsAllocatedForAToken(CacheType cache)
    {
        using CpuLanguageModel model = CpuLanguageModel.Load(Fixtures.Path("golden/gpt2-tiny"), cache: cache);
        using IDecoder decoder = model.NewDecoder();
        for (int i = 0; i < 20; i++)
            decoder.Append([i]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 20; i++)
            decoder.Append([i]);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void AnyNumberOfThreadsGivesTheSame(int threads)
    {
        using CpuLanguageModel model = CpuLanguageModel.Load(Fixtures.Path("golden/gpt2-tiny"), threads: threads), single = CpuLanguageModel.Load(Fixtures.Path("golden/gpt2-tiny"), threads: 1);
        using IDecoder decoder = model.NewDecoder(), reference = single.NewDecoder();
        int[] tokens = Sequences("gpt2-tiny")[0];
        Assert.Equal(reference.Append(tokens).ToArray(), decoder.Append(tokens).ToArray());
    }

    [Theory]
    [InlineData("n_embd is 536870897; the CPU engine supports at most 536870896", 536_870_897, 100, 64)]
    [InlineData("vocab_size is 2147483647; the CPU engine supports at most 2147483584", 32, int.MaxValue, 64)]
    [InlineData("context_length is 2147483585; the CPU engine supports at most 2147483584", 32, 100, 2_147_483_585)]
    public void RowsThat31BitsDoNotCountAreRefused(string why, int width, int vocabulary, int context)
    {
        GptConfig config = new() { NLayer = 1, NHead = 1, NEmbd = width, VocabSize = vocabulary, ContextLength = context };
        Assert.Equal(why, Assert.Throws<ArgumentException>(() => CpuLanguageModel.Random(config, WeightType.F32, 1)).Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void WhatIsDoneBetweenPassesIsDoneOnceEachOnAnyNumberOfThreads(int threads)
    {
        using CpuLanguageModel model = CpuLanguageModel.Load(Fixtures.Path("golden/gpt2-tiny"), threads: threads);
        foreach (int count in (int[])[0, 1, 2, 100])
        {
            int[] calls = new int[count];
            model.ForEach(count, i => Interlocked.Increment(ref calls[i]));
            Assert.All(calls, n => Assert.Equal(1, n));
        }

        Assert.Equal("row 7", Assert.Throws<InvalidDataException>(() => model.ForEach(20, i => _ = i == 7 ? throw new InvalidDataException("row 7") : i)).Message);
    }

    [Fact]
    public void TextsDrawnTogetherDoNotDependOnTheThreadsAndAreHandedOutByTheCallers()
    {
        Tokenizer tokenizer = new CharTokenizer([.. Enumerable.Range('a', 26).Select(c => $"{(char)c}")]);
        SamplingOptions options = new() { Temperature = 1.5, TopP = 0.9, MaxTokens = 20, LogProbs = 2 };
        GptConfig config = new() { NLayer = 1, NHead = 2, NEmbd = 32, VocabSize = tokenizer.VocabularySize, ContextLength = 32, InitializerRange = 0.5 };
        string[] expected = Texts(1);
        Assert.Equal(40, expected.Distinct().Count());
        Assert.Equal(expected, Texts(3));

        string[] Texts(int threads)
        {
            using CpuLanguageModel model = CpuLanguageModel.Random(config, WeightType.F32, threads);
            int caller = Environment.CurrentManagedThreadId;
            Completion[][] written = new TextGenerator(model, tokenizer).GenerateEach(["ab", "c"], options, 20, (_, _) => Assert.Equal(caller, Environment.CurrentManagedThreadId));
            return [.. written.SelectMany(texts => texts.Select(text => $"{text.Text} {string.Join(' ', text.LogProbs!.Select(p => p.LogProb))}"))];
        }
    }

    [Fact]
    public void WhatTheModelCannotReadIsRefused()
    {
        using CpuLanguageModel model = Load("gpt2-tiny");
        using IDecoder decoder = model.NewDecoder();
        Assert.Contains("token id 300 is outside the vocabulary of 300", Assert.Throws<ArgumentException>(() => model.LogProbs([[1, 300]])).Message);
        Assert.Contains("65 tokens; the context length is 64", Assert.Throws<ArgumentException>(() => decoder.Append(new int[65])).Message);
        Assert.Throws<ArgumentException>(() => decoder.Append([]));
        decoder.Append(new int[60]);
        Assert.Contains("65 tokens", Assert.Throws<ArgumentException>(() => decoder.Append(new int[5])).Message);
    }

    [Fact]
    public void ARequestWithoutContinuationsIsRefusedInASentence()
    {
        using CpuLanguageModel model = Load("gpt2-tiny");
        const string Sentence = "a request's continuations, or one of them, is null; a continuation may be empty";
        Assert.Equal(Sentence, Assert.Throws<ArgumentException>(() => model.Score([new ScoringRequest([1], null!)])).Message);
        Assert.Equal(Sentence, Assert.Throws<ArgumentException>(() => model.Score([new ScoringRequest([1], [[2], null!])])).Message);
    }

    [Fact]
    public void WhatAModelCannotBeLoadedAsIsNamed()
    {
        string path = Fixtures.Path("golden/gpt2-tiny");
        Assert.Equal("threads", Assert.Throws<ArgumentOutOfRangeException>(() => CpuLanguageModel.Load(path, threads: 0)).ParamName);
        Assert.Equal("weights", Assert.Throws<ArgumentOutOfRangeException>(() => CpuLanguageModel.Load(path, (WeightType)9)).ParamName);
        Assert.Equal("cache", Assert.Throws<ArgumentOutOfRangeException>(() => CpuLanguageModel.Load(path, cache: (CacheType)9)).ParamName);
        Assert.Equal("threads", Assert.Throws<ArgumentOutOfRangeException>(() => CpuLanguageModel.Random(new GptConfig(), WeightType.F32, threads: -1)).ParamName);
    }

    /// <summary>Every thread asks in every way; what was asked for together is what each alone was answered.</summary>
    [Theory, MemberData(nameof(Models))]
    public void ThreadsThatShareAModelAreEachAnsweredAsIfTheyWereAlone(string name)
    {
        using CpuLanguageModel model = Load(name);
        int[][] texts = [.. Enumerable.Range(0, 8).Select(seed => Tokens(seed, 40))];
        float[][] logits = [.. texts.Select(text => Fresh(model, text))], scores = [.. texts.Select(text => model.LogProbs([text])[0])];
        Parallel.For(0, NarrowVectorsTests.IsInside ? 48 : 400, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            int[] text = texts[i % 8];
            switch (i % 3)
            {
                case 0:
                    Assert.Equal(logits[i % 8], Fresh(model, text));
                    break;
                case 1:
                    Assert.Equal(scores[i % 8], model.LogProbs([text])[0]);
                    break;
                default:
                    using (IDecoder decoder = model.NewDecoder())
                    {
                        float[] last = new float[300];
                        decoder.Append(text.AsSpan(0, 39));
                        model.AppendEach([decoder], [text[39]], last);
                        AssertClose(logits[i % 8], last, 1e-5f);
                    }

                    break;
            }
        });
    }

    [Fact]
    public void WhatWasDisposedSaysSo()
    {
        CpuLanguageModel model = Load("gpt2-tiny");
        IDecoder ended = model.NewDecoder(), open = model.NewDecoder();
        ended.Append([1, 2, 3]);
        open.Append([1, 2, 3]);
        ended.Dispose();
        ended.Dispose();
        Assert.Throws<ObjectDisposedException>(() => ended.Append([4]).Length);
        Assert.Throws<ObjectDisposedException>(ended.Fork);
        Assert.Throws<ObjectDisposedException>(() => model.AppendEach([open, ended], [4, 4], new float[600]));
        Assert.Equal(3, open.Position);

        model.Dispose();
        model.Dispose();
        Assert.Contains(nameof(CpuLanguageModel), Assert.Throws<ObjectDisposedException>(() => open.Append([4]).Length).ObjectName);
        Assert.Throws<ObjectDisposedException>(model.NewDecoder);
        Assert.Throws<ObjectDisposedException>(() => model.AppendEach([open], [4], new float[300]));
        Assert.Throws<ObjectDisposedException>(() => model.LogProbs([[1, 2]]));
        Assert.Throws<ObjectDisposedException>(() => model.Score([new ScoringRequest([1], [[2]])]));
        open.Dispose();
    }

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

    private static int[] Tokens(int seed, int count)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(300))];
    }

    private static float[] Fresh(CpuLanguageModel model, int[] tokens)
    {
        using IDecoder decoder = model.NewDecoder();
        return decoder.Append(tokens).ToArray();
    }

    private static float[] Fresh(CpuLanguageModel model, int first, int second)
    {
        using IDecoder decoder = model.NewDecoder();
        decoder.Append([first]);
        return decoder.Append([second]).ToArray();
    }

    private static CpuLanguageModel Load(string name) => CpuLanguageModel.Load(Fixtures.Path($"golden/{name}"));

    private static int[][] Sequences(string name) => [.. GoldenFile.Ids($"{name}/inputs.safetensors", "input_ids").Chunk(17)];

    internal static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, float tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], tolerance);
    }
}
