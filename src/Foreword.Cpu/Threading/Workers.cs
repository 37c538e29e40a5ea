using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Foreword.Cpu.Threading;

/// <summary>
/// Threads that run one function together, meeting at barriers: a token takes about a hundred short steps, and a step's end must cost
/// less than the step. Waiting spins first, for what is awaited is microseconds away, and then gives the processor to others.
/// The calling thread is worker 0.
/// </summary>
internal sealed class Workers : IDisposable
{
    /// <summary>Looks at what is awaited before a waiting thread begins to yield; some 20 us.</summary>
    private const int Spins = 1000;

    /// <summary>How long an idle worker yields before it sleeps: longer than a caller takes to choose its next token.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(2);

    private readonly Thread[] _threads;
    private readonly Lock _running = new();
    private readonly object _bell = new();
    private Action<int>? _body;
    private ExceptionDispatchInfo? _failure; // the first of a run
    private int _runs;
    private int _sleepers;
    private int _arrived;
    private int _failed;
    private int _phase;
    private int _claimed;
    private bool _ended;

    /// <summary>Starts the threads; they end with <see cref="Dispose"/> or the process.</summary>
    /// <param name="count">How many work together, the caller among them; at least 1.</param>
    public Workers(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        _threads = [.. Enumerable.Range(1, count - 1).Select(id => new Thread(() => Serve(id)) { IsBackground = true, Name = $"{nameof(Foreword)} worker {id}" })];
        foreach (Thread thread in _threads)
            thread.Start();
    }

    /// <summary>How many work together.</summary>
    public int Count => _threads.Length + 1;

    /// <summary>
    /// Runs <paramref name="body"/> on every worker with its number, and returns when all are done. What one of them throws is thrown here, once all
    /// have stopped: the others at their next barrier.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The threads have ended.</exception>
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

    /// <summary>Calls <paramref name="body"/> once with each number from 0 to <paramref name="count"/> - 1, on whichever worker is free.</summary>
    /// <exception cref="ObjectDisposedException">The threads have ended.</exception>
    public void ForEach(int count, Action<int> body) => Run(worker =>
    {
        for (int i = worker; i < count; i = Claim())
            body(i);
    });

    /// <summary>
    /// The next of a step's pieces that nobody has taken. Each worker's first piece is the one of its own number, which it need not claim and knows before
    /// the step; those behind them are claimed. The count begins again at every barrier.
    /// </summary>
    public int Claim() => Interlocked.Increment(ref _claimed) + Count - 1;

    /// <summary>
    /// Cuts a step into pieces that become smaller towards its end, for one processor may be half as fast as another while somebody else uses it as well:
    /// large ones are few claims, small ones are a short wait at the barrier. Every round gives half of what is left, in equal pieces.
    /// </summary>
    /// <param name="items">What is to be cut; at least 1.</param>
    /// <param name="unit">Items that should stay together: a piece is a multiple of it, except the last.</param>
    /// <returns>Where each piece begins, and behind the last one <paramref name="items"/>; at least a piece for each worker, which may be empty.</returns>
    public int[] Cut(int items, int unit)
    {
        List<int> starts = [0];
        while (starts[^1] < items || starts.Count <= Count)
        {
            int left = (items - starts[^1] + unit - 1) / unit, piece = Math.Max(1, left / (2 * Count)) * unit;
            for (int worker = 0; worker < Count; worker++)
                starts.Add(Math.Min(items, starts[^1] + piece));
        }

        return [.. starts];
    }

    /// <summary>Waits until every worker has come here; what they wrote before is seen after.</summary>
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
            if (Volatile.Read(ref _failed) > 0 && Volatile.Read(ref _phase) == phase) // once more: who has passed here may fail behind it
                throw new OperationCanceledException("another worker has failed");
            Pause(looks);
        }
    }

    /// <summary>Ends the threads.</summary>
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

    /// <summary>Whoever fails is missing at the barrier, so everybody does in the end; then nobody works with the caller's memory any more.</summary>
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
                Interlocked.Increment(ref _sleepers); // before the last look: a caller that begins after it sees somebody sleeping
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
