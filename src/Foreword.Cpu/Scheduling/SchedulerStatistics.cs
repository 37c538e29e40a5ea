namespace Foreword.Cpu.Scheduling;

/// <summary>Counts what a scheduler has done since it started, and what it holds. The scheduler writes the numbers; other threads may read them at any time.</summary>
internal sealed class SchedulerStatistics
{
    private long _promptTokens, _generatedTokens, _cachedTokens, _passes, _ticks;
    private int _waiting, _running, _cachePages;

    /// <summary>Gets the number of tokens of prompts that were read.</summary>
    public long PromptTokens => Interlocked.Read(ref _promptTokens);

    /// <summary>Gets the number of tokens that were read after they had been drawn.</summary>
    public long GeneratedTokens => Interlocked.Read(ref _generatedTokens);

    /// <summary>Gets the number of passes.</summary>
    public long Passes => Interlocked.Read(ref _passes);

    /// <summary>Gets the time of all passes.</summary>
    public TimeSpan PassTime => new(Interlocked.Read(ref _ticks));

    /// <summary>Gets or sets the number of tokens of prompts that were in the prefix cache.</summary>
    public long CachedTokens
    {
        get => Interlocked.Read(ref _cachedTokens);
        set => Interlocked.Exchange(ref _cachedTokens, value);
    }

    /// <summary>Gets or sets the number of jobs in the queue.</summary>
    public int Waiting
    {
        get => Volatile.Read(ref _waiting);
        set => Volatile.Write(ref _waiting, value);
    }

    /// <summary>Gets or sets the number of sequences that are being read or written.</summary>
    public int Running
    {
        get => Volatile.Read(ref _running);
        set => Volatile.Write(ref _running, value);
    }

    /// <summary>Gets or sets the number of pages in the prefix cache.</summary>
    public int CachePages
    {
        get => Volatile.Read(ref _cachePages);
        set => Volatile.Write(ref _cachePages, value);
    }

    /// <summary>Counts a pass.</summary>
    public void Count(int generated, int prompt, TimeSpan time)
    {
        Interlocked.Add(ref _generatedTokens, generated);
        Interlocked.Add(ref _promptTokens, prompt);
        Interlocked.Increment(ref _passes);
        Interlocked.Add(ref _ticks, time.Ticks);
    }
}
