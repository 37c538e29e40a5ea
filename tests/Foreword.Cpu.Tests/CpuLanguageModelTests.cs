using System.Numerics.Tensors;
using CsCheck;
using Foreword.Generation;
using Foreword.Models;
using Foreword.Tests.Contracts;
using Foreword.Tokenization;
using Foreword.Tokenization.Words;

namespace Foreword.Cpu.Tests;

public sealed class CpuLanguageModelTests : LanguageModelContract
{
    protected override int ComparedRequests => NarrowVectorsTests.IsInside ? 6 : 1;

    protected override float RecordedTolerance => 1e-4f;

    protected override float RepeatedTolerance => 1e-5f;

    protected override CpuLanguageModel Load(string path) => CpuLanguageModel.Load(path);

    /// <summary>bfloat16 keeps 8 bits of keys and values, 1/256 at most: logits of some units move by hundredths, and nothing else may change.</summary>
    [Theory, MemberData(nameof(Models))]
    public void ACacheInBFloat16RoundsAndDoesNothingElse(string name)
    {
        using CpuLanguageModel model = CpuLanguageModel.Load(Fixtures.Path($"golden/{name}"), cache: CacheType.Bf16), exact = Load(Fixtures.Path($"golden/{name}"));
        int[] tokens = Tokens(8, 40);
        using IDecoder one = model.CreateDecoder();
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

    /// <summary>A head may be whole blocks of quantized inputs or part of one: a batch gives what each alone gives, to the bit.</summary>
    [Theory]
    [InlineData(WeightType.Int8, 0.05)]
    [InlineData(WeightType.Int4, 0.5)]
    public void ABatchOfAQuantizedModelGivesWhatEachAloneGivesWhateverTheSizeOfAHead(WeightType type, double tolerance) =>
        Gen.Select(Gen.Int[1, 3], Gen.Int[1, 16], Gen.Int[1, 9], Gen.Int[1, 3]).Sample((heads, size, sequences, threads) =>
        {
            GptConfig config = new() { NLayer = 2, NHead = heads, NEmbd = heads * size * 8, VocabSize = 1003, ContextLength = 16 };
            using CpuLanguageModel model = CpuLanguageModel.CreateRandom(config, type, threads), exact = CpuLanguageModel.CreateRandom(config, WeightType.F32, threads);
            List<IDecoder> decoders = [.. Enumerable.Range(0, sequences).Select(_ => model.CreateDecoder())];
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

    [Theory]
    [InlineData(CacheType.F32)]
    [InlineData(CacheType.Bf16)]
    public void NothingIsAllocatedForAToken(CacheType cache)
    {
        using CpuLanguageModel model = CpuLanguageModel.Load(Fixtures.Path("golden/gpt2-tiny"), cache: cache);
        using IDecoder decoder = model.CreateDecoder();
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
        using IDecoder decoder = model.CreateDecoder(), reference = single.CreateDecoder();
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
        Assert.Equal(why, Assert.Throws<ArgumentException>(() => CpuLanguageModel.CreateRandom(config, WeightType.F32, 1)).Message);
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
        GptConfig config = new() { NLayer = 1, NHead = 2, NEmbd = 32, VocabSize = tokenizer.VocabSize, ContextLength = 32, InitializerRange = 0.5 };
        string[] expected = Texts(1);
        Assert.Equal(40, expected.Distinct().Count());
        Assert.Equal(expected, Texts(3));

        string[] Texts(int threads)
        {
            using CpuLanguageModel model = CpuLanguageModel.CreateRandom(config, WeightType.F32, threads);
            int caller = Environment.CurrentManagedThreadId;
            Completion[][] written = new TextGenerator(model, tokenizer).GenerateEach(["ab", "c"], options, 20, (_, _) => Assert.Equal(caller, Environment.CurrentManagedThreadId));
            return [.. written.SelectMany(texts => texts.Select(text => $"{text.Text} {string.Join(' ', text.LogProbs!.Select(p => p.LogProb))}"))];
        }
    }

    [Fact]
    public void WhatAModelCannotBeLoadedAsIsNamed()
    {
        string path = Fixtures.Path("golden/gpt2-tiny");
        Assert.Equal("threads", Assert.Throws<ArgumentOutOfRangeException>(() => CpuLanguageModel.Load(path, threads: 0)).ParamName);
        Assert.Equal("weights", Assert.Throws<ArgumentOutOfRangeException>(() => CpuLanguageModel.Load(path, (WeightType)9)).ParamName);
        Assert.Equal("cache", Assert.Throws<ArgumentOutOfRangeException>(() => CpuLanguageModel.Load(path, cache: (CacheType)9)).ParamName);
        Assert.Equal("threads", Assert.Throws<ArgumentOutOfRangeException>(() => CpuLanguageModel.CreateRandom(new GptConfig(), WeightType.F32, threads: -1)).ParamName);
    }

    /// <summary>Every thread asks in every way; what was asked for together is what each alone was answered.</summary>
    [Theory, MemberData(nameof(Models))]
    public void ThreadsThatShareAModelAreEachAnsweredAsIfTheyWereAlone(string name)
    {
        using ILanguageModel model = LoadGolden(name);
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
                    using (IDecoder decoder = model.CreateDecoder())
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
        ILanguageModel model = LoadGolden("gpt2-tiny");
        IDecoder ended = model.CreateDecoder(), open = model.CreateDecoder();
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
        Assert.Throws<ObjectDisposedException>(model.CreateDecoder);
        Assert.Throws<ObjectDisposedException>(() => model.AppendEach([open], [4], new float[300]));
        Assert.Throws<ObjectDisposedException>(() => model.LogProbs([[1, 2]]));
        Assert.Throws<ObjectDisposedException>(() => model.Score([new ScoringRequest([1], [[2]])]));
        open.Dispose();
    }

    private static float[] Fresh(CpuLanguageModel model, int first, int second)
    {
        using IDecoder decoder = model.CreateDecoder();
        decoder.Append([first]);
        return decoder.Append([second]).ToArray();
    }
}
