using System.Diagnostics;
using System.Threading.Channels;
using Foreword.Generation;

namespace Foreword.Cpu.Scheduling;

/// <summary>The jobs of one request: one for each prompt. If the request ends early, so do they.</summary>
internal sealed class CompletionRun : IAsyncDisposable
{
    private readonly CancellationTokenSource _ended;
    private readonly GenerationJob[] _jobs;

    private CompletionRun(CancellationTokenSource ended, GenerationJob[] jobs) => (_ended, _jobs) = (ended, jobs);

    /// <summary>Adds the jobs of a request to the queue.</summary>
    /// <param name="scheduler">The scheduler of the model.</param>
    /// <param name="jobs">Creates the jobs; they take the given token for cancellation.</param>
    /// <param name="cancellationToken">Ends all jobs.</param>
    /// <exception cref="QueueFullException">The queue is full. No job of the request runs then.</exception>
    public static async Task<CompletionRun> StartAsync(Scheduler scheduler, Func<CancellationToken, IEnumerable<GenerationJob>> jobs, CancellationToken cancellationToken)
    {
        CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        CompletionRun run = new(ended, [.. jobs(ended.Token)]);
        try
        {
            foreach (GenerationJob job in run._jobs)
            {
                if (!scheduler.TryAdd(job))
                    throw new QueueFullException();
            }

            return run;
        }
        catch
        {
            await run.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Gets or sets what is called with each token: the time since the request or the completion's last token, and whether it is the first.</summary>
    public Action<TimeSpan, bool>? OnToken { get; set; }

    /// <summary>Gets the number of tokens of the prompts, and how many of them had been read before.</summary>
    public (int Tokens, int Cached) Prompts => (_jobs.Sum(job => job.Prompt.Length), _jobs.Sum(job => job.CachedTokens));

    /// <summary>Returns what happens to the jobs, each event with the index of its job.</summary>
    public async IAsyncEnumerable<(int Job, JobEvent Happened)> EventsAsync()
    {
        long start = Stopwatch.GetTimestamp();
        Dictionary<(int, int), long> last = [];
        await foreach ((int Job, JobEvent Happened) one in MergedAsync().ConfigureAwait(false))
        {
            if (OnToken is not null && one.Happened is TokenDrawn token)
            {
                long now = Stopwatch.GetTimestamp();
                bool isFirst = !last.TryGetValue((one.Job, token.Sample), out long before);
                OnToken(Stopwatch.GetElapsedTime(isFirst ? start : before, now), isFirst);
                last[(one.Job, token.Sample)] = now;
            }

            yield return one;
        }
    }

    private IAsyncEnumerable<(int Job, JobEvent Happened)> MergedAsync()
    {
        if (_jobs.Length == 1)
            return One(_jobs[0]);
        Channel<(int, JobEvent)> merged = Channel.CreateUnbounded<(int, JobEvent)>(new UnboundedChannelOptions { SingleReader = true });
        _ = MergeAsync(merged.Writer);
        return merged.Reader.ReadAllAsync();

        static async IAsyncEnumerable<(int, JobEvent)> One(GenerationJob job)
        {
            await foreach (JobEvent happened in job.Events.ReadAllAsync().ConfigureAwait(false))
                yield return (0, happened);
        }
    }

    /// <summary>Waits until all jobs have ended.</summary>
    /// <returns>The results of each job.</returns>
    public async Task<JobResult[]> FinishAsync()
    {
        JobResult[] results = [.. _jobs.Select(job => new JobResult(job.Samples))];
        await foreach ((int job, JobEvent happened) in EventsAsync().ConfigureAwait(false))
            results[job].Add(happened);
        return results;
    }

    /// <summary>Ends the jobs that still run.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync().ConfigureAwait(false);
        _ended.Dispose();
    }

    private async Task MergeAsync(ChannelWriter<(int, JobEvent)> merged)
    {
        try
        {
            await Task.WhenAll(_jobs.Select((job, i) => CopyAsync(job, i))).ConfigureAwait(false);
            merged.Complete();
        }
        catch (Exception problem)
        {
            merged.Complete(problem);
        }

        async Task CopyAsync(GenerationJob job, int i)
        {
            await foreach (JobEvent happened in job.Events.ReadAllAsync().ConfigureAwait(false))
                merged.TryWrite((i, happened));
        }
    }
}

/// <summary>The results of one job.</summary>
/// <param name="samples">The number of completions.</param>
internal sealed class JobResult(int samples)
{
    /// <summary>Gets the prompt's scores or state.</summary>
    public PromptRead? Prompt { get; private set; }

    /// <summary>Gets the tokens that were drawn, for each completion.</summary>
    public List<TokenDrawn>[] Drawn { get; } = [.. Enumerable.Range(0, samples).Select(_ => new List<TokenDrawn>())];

    /// <summary>Gets the ends of the completions.</summary>
    public CompletionEnded[] Ended { get; } = new CompletionEnded[samples];

    /// <summary>Gets the completions.</summary>
    public Completion[] Completions { get; } = new Completion[samples];

    /// <summary>Adds an event.</summary>
    public void Add(JobEvent happened)
    {
        if (happened is PromptRead read)
            Prompt = read;
        else if (happened is TokenDrawn token)
            Drawn[token.Sample].Add(token);
        else if (happened is CompletionEnded ended)
            (Ended[ended.Sample], Completions[ended.Sample]) = (ended, ended.Completion);
    }
}
