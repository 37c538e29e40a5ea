using System.Buffers.Binary;
using System.Numerics;
using Google.Protobuf;
using Tensorboard;

namespace Foreword.Torch.Runs;

/// <summary>
/// Writes scalars to one TensorBoard event file. TorchSharp includes the protocol buffers, but its SummaryWriter is not used. It writes
/// wall times in ticks instead of seconds since 1970, reopens the file for each scalar, and cannot record that a run was resumed.
/// </summary>
/// <remarks>
/// The file is a sequence of TFRecords: length (8 bytes, little-endian), masked CRC-32C of the length, the event, masked
/// CRC-32C of the event (tensorflow/core/lib/io/record_writer.h).
/// </remarks>
internal sealed class TensorBoardWriter : IDisposable
{
    private const string Prefix = "events.out.tfevents.";

    private readonly FileStream _file;
    private readonly TimeProvider _clock;

    /// <summary>Creates a new file in the directory.</summary>
    /// <param name="directory">The run directory, which exists.</param>
    /// <param name="clock">Clock of the wall times.</param>
    /// <param name="purgeFrom">First step of a resumed run, or null. TensorBoard then ignores this and later steps in older files.</param>
    public TensorBoardWriter(string directory, TimeProvider clock, int? purgeFrom = null)
    {
        this._clock = clock;
        _file = new FileStream(NewPath(directory), FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        Write(new Event { FileVersion = "brain.Event:2" });
        if (purgeFrom is { } step)
            Write(new Event { Step = step, SessionLog = new SessionLog { Status = SessionLog.Types.SessionStatus.Start } });
    }

    /// <summary>Adds one point to each of the curves, and passes the points to the operating system immediately.</summary>
    public void Write(int step, params ReadOnlySpan<(string Tag, double Value)> scalars)
    {
        Summary summary = new();
        foreach ((string tag, double value) in scalars)
            summary.Value.Add(new Summary.Types.Value { Tag = tag, SimpleValue = (float)value });
        Write(new Event { Step = step, Summary = summary });
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>
    /// Returns the path of a new file. TensorBoard reads the files of a directory in the order of their names, so each name begins with a
    /// later second than those of existing files.
    /// </summary>
    private string NewPath(string directory)
    {
        long seconds = _clock.GetUtcNow().ToUnixTimeSeconds();
        foreach (string older in Directory.EnumerateFiles(directory, Prefix + "*"))
        {
            string rest = Path.GetFileName(older)[Prefix.Length..];
            if (long.TryParse(rest.Split('.')[0], out long earlier))
                seconds = Math.Max(seconds, earlier + 1);
        }

        return Path.Combine(directory, $"{Prefix}{seconds:D10}.{Environment.MachineName}.{Environment.ProcessId}");
    }

    private void Write(Event entry)
    {
        entry.WallTime = (_clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;
        byte[] data = entry.ToByteArray();
        byte[] record = new byte[12 + data.Length + 4];
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(8), MaskedCrc(record.AsSpan(0, 8)));
        data.CopyTo(record, 12);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(12 + data.Length), MaskedCrc(data));
        _file.Write(record); // a single write, so that a killed process leaves at most one incomplete record at the end
    }

    /// <summary>
    /// Computes a masked CRC-32C: rotated by 15 bits plus a constant (tensorflow/core/lib/hash/crc32c.h), so that a checksum of checksums
    /// stays useful.
    /// </summary>
    private static uint MaskedCrc(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte one in data)
            crc = BitOperations.Crc32C(crc, one);
        return BitOperations.RotateRight(~crc, 15) + 0xa282ead8u;
    }
}
