namespace Foreword.Cpu.Threading;

/// <summary>
/// A lock whose threads come in the order in which they asked. With an ordinary one whoever leaves and asks again at once mostly gets it again, so that of several
/// texts written at the same time one would go on for a second and the others stand still.
/// </summary>
internal sealed class Turns
{
    private readonly Queue<Waiting> _waiting = [];
    private readonly Lock _change = new();
    private bool _taken;

    /// <summary>How many threads wait.</summary>
    public int Count
    {
        get
        {
            lock (_change)
                return _waiting.Count;
        }
    }

    /// <summary>Waits for the turn; it ends when what is returned is disposed.</summary>
    public Turn Take()
    {
        Waiting own;
        lock (_change)
        {
            if (!_taken)
            {
                _taken = true;
                return new Turn(this);
            }

            own = new Waiting();
            _waiting.Enqueue(own);
        }

        own.Wait();
        return new Turn(this);
    }

    private void Pass()
    {
        Waiting? next;
        lock (_change)
            _taken = _waiting.TryDequeue(out next);
        next?.Call();
    }

    /// <summary>The turn, while it lasts.</summary>
    public readonly struct Turn(Turns turns) : IDisposable
    {
        /// <summary>Gives it to who has waited longest.</summary>
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
