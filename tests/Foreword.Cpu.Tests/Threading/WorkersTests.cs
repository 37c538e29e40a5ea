using CsCheck;
using Foreword.Cpu.Threading;

namespace Foreword.Cpu.Tests.Threading;

public sealed class WorkersTests
{
    /// <summary>Pieces follow one another without a gap, are whole units, never grow, and every worker has a first one, be it empty.</summary>
    [Fact]
    public void AStepIsCutWithoutGapsIntoPiecesThatBecomeSmaller() => Gen.Select(Gen.Int[1, 4000], Gen.Int[1, 4], Gen.Int[1, 6]).Sample((items, unit, count) =>
    {
        using Workers workers = new(count);
        int[] starts = workers.Cut(items, unit);
        Assert.Equal((0, items), (starts[0], starts[^1]));
        Assert.True(starts.Length > count);
        int[] sizes = [.. starts.Zip(starts.Skip(1), (start, end) => end - start)];
        Assert.All(sizes.Where((_, i) => starts[i + 1] < items), size => Assert.True(size > 0 && size % unit == 0));
        Assert.All(sizes.Zip(sizes.Skip(1)), pair => Assert.True(pair.First >= pair.Second));
    }, iter: 200);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void EveryPieceIsDoneOnceAtEveryStep(int count)
    {
        using Workers workers = new(count);
        int[] done = new int[50];
        for (int run = 1; run <= 20; run++)
        {
            workers.Run(worker =>
            {
                for (int step = 0; step < 5; step++)
                {
                    for (int piece = worker; piece < done.Length; piece = workers.Claim())
                        Interlocked.Increment(ref done[piece]);
                    workers.Barrier();
                }
            });
            Assert.All(done, times => Assert.Equal(5 * run, times));
        }
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(3, 0)]
    [InlineData(3, 2)]
    public void WhatAWorkerThrowsIsThrownAtTheCallerOnceAllHaveStopped(int count, int failing)
    {
        using Workers workers = new(count);
        for (int step = 0; step <= 2; step++)
        {
            int working = 0;
            Assert.Equal("no memory", Assert.Throws<InsufficientMemoryException>(() => workers.Run(worker =>
            {
                Interlocked.Increment(ref working);
                try
                {
                    for (int i = 0; i < 2; i++)
                    {
                        if (worker == failing && i == step)
                            throw new InsufficientMemoryException("no memory");
                        workers.Barrier();
                    }

                    if (worker == failing)
                        throw new InsufficientMemoryException("no memory");
                    Thread.Sleep(10);
                }
                finally
                {
                    Interlocked.Decrement(ref working);
                }
            })).Message);
            Assert.Equal(0, working);
            int[] done = new int[50];
            workers.Run(worker =>
            {
                for (int piece = worker; piece < done.Length; piece = workers.Claim())
                    done[piece]++;
                workers.Barrier();
            });
            Assert.All(done, times => Assert.Equal(1, times));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void WorkersThatHaveEndedRefuseWork(int count)
    {
        Workers workers = new(count);
        workers.Dispose();
        workers.Dispose();
        Assert.Throws<ObjectDisposedException>(() => workers.Run(_ => { }));
    }
}
