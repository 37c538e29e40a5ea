using Foreword.Cpu.Scheduling;
using Foreword.Generation;

namespace Foreword.Cpu.Tests.Scheduling;

public sealed class FairQueueTests
{
    [Fact]
    public void ClientsTakeTurns()
    {
        FairQueue queue = new();
        foreach (string client in (string[])["a", "a", "a", "b", "c", "b"])
            queue.Add(Job(client));
        Assert.Equal("abcaba", string.Concat(Enumerable.Range(0, 6).Select(_ => queue.TryTake(1)!.Client)));
        Assert.Null(queue.TryTake(1));
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public void AJobThatNeedsMoreRoomIsNotOvertaken()
    {
        FairQueue queue = new();
        queue.Add(Job("a", samples: 3));
        queue.Add(Job("b"));
        Assert.Null(queue.TryTake(2));
        Assert.Equal("a", queue.TryTake(3)!.Client);
        Assert.Equal("b", queue.TryTake(1)!.Client);
    }

    [Fact]
    public void CanceledJobsLeave()
    {
        using CancellationTokenSource source = new();
        FairQueue queue = new();
        queue.Add(Job("a"));
        queue.Add(Job("a", cancellationToken: source.Token));
        queue.Add(Job("b", cancellationToken: source.Token));
        source.Cancel();
        Assert.Equal(2, queue.TakeCanceled().Count);
        Assert.Equal(1, queue.Count);
        Assert.Equal("a", queue.TryTake(1)!.Client);
        Assert.Null(queue.TryTake(1));
    }

    private static GenerationJob Job(string client, int samples = 1, CancellationToken cancellationToken = default) =>
        new() { Prompt = [0], Options = new SamplingOptions(), Client = client, Samples = samples, CancellationToken = cancellationToken };
}
