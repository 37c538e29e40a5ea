using System.Collections.Concurrent;
using Foreword.Cpu.Threading;

namespace Foreword.Cpu.Tests.Threading;

public sealed class TurnsTests
{
    [Fact]
    public void WhoHasWaitedLongestIsNext()
    {
        FairLock turns = new();
        ConcurrentQueue<int> order = [];
        FairLock.Holder first = turns.Take();
        Thread[] waiting = [.. Enumerable.Range(1, 5).Select(Asking)];
        first.Dispose();
        using (turns.Take()) // asked last, and at once
            order.Enqueue(0);
        Assert.All(waiting, thread => thread.Join());
        Assert.Equal([1, 2, 3, 4, 5, 0], order);
        using (turns.Take()) // and it is free again
            Assert.Equal(0, turns.Count);

        Thread Asking(int number)
        {
            Thread thread = new(() =>
            {
                using (turns.Take())
                    order.Enqueue(number);
            });
            thread.Start();
            SpinWait.SpinUntil(() => turns.Count == number);
            return thread;
        }
    }

    [Fact]
    public void OneHasTheTurnAtATime()
    {
        FairLock turns = new();
        int sum = 0, inside = 0;
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ =>
        {
            for (int i = 0; i < 1000; i++)
            {
                using (turns.Take())
                {
                    Assert.Equal(1, ++inside);
                    sum++;
                    inside--;
                }
            }
        });
        Assert.Equal(8000, sum);
    }
}
