namespace Foreword.Cpu.Threading;

/// <summary>
/// A fair lock: threads acquire it in the order in which they asked for it. With an ordinary lock, a thread that releases it and immediately asks again
/// mostly gets it again. Of several sequences that are generated concurrently, one would then advance for a second while the others wait.
/// </summary>
internal sealed class FairLock
{
    private readonly Queue<Waiting> _waiting = [];
    private readonly Lock _change = new();
    private bool _taken;

    /// <summary>Gets the number of threads that wait for the lock.</summary>
    public int Count
    {
        get
        {
            lock (_change)
                return _waiting.Count;
        }
    }

    /// <summary>Waits until the lock is free and all threads that asked earlier have had it, and acquires it.</summary>
    /// <returns>The acquired lock; dispose it to release the lock.</returns>
    public Holder Take()
    {
        Waiting own;
        lock (_change)
        {
            if (!_taken)
            {
                _taken = true;
                return new Holder(this);
            }

            own = new Waiting();
            _waiting.Enqueue(own);
        }

        own.Wait();
        return new Holder(this);
    }

    private void Pass()
    {
        Waiting? next;
        lock (_change)
            _taken = _waiting.TryDequeue(out next);
        next?.Call();
    }

    /// <summary>Represents the acquired lock, until it is disposed.</summary>
    public readonly struct Holder(FairLock turns) : IDisposable
    {
        /// <summary>Releases the lock to the thread that has waited longest.</summary>
        public void Dispose() => turns.Pass();
    }

    private sealed class Waiting
    {
        private bool _called;

        public void Wait()
        {
            lock (this)
            {
                while (!_called)
                    Monitor.Wait(this);
            }
        }

        public void Call()
        {
            lock (this)
            {
                _called = true;
                Monitor.Pulse(this);
            }
        }
    }
}
