namespace Foreword.Cpu.Scheduling;

/// <summary>Limits of a <see cref="Scheduler"/>.</summary>
internal sealed record SchedulerOptions
{
    /// <summary>Gets the largest number of sequences that are written at a time, 1 or more. Others wait in the queue.</summary>
    public int MaxSequences { get; init; } = 64;

    /// <summary>Gets the largest number of jobs that wait, 0 or more. Further jobs are refused.</summary>
    public int MaxQueue { get; init; } = 256;

    /// <summary>Gets the memory of the prefix cache in bytes; 0 turns it off.</summary>
    public long CacheMemory { get; init; } = 1L << 30;
}
