using Foreword.Torch.Kernels;

namespace Foreword.Torch.Tests.Kernels;

public sealed class WorkerPoolTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void WhatTheBodyThrowsIsThrownAtTheCallerAsItIsAndThePoolGoesOn(int threads)
    {
        WorkerPool pool = WorkerPool.Of(threads);
        for (int failing = 0; failing < 20; failing++)
        {
            int inside = 0;
            Assert.Equal("no memory", Assert.Throws<InsufficientMemoryException>(() => pool.ForEach(20, (_, item) =>
            {
                Interlocked.Increment(ref inside);
                try
                {
                    if (item == failing)
                        throw new InsufficientMemoryException("no memory");
                    Thread.SpinWait(10_000);
                }
                finally
                {
                    Interlocked.Decrement(ref inside);
                }
            })).Message);
            Assert.Equal(0, inside);
            int[] done = new int[100];
            pool.ForEach(done.Length, (_, item) => Interlocked.Increment(ref done[item]));
            Assert.All(done, times => Assert.Equal(1, times));
        }
    }
}
