using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Foreword.Cpu.Threading;

/// <summary>
/// A pool of threads that run one function together and meet at barriers. A token takes about a hundred short steps, so the end of a step must cost
/// less than the step itself. A waiting thread therefore first spins, because the wait usually takes microseconds, and then yields the processor. The
/// calling thread is worker 0.
/// </summary>
internal sealed class Workers : IDisposable
{
    /// <summary>Number of checks that a waiting thread makes before it begins to yield; about 20 us.</summary>
    private const int Spins = 1000;

    /// <summary>How long an idle worker yields before it sleeps. This is longer than a caller takes to choose its next token.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(2);

    private readonly Thread[] _threads;
    private readonly Lock _running = new();
    private readonly object _bell = new();
    private Action<int>? _body;
    private ExceptionDispatchInfo? _failure; // the first failure of a run
    private int _runs;
    private int _sleepers;
    private int _arrived;
    private int _failed;
    private int _phase;
    private int _claimed;
    private bool _ended;

    /// <summary>Starts the threads. They end with <see cref="Dispose"/> or with the process.</summary>
    /// <param name="count">Number of workers, including the calling thread; 1 or more.</param>
    public Workers(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        _threads = [.. Enumerable.Range(1, count - 1).Select(id => new Thread(() => Serve(id)) { IsBackground = true, Name = $"{nameof(Foreword)} worker {id}" })];
        foreach (Thread thread in _threads)
            thread.Start();
    }

    /// <summary>Gets the number of workers, including the calling thread.</summary>
    public int Count => _threads.Length + 1;

    /// <summary>
    /// Runs <paramref name="body"/> on every worker, with the worker's number, and returns when all workers have finished. If one worker throws, the
    /// others stop at their next barrier; then the first exception is thrown here.
    /// </summary>
    /// <param name="body">The function to run; its argument is the number of the worker, from 0 to <see cref="Count"/> - 1.</param>
    /// <exception cref="ObjectDisposedException">The workers have been disposed.</exception>
    public void Run(Action<int> body)
    {
        lock (_running)
        {
            ObjectDisposedException.ThrowIf(_ended, this);
            _claimed = 0;
            if (Count == 1)
            {
                body(0);
                return;
            }

            _body = body;
            Interlocked.Increment(ref _runs);
            if (Volatile.Read(ref _sleepers) > 0)
                Ring();
            Work(0, body);
            if (_failed > 0)
                ThrowFailure();
        }
    }

    /// <summary>Calls <paramref name="body"/> once for each number from 0 to <paramref name="count"/> - 1, on any worker that is free.</summary>
    /// <exception cref="ObjectDisposedException">The workers have been disposed.</exception>
    public void ForEach(int count, Action<int> body) => Run(worker =>
    {
        for (int i = worker; i < count; i = Claim())
            body(i);
    });

    /// <summary>
    /// Returns the number of the next work item of the current step that no worker has taken. Each worker's first item has the worker's own number: it
    /// needs no claim and is known before the step. Only the items after these are claimed. The count starts again at every barrier.
    /// </summary>
    public int Claim() => Interlocked.Increment(ref _claimed) + Count - 1;

    /// <summary>
    /// Divides a step into work items that become smaller toward its end. One processor may be half as fast as another while other programs use it too.
    /// Large items need few claims; small items at the end keep the wait at the barrier short. Every round divides half of the remaining items equally
    /// among the workers.
    /// </summary>
    /// <param name="items">Number of items to divide, such as panels; 1 or more.</param>
    /// <param name="unit">Number of items that should stay together. The size of every work item except the last is a multiple of it.</param>
    /// <returns>
    /// The start of each work item, followed by <paramref name="items"/> as the end of the last one. There is at least one work item for each worker;
    /// it may be empty.
    /// </returns>
    public int[] Cut(int items, int unit)
    {
        List<int> starts = [0];
        while (starts[^1] < items || starts.Count <= Count)
        {
            int left = (items - starts[^1] + unit - 1) / unit, chunk = Math.Max(1, left / (2 * Count)) * unit;
            for (int worker = 0; worker < Count; worker++)
                starts.Add(Math.Min(items, starts[^1] + chunk));
        }

        return [.. starts];
    }

    /// <summary>Waits until every worker has reached the barrier. Writes made before the barrier are visible to all workers after it.</summary>
    /// <exception cref="OperationCanceledException">Another worker has failed.</exception>
    public void Barrier()
    {
        int phase = Volatile.Read(ref _phase);
        if (Interlocked.Increment(ref _arrived) == Count)
        {
            _arrived = 0;
            _claimed = 0;
            Volatile.Write(ref _phase, phase + 1);
            return;
        }

        for (int looks = 0; Volatile.Read(ref _phase) == phase; looks++)
        {
            if (Volatile.Read(ref _failed) > 0 && Volatile.Read(ref _phase) == phase) // check the phase again: a worker that has passed this barrier may have failed after it
                throw new OperationCanceledException("another worker has failed");
            Pause(looks);
        }
    }

    /// <summary>Ends the threads and waits for them.</summary>
    public void Dispose()
    {
        lock (_running)
        {
            Volatile.Write(ref _ended, true);
            Interlocked.Increment(ref _runs);
            Ring();
        }

        foreach (Thread thread in _threads)
            thread.Join();
    }

    private void Serve(int id)
    {
        for (int seen = 0; ; seen++)
        {
            AwaitRun(seen);
            if (Volatile.Read(ref _ended))
                return;
            Work(id, _body!);
        }
    }

    private void Work(int id, Action<int> body)
    {
        try
        {
            body(id);
            Barrier();
        }
        catch (Exception problem)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(problem), null);
            Interlocked.Increment(ref _failed);
        }
    }

    /// <summary>
    /// Waits until all workers have failed, and throws the first exception. If one worker fails, the others fail at the next barrier. Once all have
    /// failed, no thread touches the caller's buffers.
    /// </summary>
    private void ThrowFailure()
    {
        for (int looks = 0; Volatile.Read(ref _failed) < Count; looks++)
            Pause(looks);
        ExceptionDispatchInfo failure = _failure!;
        (_failure, _failed, _arrived) = (null, 0, 0);
        failure.Throw();
    }

    private void AwaitRun(int seen)
    {
        long start = 0;
        for (int looks = 0; Volatile.Read(ref _runs) == seen; looks++)
        {
            Pause(looks);
            if (looks == Spins)
                start = Stopwatch.GetTimestamp();
            if (looks <= Spins || Stopwatch.GetElapsedTime(start) < Patience)
                continue;
            lock (_bell)
            {
                Interlocked.Increment(ref _sleepers); // before the last check, so that a caller that starts a run after this check sees a sleeper
                while (Volatile.Read(ref _runs) == seen)
                    Monitor.Wait(_bell);
                Interlocked.Decrement(ref _sleepers);
            }
        }
    }

    private void Ring()
    {
        lock (_bell)
            Monitor.PulseAll(_bell);
    }

    private static void Pause(int looks)
    {
        if (looks < Spins)
            Thread.SpinWait(1);
        else
            Thread.Yield();
    }
}
