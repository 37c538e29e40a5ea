using System.Buffers.Binary;
using System.Text;

namespace Foreword.Torch.Tests.Runs;

/// <summary>
/// Reads TensorBoard event files without code of the writer: TFRecord framing, a simple CRC-32C, and the wire format of the few
/// protocol-buffer fields that event.proto and summary.proto define.
/// </summary>
internal static class EventFile
{
    /// <summary>One event. <c>SessionStart</c> means a SessionLog with status START (1).</summary>
    public sealed record Entry(double WallTime, long Step, string? FileVersion, bool SessionStart, IReadOnlyDictionary<string, float> Scalars);

    public static List<Entry> Read(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        List<Entry> entries = [];
        for (int at = 0; at < file.Length;)
        {
            int length = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at)));
            Assert.Equal(Masked(Crc32C(file.AsSpan(at, 8))), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8)));
            byte[] data = file[(at + 12)..(at + 12 + length)];
            Assert.Equal(Masked(Crc32C(data)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 12 + length)));
            entries.Add(Event(data));
            at += 16 + length;
        }

        return entries;
    }

    public static string[] In(string directory) => [.. Directory.GetFiles(directory, "events.out.tfevents.*").Order(StringComparer.Ordinal)];

    /// <summary>Computes a CRC-32C with Castagnoli's polynomial, reflected, bit by bit.</summary>
    public static uint Crc32C(ReadOnlySpan<byte> data)
    {
        uint crc = ~0u;
        foreach (byte one in data)
        {
            crc ^= one;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) == 0 ? 0 : 0x82F63B78u);
        }

        return ~crc;
    }

    private static uint Masked(uint crc) => ((crc >> 15) | (crc << 17)) + 0xa282ead8u;

    private static Entry Event(byte[] message)
    {
        (double wall, long step, string? version, bool start) = (0, 0, null, false);
        Dictionary<string, float> scalars = [];
        foreach ((int field, byte[] bytes, ulong number) in Fields(message))
        {
            switch (field)
            {
                case 1: wall = BitConverter.UInt64BitsToDouble(number); break;
                case 2: step = (long)number; break;
                case 3: version = Encoding.UTF8.GetString(bytes); break;
                case 5:
                    foreach ((_, byte[] value, _) in Fields(bytes))
                    {
                        Dictionary<int, (byte[] Bytes, ulong Number)> parts = Fields(value).ToDictionary(f => f.Field, f => (f.Bytes, f.Number));
                        scalars.Add(Encoding.UTF8.GetString(parts[1].Bytes), BitConverter.UInt32BitsToSingle((uint)parts[2].Number));
                    }

                    break;
                case 7: start = Fields(bytes).Any(f => f is { Field: 1, Number: 1 }); break;
                default: Assert.Fail($"unexpected field {field}"); break;
            }
        }

        return new Entry(wall, step, version, start, scalars);
    }

    private static IEnumerable<(int Field, byte[] Bytes, ulong Number)> Fields(byte[] message)
    {
        for (int at = 0; at < message.Length;)
        {
            ulong key = Varint(message, ref at);
            switch (key & 7)
            {
                case 0:
                    yield return ((int)(key >> 3), [], Varint(message, ref at));
                    break;
                case 1:
                    yield return ((int)(key >> 3), [], BinaryPrimitives.ReadUInt64LittleEndian(message.AsSpan(at)));
                    at += 8;
                    break;
                case 2:
                    int length = (int)Varint(message, ref at);
                    yield return ((int)(key >> 3), message[at..(at + length)], 0);
                    at += length;
                    break;
                case 5:
                    yield return ((int)(key >> 3), [], BinaryPrimitives.ReadUInt32LittleEndian(message.AsSpan(at)));
                    at += 4;
                    break;
                default:
                    throw new InvalidDataException($"wire type {key & 7}");
            }
        }
    }

    private static ulong Varint(byte[] message, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte one = message[at++];
            value |= (ulong)(one & 0x7f) << shift;
            if (one < 0x80)
                return value;
        }
    }
}
