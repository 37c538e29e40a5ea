using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Runtime.Intrinsics.X86;

namespace Foreword.Torch.Kernels;

/// <summary>
/// A pool of threads that share the work items of a loop. A training step has hundreds of loops that take a fraction of a millisecond. Between two
/// loops, workers spin for a while before they sleep, so that the next loop starts within a microsecond. A loop ends without the workers that did not
/// start in time. On a busy machine, a late worker therefore delays nothing; only its help is lost. (The workers of Foreword.Cpu meet at barriers
/// within a call, so all of them must take part.)
/// </summary>
internal sealed class WorkerPool
{
    /// <summary>Number of pauses that a worker spins before it sleeps: about half a millisecond.</summary>
    private const int SpinsBeforeSleep = 20_000;

    /// <summary>Number of pauses after which a waiting thread yields its core to others.</summary>
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

    /// <summary>
    /// The upper half is the number of the loop. The lower half is the number of workers inside it, with <see cref="Closed"/> set once no more may
    /// enter.
    /// </summary>
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

    /// <summary>Gets the number of threads that work, including the calling thread.</summary>
    public int Threads { get; }

    /// <summary>Returns the process's pool with the given number of threads; creates it on the first call.</summary>
    public static WorkerPool Of(int threads) => Pools.GetOrAdd(threads, count => new WorkerPool(count));

    /// <summary>
    /// Calls <paramref name="body"/> once for each item, on any thread that is free. Items must not depend on each other. They must not depend on the
    /// thread that runs them either, except for scratch memory that is indexed by the worker's number. If <paramref name="body"/> throws, the exception
    /// is thrown here, after all threads have left the loop.
    /// </summary>
    /// <param name="count">Number of items.</param>
    /// <param name="body">The function to call, with the worker's number (0 to <see cref="Threads"/> - 1) and the item.</param>
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
                Interlocked.Exchange(ref _state, ((_state >> 32) + 1) << 32); // open the loop, with no worker inside
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
                    continue; // another worker entered or left, or the loop was closed
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

    /// <summary>Waits until the next loop wakes the worker.</summary>
    private void Sleep(int worker)
    {
        long before = Volatile.Read(ref _state) >> 32;
        Volatile.Write(ref _asleep[worker - 1], 1);
        Interlocked.MemoryBarrier(); // the flag must be visible before the last check; otherwise a loop could start unnoticed
        // The thread that changes the flag from 1 to 0 decides: the caller, which then releases the semaphore, or this worker.
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
            _problem = ExceptionDispatchInfo.Capture(problem); // thrown on the caller's thread, because an exception must not end a worker
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
