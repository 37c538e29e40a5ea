using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Runtime.Intrinsics.X86;

namespace Foreword.Torch.Kernels;

/// <summary>
/// Threads that share out the items of a loop. A training step has hundreds of loops of a fraction of a millisecond: between two of
/// them the workers spin for a while, which starts a loop within a microsecond, and only then sleep. A loop ends without the workers
/// that did not come in time, so that a busy machine, which lets them run late, costs no more than their help. (The workers of Foreword.Cpu meet at
/// barriers inside one call, for which all of them must come.)
/// </summary>
internal sealed class WorkerPool
{
    /// <summary>Pauses that a worker spins before it sleeps: about half a millisecond.</summary>
    private const int SpinsBeforeSleep = 20_000;

    /// <summary>Pauses after which whoever waits offers its core to others.</summary>
    private const int SpinsBeforeYield = 2_000;

    private const long Closed = 1L << 31;

    private static readonly ConcurrentDictionary<int, WorkerPool> Pools = new();

    private readonly Lock _one = new();
    private readonly SemaphoreSlim[] _wake;
    private readonly int[] _asleep;
    private Action<int, int> _body = (_, _) => { };
    private int _count;
    private int _next;
    private ExceptionDispatchInfo? _problem;

    /// <summary>Number of the loop in the upper half; in the lower the workers inside it, with <see cref="Closed"/> once none may enter.</summary>
    private long _state = Closed;

    private WorkerPool(int threads)
    {
        Threads = threads;
        _wake = [.. Enumerable.Range(1, threads - 1).Select(_ => new SemaphoreSlim(0))];
        _asleep = new int[threads - 1];
        for (int worker = 1; worker < threads; worker++)
        {
            int index = worker;
            new Thread(() => Work(index)) { IsBackground = true, Name = $"kernels {index}" }.Start();
        }
    }

    /// <summary>Threads that work, the caller's among them.</summary>
    public int Threads { get; }

    /// <summary>The process's pool of that many threads.</summary>
    public static WorkerPool Of(int threads) => Pools.GetOrAdd(threads, count => new WorkerPool(count));

    /// <summary>
    /// Calls the body for each item once, on whichever thread is free. Items must not depend on each other, nor on which thread runs
    /// them, but for scratch memory by the worker's index. What the body throws is thrown here, once no thread is inside any more.
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
                Interlocked.Exchange(ref _state, ((_state >> 32) + 1) << 32); // open, nobody inside
                for (int worker = 1; worker < Threads; worker++)
                {
                    if (Interlocked.CompareExchange(ref _asleep[worker - 1], 0, 1) == 1)
                        _wake[worker - 1].Release();
                }

                TakeItems(0);
                Interlocked.Or(ref _state, Closed);
                for (int spins = 0; (int)(Volatile.Read(ref _state) & (Closed - 1)) != 0; spins++)
                    Pause(spins);
            }

            _problem?.Throw();
        }
    }

    private void Work(int worker)
    {
        long seen = 0;
        for (int spins = 0; ; spins++)
        {
            long state = Volatile.Read(ref _state);
            if (state >> 32 != seen && (state & Closed) == 0)
            {
                if (Interlocked.CompareExchange(ref _state, state + 1, state) != state)
                    continue; // another worker came or went, or the loop is closed
                TakeItems(worker);
                Interlocked.Decrement(ref _state);
                (seen, spins) = (state >> 32, 0);
            }
            else if (spins < SpinsBeforeSleep)
            {
                Pause(spins);
            }
            else
            {
                Sleep(worker);
                spins = 0;
            }
        }
    }

    /// <summary>Waits to be woken by the next loop.</summary>
    private void Sleep(int worker)
    {
        long before = Volatile.Read(ref _state) >> 32;
        Volatile.Write(ref _asleep[worker - 1], 1);
        Interlocked.MemoryBarrier(); // the flag must be out before the last look, or a loop could begin unseen
        // Whoever turns the flag from 1 to 0 decides: the caller, who then releases the semaphore, or this worker.
        if (Volatile.Read(ref _state) >> 32 == before || Interlocked.CompareExchange(ref _asleep[worker - 1], 0, 1) == 0)
            _wake[worker - 1].Wait();
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
            _problem = ExceptionDispatchInfo.Capture(problem); // thrown on the caller's thread: an exception must not end a worker
        }
    }

    private static void Pause(int spins)
    {
        if (X86Base.IsSupported)
            X86Base.Pause();
        else
            Thread.SpinWait(1);
        if (spins % SpinsBeforeYield == SpinsBeforeYield - 1)
            Thread.Yield();
    }
}
