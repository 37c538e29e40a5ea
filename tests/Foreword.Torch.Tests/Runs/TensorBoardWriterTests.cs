using Foreword.Torch.Runs;

namespace Foreword.Torch.Tests.Runs;

public class TensorBoardWriterTests
{
    /// <summary>Checks the test's own reader with the standard check value of CRC-32C.</summary>
    [Fact]
    public void TheReadersChecksumIsCrc32C() => Assert.Equal(0xE3069283u, EventFile.Crc32C("123456789"u8));

    [Fact]
    public void EachScalarIsReadBackWithTagStepValueAndWallTime()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        StoppedClock clock = new() { Now = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_250) };
        using (TensorBoardWriter writer = new(directory.Path, clock))
        {
            writer.Write(1, ("train/loss", 8.5), ("train/learning_rate", 1e-4));
            clock.Now = clock.Now.AddSeconds(2);
            writer.Write(70_000, ("eval/loss", double.PositiveInfinity));
        }

        string path = Assert.Single(EventFile.In(directory.Path));
        Assert.StartsWith($"events.out.tfevents.1700000000.{Environment.MachineName}.", Path.GetFileName(path));
        List<EventFile.Entry> entries = EventFile.Read(path);
        Assert.Equal(3, entries.Count);
        Assert.Equal(("brain.Event:2", 1_700_000_000.25), (entries[0].FileVersion, entries[0].WallTime));
        Assert.Equal((1, 1_700_000_000.25), (entries[1].Step, entries[1].WallTime));
        Assert.Equal(new Dictionary<string, float> { ["train/loss"] = 8.5f, ["train/learning_rate"] = 1e-4f }, entries[1].Scalars);
        Assert.Equal((70_000, 1_700_000_002.25), (entries[2].Step, entries[2].WallTime));
        Assert.Equal(float.PositiveInfinity, entries[2].Scalars["eval/loss"]);
    }

    [Fact]
    public void WhatIsWrittenIsInTheFileAtOnce()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        using TensorBoardWriter writer = new(directory.Path, TimeProvider.System);
        writer.Write(1, ("a", 1));
        Assert.Equal(2, EventFile.Read(Assert.Single(EventFile.In(directory.Path))).Count);
    }

    /// <summary>TensorBoard reads files in the order of their names. A run that is resumed within the same second must sort after the first.</summary>
    [Fact]
    public void AResumedRunWritesALaterFileThatTellsTensorBoardWhatToForget()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        StoppedClock clock = new() { Now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000) };
        using (TensorBoardWriter first = new(directory.Path, clock))
            first.Write(5, ("a", 1));
        clock.Now = clock.Now.AddSeconds(-100); // the clock was set back in between
        using (TensorBoardWriter second = new(directory.Path, clock, purgeFrom: 4))
            second.Write(4, ("a", 2));

        string[] files = EventFile.In(directory.Path);
        Assert.Equal(2, files.Length);
        List<EventFile.Entry> resumed = EventFile.Read(files[1]);
        Assert.Equal(["brain.Event:2", null, null], resumed.Select(entry => entry.FileVersion));
        Assert.Equal((true, 4L), (resumed[1].SessionStart, resumed[1].Step));
        Assert.Equal(2f, resumed[2].Scalars["a"]);
        Assert.DoesNotContain(EventFile.Read(files[0]), entry => entry.SessionStart);
    }

    private sealed class StoppedClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
