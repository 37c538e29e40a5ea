using Foreword.Cpu.Cache;
using Foreword.Cpu.Forward;
using Foreword.Cpu.Matrices;
using Foreword.Cpu.Threading;
using Foreword.Models;
using Foreword.Weights;

namespace Foreword.Cpu.Tests;

/// <summary>A pass that fails, because a file cannot be read or memory runs out, leaves a model that the next one can be asked of.</summary>
public sealed unsafe class FailingPassTests : IDisposable
{
    private static readonly GptConfig Config = new() { NLayer = 2, NHead = 2, NEmbd = 32, VocabSize = 100, ContextLength = 320 };

    private readonly Workers _workers = new(2);
    private readonly FailingParameters _parameters = new();
    private readonly NetworkWeights _weights;
    private readonly KvPages _pages = new(Config, CacheType.F32);
    private readonly GptForward _forward;
    private FailingMatrix? _head;

    public FailingPassTests()
    {
        _weights = new NetworkWeights(_parameters, shape =>
        {
            PanelMatrix matrix = FloatMatrix.Read(shape.Reader(_parameters), _workers);
            return shape.IsHead ? _head = new FailingMatrix(matrix) : matrix;
        });
        _forward = new GptForward(_weights, _pages, _workers);
    }

    public void Dispose()
    {
        _forward.Dispose();
        _pages.Dispose();
        _weights.Dispose();
        _workers.Dispose();
    }

    [Fact]
    public void ATokenThatCannotBeReadIsForgottenByTheScorer()
    {
        SequenceScorer scorer = new(_forward, Config, _workers);
        TokenScore[] expected = new TokenScore[1], failed = new TokenScore[1], scores = new TokenScore[1];
        scorer.Read([Sequence(expected)]);
        _parameters.FailsFrom = 0;
        Assert.Equal("the file is gone", Assert.Throws<InvalidDataException>(() => scorer.Read([Sequence(failed)])).Message);
        _parameters.FailsFrom = int.MaxValue;
        scorer.Read([Sequence(scores)]);
        Assert.Equal(expected, scores);
        Assert.Equal(default, failed[0]);

        ScoredSequence Sequence(TokenScore[] scores) => new(new KvCache(_pages), [1, 2, 3], [new WantedScore(2, 4, scores, 0)]);
    }

    /// <summary>300 tokens are two passes, of which the second fails, in the fifth page.</summary>
    [Fact]
    public void ADecoderHasReadNothingOfWhatFailed()
    {
        using CpuLanguageModel model = new(_workers, _weights, CacheType.F32);
        int[] tokens = [.. Enumerable.Range(0, 300).Select(i => i * 7 % 100)];
        using IDecoder decoder = model.CreateDecoder(), other = model.CreateDecoder();
        decoder.Append([1, 2, 3]);
        other.Append([1, 2, 3]);
        float[] expected = other.Append(tokens).ToArray();
        _parameters.FailsFrom = 270;
        Assert.Throws<InvalidDataException>(() => decoder.Append(tokens).ToArray());
        Assert.Equal(3, decoder.Position);
        _parameters.FailsFrom = int.MaxValue;
        using IDecoder fork = decoder.Fork();
        Assert.Equal(expected, decoder.Append(tokens));
        Assert.Equal(expected, fork.Append(tokens));
    }

