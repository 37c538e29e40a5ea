namespace Foreword.Cpu.Scheduling;

/// <summary>
/// Jobs that wait to start. Clients take turns: one with a thousand jobs delays another's first job by one of its own only. The jobs of one client keep
/// their order. Not thread-safe.
/// </summary>
internal sealed class FairQueue
{
    private readonly LinkedList<(string Client, Queue<GenerationJob> Jobs)> _clients = []; // the next client first

    /// <summary>Gets the number of jobs.</summary>
    public int Count { get; private set; }

    /// <summary>Adds a job at the end of its client's queue.</summary>
    public void Add(GenerationJob job)
    {
        for (LinkedListNode<(string Client, Queue<GenerationJob> Jobs)>? node = _clients.First; node is not null; node = node.Next)
        {
            if (node.Value.Client == job.Client)
            {
                node.Value.Jobs.Enqueue(job);
                Count++;
                return;
            }
        }

        _clients.AddLast((job.Client, new Queue<GenerationJob>([job])));
        Count++;
    }

    /// <summary>Removes the next job and moves its client to the end.</summary>
    /// <param name="slots">The number of free slots. A job that needs more stays first, so that small jobs cannot overtake it for ever.</param>
    /// <returns>The job, or null if none waits or fits.</returns>
    public GenerationJob? TryTake(int slots)
    {
        if (_clients.First is not { } first || first.Value.Jobs.Peek().Slots > slots)
            return null;
        GenerationJob job = first.Value.Jobs.Dequeue();
        _clients.RemoveFirst();
        if (first.Value.Jobs.Count > 0)
            _clients.AddLast(first);
        Count--;
        return job;
    }

    /// <summary>Removes the jobs that were canceled.</summary>
    /// <returns>The removed jobs.</returns>
    public IReadOnlyList<GenerationJob> TakeCanceled()
    {
        List<GenerationJob> canceled = [];
        for (LinkedListNode<(string Client, Queue<GenerationJob> Jobs)>? node = _clients.First, next; node is not null; node = next)
        {
            next = node.Next;
            if (!node.Value.Jobs.Any(job => job.CancellationToken.IsCancellationRequested))
                continue;
            GenerationJob[] jobs = [.. node.Value.Jobs];
            node.Value.Jobs.Clear();
            foreach (GenerationJob job in jobs)
            {
                if (job.CancellationToken.IsCancellationRequested)
                    canceled.Add(job);
                else
                    node.Value.Jobs.Enqueue(job);
            }

            if (node.Value.Jobs.Count == 0)
                _clients.Remove(node);
        }

        Count -= canceled.Count;
        return canceled;
    }
}
