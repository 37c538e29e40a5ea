using CsCheck;
using Foreword.Data.Preparing;
using Foreword.Data.Reading.Formats;
using Foreword.Data.Sampling;
using Foreword.Data.Shards;

namespace Foreword.Data.Tests.Sampling;

public sealed class SamplerTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void AnEpochHoldsEveryWindowOfItsGridOnce()
    {
        using TokenDataset data = Dataset(1_003);
        BatchSampler sampler = new(data, 10, seed: 3);
        Assert.Equal(99, sampler.WindowsPerEpoch);
        HashSet<long> firsts = [];
        for (int epoch = 0; epoch < 30; epoch++)
        {
            long[] starts = [.. Enumerable.Range(0, 99).Select(i => sampler.WindowAt((epoch * 99) + i))];
            Assert.NotEqual(starts.Order(), starts);
            long first = starts.Min();
            Assert.InRange(first, 0, 9);
            Assert.Equal(Enumerable.Range(0, 99).Select(i => first + (10 * i)), starts.Order());
            firsts.Add(first);
        }

        Assert.InRange(firsts.Count, 6, 10); // different cuts in different epochs
    }

    [Fact]
    public void EveryWindowLiesInsideACorpusOfAnySize() =>
        Gen.Select(Gen.Int[2, 200], Gen.Int[1, 60], Gen.Long).Sample((count, contextLength, seed) =>
        {
            if (count <= contextLength)
                return;
            using TokenDataset data = Dataset(count);
            BatchSampler sampler = new(data, contextLength, seed);
            for (long cursor = 0; cursor < 3 * sampler.WindowsPerEpoch; cursor++)
                Assert.InRange(sampler.WindowAt(cursor), 0, count - contextLength - 1);
        }, iter: 100, threads: 1);

    [Fact]
    public void TargetsAreTheInputsShiftedByOneAndPositionsNameTheShard()
    {
        using TokenDataset data = Dataset(1_000, shardTokens: 128);
        BatchSampler sampler = new(data, 16, seed: 1);
        long[] inputs = new long[4 * 16];
        long[] targets = new long[4 * 16];
        ShardPosition[] positions = sampler.Next(4, inputs, targets);
        for (int row = 0; row < 4; row++)
        {
            long start = sampler.WindowAt(row);
            Assert.Equal(Enumerable.Range(0, 16).Select(i => Token(start + i)), inputs[(row * 16)..((row + 1) * 16)]);
            Assert.Equal(Enumerable.Range(1, 16).Select(i => Token(start + i)), targets[(row * 16)..((row + 1) * 16)]);
            Assert.Equal($"shard train-{start / 128:D5}.bin, token {start % 128}", positions[row].ToString());
        }
    }

    [Fact]
    public void SeedAndCursorContinueExactlyWhateverTheBatchSizeWas()
    {
        using TokenDataset data = Dataset(700);
        BatchSampler whole = new(data, 8, seed: 9);
        long[] all = Draw(whole, 200, 1);
        BatchSampler first = new(data, 8, seed: 9);
        long[] before = Draw(first, 10, 7);
        BatchSampler resumed = new(data, 8, first.Seed) { Cursor = first.Cursor };
        Assert.Equal(70, first.Cursor);
        Assert.Equal(all, before.Concat(Draw(resumed, 26, 5)));
        Assert.NotEqual(all, Draw(new BatchSampler(data, 8, seed: 10), 200, 1));
    }

    [Theory]
    [InlineData(8)]
    [InlineData(6)]
    [InlineData(1)]
    public void WindowsBeginAStrideApart(int stride)
    {
        using TokenDataset data = Dataset(103);
        BatchSampler sampler = new(data, 8, seed: 9, stride);
        for (int epoch = 0; epoch < 3; epoch++)
        {
            long[] starts = [.. Enumerable.Range(0, (int)sampler.WindowsPerEpoch).Select(i => sampler.WindowAt((epoch * sampler.WindowsPerEpoch) + i)).Order()];
            Assert.All(starts.Zip(starts.Skip(1)), pair => Assert.Equal(stride, pair.Second - pair.First));
            Assert.InRange(starts[0], 0, stride - 1);
            Assert.InRange(starts[^1], 103 - 9 - (2 * stride), 103 - 9); // a window and its last target end inside the corpus
        }

        Assert.Equal((103 - 8) / stride, sampler.WindowsPerEpoch);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    public void AStrideThatLeavesTokensOutIsRefused(int stride)
    {
        using TokenDataset data = Dataset(100);
        Assert.Throws<ArgumentOutOfRangeException>(() => new BatchSampler(data, 8, 1, stride));
    }

    [Fact]
    public void TooSmallACorpusIsNamedWithBothNumbers()
    {
        using TokenDataset data = Dataset(16);
        Assert.Contains("holds 16 tokens to train on; a context of 16 needs at least 17", Assert.Throws<ArgumentException>(() => new BatchSampler(data, 16, 1)).Message);
        Assert.Equal(1, new BatchSampler(data, 15, 1).WindowsPerEpoch);
    }

    [Fact]
    public void ArraysOfTheWrongSizeAreRefused()
    {
        using TokenDataset data = Dataset(100);
        BatchSampler sampler = new(data, 8, 1);
        Assert.Contains("need 16 inputs and targets; there is room for 16 and 15", Assert.Throws<ArgumentException>(() => sampler.Next(2, new long[16], new long[15])).Message);
        Assert.Equal(0, sampler.Cursor);
        Assert.Throws<ArgumentOutOfRangeException>(() => sampler.Cursor = -1);
    }

    [Fact]
    public void SequentialWindowsHaveEveryTokenButTheFirstAsATargetOnce() =>
        Gen.Select(Gen.Int[2, 200], Gen.Int[1, 30], Gen.Int[1, 5]).Sample((count, contextLength, batch) =>
        {
            using TokenDataset data = Dataset(count);
            SequentialWindows windows = new(data, contextLength);
            List<long> targets = [];
            long read = 0;
            while (read < windows.Count)
            {
                long[] x = new long[batch * contextLength];
                long[] y = new long[batch * contextLength];
                int rows = windows.Read(read, x, y);
                for (int i = 0; i < rows * contextLength; i++)
                {
                    long position = (read * contextLength) + i;
                    if (y[i] == SequentialWindows.NoTarget)
                    {
                        Assert.Equal((0, true), (x[i], position >= count - 1));
                        continue;
                    }

                    Assert.Equal((Token(position), Token(position + 1)), (x[i], y[i]));
                    targets.Add(position + 1);
                }

                read += rows;
            }

            Assert.Equal(Enumerable.Range(1, count - 1).Select(i => (long)i), targets);
        }, iter: 100, threads: 1);

    [Fact]
    public void SequentialWindowsCheckWhatTheyAreAsked()
    {
        using TokenDataset data = Dataset(100);
        SequentialWindows windows = new(data, 8);
        Assert.Equal(13, windows.Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => windows.Read(13, new long[8], new long[8]));
        Assert.Throws<ArgumentException>(() => windows.Read(0, new long[12], new long[12]));
        using TokenDataset tiny = Dataset(1);
        Assert.Contains("holds 1 tokens to evaluate on; at least 2 are needed", Assert.Throws<ArgumentException>(() => new SequentialWindows(tiny, 8)).Message);
    }

    private static long[] Draw(BatchSampler sampler, int batches, int batch)
    {
        List<long> drawn = [];
        for (int i = 0; i < batches; i++)
        {
            long[] inputs = new long[batch * sampler.ContextLength];
            sampler.Next(batch, inputs, new long[inputs.Length]);
            drawn.AddRange(inputs);
        }

        return [.. drawn];
    }

    /// <summary>Returns the token at a position of <see cref="Dataset"/>.</summary>
    private static long Token(long position) => 'a' + (position * position % 23);

    private TokenDataset Dataset(int count, int shardTokens = 64)
    {
        string text = string.Concat(Enumerable.Range(0, count).Select(i => (char)Token(i)));
        PreparationOptions options = new() { ValidationShare = 0, ShardTokens = shardTokens };
        new CorpusPreparer(new ByteTokenizer(endOfText: null), options)
            .Prepare([new TextChunk(text, EndsDocument: true)], _directory.File("shards"), [], cancellationToken: TestContext.Current.CancellationToken);
        return TokenDataset.Open(_directory.File("shards"), TokenDataset.Train);
    }
}
