using System.Collections.Concurrent;
using System.Runtime.Intrinsics.X86;

namespace Foreword.Torch.Fused;

/// <summary>
/// Threads that share out the items of a loop. A training step has hundreds of loops of a fraction of a millisecond: between two of
/// them the workers spin for a while, which starts a loop within a microsecond, and only then sleep.
/// </summary>
internal sealed class WorkerPool
{
    /// <summary>Pauses that a worker spins before it sleeps: about half a millisecond.</summary>
    private const int SpinsBeforeSleep = 20_000;

    /// <summary>Pauses after which whoever waits offers its core to others.</summary>
    private const int SpinsBeforeYield = 2_000;

    private static readonly ConcurrentDictionary<int, WorkerPool> Pools = new();

    private readonly Lock _one = new();
    private readonly SemaphoreSlim[] _wake;
    private readonly int[] _asleep;
    private Action<int, int> _body = (_, _) => { };
    private int _count;
    private int _next;
    private int _loop;
    private int _busy;
    private Exception? _problem;

    private WorkerPool(int threads)
    {
        Threads = threads;
        _wake = [.. Enumerable.Range(1, threads - 1).Select(_ => new SemaphoreSlim(0))];
        _asleep = new int[threads - 1];
        for (int worker = 1; worker < threads; worker++)
        {
            int index = worker;
            new Thread(() => Work(index)) { IsBackground = true, Name = $"fused kernels {index}" }.Start();
        }
    }

    /// <summary>Threads that work, the caller's among them.</summary>
    public int Threads { get; }

    /// <summary>The process's pool of that many threads.</summary>
    public static WorkerPool Of(int threads) => Pools.GetOrAdd(threads, count => new WorkerPool(count));

    /// <summary>
    /// Calls the body for each item once, on whichever thread is free. Items must not depend on each other, nor on which thread runs
    /// them, but for scratch memory by the worker's index.
    /// </summary>
    /// <param name="count">Number of items.</param>
    /// <param name="body">Gets worker (0 to <see cref="Threads"/> - 1) and item.</param>
    public void ForEach(int count, Action<int, int> body)
    {
        lock (_one)
        {
            (_body, _count, _next, _problem) = (body, count, 0, null);
            if (Threads == 1 || count == 1)
            {
                TakeItems(0);
            }
            else
            {
                Volatile.Write(ref _busy, Threads - 1);
                Interlocked.Increment(ref _loop);
                for (int worker = 1; worker < Threads; worker++)
                {
                    if (Interlocked.CompareExchange(ref _asleep[worker - 1], 0, 1) == 1)
                        _wake[worker - 1].Release();
                }

                TakeItems(0);
                for (int spins = 0; Volatile.Read(ref _busy) != 0; spins++)
                    Pause(spins);
            }

            if (_problem is { } problem)
                throw new InvalidOperationException(problem.Message, problem);
        }
    }

    private void Work(int worker)
    {
        int seen = 0;
        while (true)
        {
            for (int spins = 0; Volatile.Read(ref _loop) == seen; spins++)
            {
                if (spins < SpinsBeforeSleep)
                {
                    Pause(spins);
                    continue;
                }

                Volatile.Write(ref _asleep[worker - 1], 1);
                Interlocked.MemoryBarrier(); // the flag must be out before the last look, or a loop could begin unseen
                // Whoever turns the flag from 1 to 0 decides: the caller, who then releases the semaphore, or this worker.
                if (Volatile.Read(ref _loop) == seen || Interlocked.CompareExchange(ref _asleep[worker - 1], 0, 1) == 0)
                    _wake[worker - 1].Wait();
                spins = 0;
            }

            seen++;
            TakeItems(worker);
            Interlocked.Decrement(ref _busy);
        }
    }

    private void TakeItems(int worker)
    {
        try
        {
            for (int item; (item = Interlocked.Increment(ref _next) - 1) < _count;)
                _body(worker, item);
        }
        catch (Exception problem)
        {
            _problem = problem; // told on the caller's thread: an exception must not end a worker
        }
    }

    private static void Pause(int spins)
    {
        X86Base.Pause();
        if (spins % SpinsBeforeYield == SpinsBeforeYield - 1)
            Thread.Yield();
    }
}
