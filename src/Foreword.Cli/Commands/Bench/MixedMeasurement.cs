using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Foreword.Cli.Commands.Bench;

/// <summary>The memory and threads of this process.</summary>
/// <param name="Bytes">The memory in bytes that is in use, as the system counts it, after unused objects were collected.</param>
/// <param name="Threads">The number of threads, without those of the thread pool, which come and go. The runtime starts and ends a few others itself.</param>
internal readonly record struct ProcessSize(long Bytes, int Threads)
{
    /// <summary>Measures now.</summary>
    public static ProcessSize Measure()
    {
        for (int i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        using Process self = Process.GetCurrentProcess();
        return new ProcessSize(self.WorkingSet64, self.Threads.Count - ThreadPool.ThreadCount);
    }
}

/// <summary>The result of a mixture of requests, with the size of the process if the server runs in it.</summary>
/// <param name="Counts">What became of the requests.</param>
/// <param name="Seconds">The time of all requests.</param>
/// <param name="Early">The number of requests before the second of the sizes.</param>
/// <param name="Sizes">The sizes before the requests, after <paramref name="Early"/> of them, and at the end; null if the server runs elsewhere.</param>
internal sealed record MixedMeasurement(MixedCounts Counts, double Seconds, int Early, (ProcessSize Before, ProcessSize Early, ProcessSize End)? Sizes)
{
    /// <summary>The number of requests before memory is expected to stay the same.</summary>
    private const int Settled = 1000;

    /// <summary>Gets whether every request that was not aborted got the answer that it gets alone.</summary>
    public bool IsRight => Counts.Lost == 0 && Counts.Wrong == 0;

    /// <summary>Asks each request alone, and then sends the mixture.</summary>
    /// <param name="generator">The connection to the server.</param>
    /// <param name="clients">The number of requests at a time.</param>
    /// <param name="requests">The number of requests.</param>
    /// <param name="seed">The seed of prompts and times.</param>
    /// <param name="isOwn">Whether the server runs in this process.</param>
    /// <param name="cancellationToken">Ends the measurement.</param>
    /// <exception cref="InvalidDataException">A request got no answer alone, or two different ones.</exception>
    public static async Task<MixedMeasurement> MeasureAsync(LoadGenerator generator, int clients, int requests, int seed, bool isOwn, CancellationToken cancellationToken)
    {
        MixedLoad load = new(generator.Client, MixedRequests.Create(generator.Model, generator.Vocabulary, seed));
        await load.AskAloneAsync(cancellationToken).ConfigureAwait(false);
        ProcessSize before = ProcessSize.Measure(), settled = before;
        int early = Math.Min(Settled, (requests + 1) / 2);
        long start = Stopwatch.GetTimestamp();
        MixedCounts counts = await load.RunAsync(clients, requests, seed, early, () => settled = ProcessSize.Measure(), cancellationToken).ConfigureAwait(false);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new MixedMeasurement(counts, seconds, early, isOwn ? (before, settled, ProcessSize.Measure()) : null);
    }

    /// <summary>Returns the figures as lines.</summary>
    public IEnumerable<string> Lines()
    {
        yield return string.Create(CultureInfo.InvariantCulture, $"{Counts.Requests:N0} mixed requests from {Counts.Clients:N0} clients in {Seconds:N1} s");
        yield return string.Create(CultureInfo.InvariantCulture, $"answered as alone {Counts.Answered:N0}, aborted {Counts.Aborted:N0}, lost {Counts.Lost:N0}, wrong {Counts.Wrong:N0}");
        if (Sizes is not var (before, settled, end))
            yield break;
        yield return string.Create(CultureInfo.InvariantCulture, $"memory {settled.Bytes / 1e6:N1} MB after {Early:N0} requests, {end.Bytes / 1e6:N1} MB at the end ({100.0 * (end.Bytes - settled.Bytes) / settled.Bytes:+0.0;-0.0;0.0} %)");
        yield return string.Create(CultureInfo.InvariantCulture, $"threads {before.Threads} before, {end.Threads} at the end, without the thread pool");
    }

    /// <summary>Writes the figures; memory is in bytes.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteNumber("clients", Counts.Clients);
        json.WriteNumber("requests", Counts.Requests);
        json.WriteNumber("answered", Counts.Answered);
        json.WriteNumber("aborted", Counts.Aborted);
        json.WriteNumber("lost", Counts.Lost);
        json.WriteNumber("wrong", Counts.Wrong);
        json.WriteNumber("duration", Seconds);
        if (Sizes is not var (before, settled, end))
            return;
        json.WriteNumber("early_requests", Early);
        json.WriteNumber("early_memory", settled.Bytes);
        json.WriteNumber("final_memory", end.Bytes);
        json.WriteNumber("threads_before", before.Threads);
        json.WriteNumber("threads_after", end.Threads);
    }
}