    /// <summary>The 300th decoder, in the second pass, is the only one that cannot be read.</summary>
    [Fact]
    public void OfDecodersThatReadTogetherNoneHasReadAnythingWhereOneFails()
    {
        using CpuLanguageModel model = new(_workers, _weights, CacheType.F32);
        IDecoder[] decoders = [.. Enumerable.Range(0, 300).Select(_ => model.CreateDecoder())];
        foreach (IDecoder decoder in decoders)
            decoder.Append([5]);
        decoders[^1].Append([6]);
        IDecoder[] others = [.. decoders.Select(decoder => decoder.Fork())];
        int[] tokens = [.. Enumerable.Range(0, 300).Select(i => i % 100)];
        float[] expected = new float[300 * 100], logits = new float[300 * 100];
        model.AppendEach(others, tokens, expected);
        _parameters.FailsFrom = 2;
        Assert.Throws<InvalidDataException>(() => model.AppendEach(decoders, tokens, logits));
        Assert.Equal([.. Enumerable.Repeat(1, 299), 2], decoders.Select(decoder => decoder.Position));
        _parameters.FailsFrom = int.MaxValue;
        model.AppendEach(decoders, tokens, logits);
        Assert.Equal(expected, logits);
        Assert.Equal(others.Select(decoder => decoder.Position), decoders.Select(decoder => decoder.Position));
    }

    [Fact]
    public void LogitsGoNowhereButWhereTheyWereLastAskedFor()
    {
        using KvCache cache = new(_pages);
        cache.Extend(3);
        _forward.Run([1, 2, 3], [new Segment(cache, 0, 3)], [2]);
        float[] logits = GC.AllocateArray<float>(100, pinned: true);
        _head!.Fails = true;
        Assert.Throws<InvalidDataException>(() => _forward.Head(0, 1, logits));
        _head.Fails = false;
        logits.AsSpan().Fill(7);
        _forward.Head(0, 1);
        Assert.All(logits, value => Assert.Equal(7, value));
        _forward.Head(0, 1, logits);
        Assert.Equal(new ReadOnlySpan<float>(_forward.Logits(0), 100), logits);
    }

    [Fact]
    public void RowsThatFoundNoMemoryAreNotTakenForThere()
    {
        using RowBuffers rows = new(64, 64, int.MaxValue, 0, int.MaxValue);
        for (int attempt = 0; attempt < 2; attempt++)
        {
            Assert.Throws<OutOfMemoryException>(() => rows.Reserve(100_000)); // 859 TB
            Assert.Throws<OutOfMemoryException>(() => rows.ReserveLogits(100_000));
        }
    }

    /// <summary>Heads of one channel, padded to 64, take much of a page: it outgrows 2^31 bytes in models of 50 MB.</summary>
    [Fact]
    public void APageMayBeLargerThan31BitsCount()
    {
        using KvPages pages = new(Config with { NLayer = 9000, NHead = 16, NEmbd = 16 }, CacheType.F32);
        Assert.Equal(9000L * 16 * 64 * (1 + 64) * 4, (long)pages.PageBytes);
        Assert.Equal(pages.Offset(9000, 0), (long)pages.PageBytes);
    }

    private sealed class FailingParameters : IParameters
    {
        private readonly RandomParameters _random = new(FailingPassTests.Config);

        /// <summary>Gets or sets the first position whose embedding cannot be read.</summary>
        public int FailsFrom { get; set; } = int.MaxValue;

        public GptConfig Config => FailingPassTests.Config;

        public void Read(string name, long first, Span<float> destination)
        {
            if (name == GptParameter.PositionEmbedding && first / Config.NEmbd >= FailsFrom)
                throw new InvalidDataException("the file is gone");
            _random.Read(name, first, destination);
        }

        public void Dispose() => _random.Dispose();
    }

    private sealed class FailingMatrix(PanelMatrix matrix) : PanelMatrix(matrix.Inputs, matrix.Outputs)
    {
        public bool Fails { get; set; }

        public override long ByteCount => matrix.ByteCount;

        public override int ScratchBytes => matrix.ScratchBytes;

        public override byte* Panel(int index) => matrix.Panel(index);

        public override void Multiply(in InputRows x, int firstPanel, int panels, float* y, int yStride, byte* scratch, byte* next = null)
        {
            if (Fails)
                throw new InvalidDataException("no product");
            matrix.Multiply(x, firstPanel, panels, y, yStride, scratch, next);
        }

        public override void Dispose() => matrix.Dispose();
    }
}
