using System.Buffers.Binary;
using System.Diagnostics;
using CsCheck;
using Foreword.Weights;
using Foreword.Weights.Catalog;
using Foreword.Weights.OpenAi;

namespace Foreword.Tests;

/// <summary>
/// Opens and reads models whose files were damaged at random: bytes are changed, removed or doubled, lengths are overwritten, or the file is
/// cut off. A reader must return tensors and tokenizer, or throw an <see cref="InvalidDataException"/> or <see cref="NotSupportedException"/>
/// whose message begins with the path. It must use little memory.
/// </summary>
internal sealed class ModelFuzz : IDisposable
{
    /// <summary>Bytes of memory that opening any model may use, regardless of its size.</summary>
    private const long FreeBytes = 512 << 10;

    private static readonly ulong[] Numbers = [0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, int.MaxValue, 0x8000_0000, uint.MaxValue, long.MaxValue, ulong.MaxValue];

    private readonly TemporaryDirectory _directory = new();
    private readonly (string Path, byte[] Bytes)[] _mutable;
    private readonly string _model;
    private readonly long _size;
    private readonly float[] _buffer = new float[4096];
    private int? _damaged;

    /// <param name="source">A model directory or file.</param>
    /// <param name="mutable">Names of the files to damage; empty for a model that is one file.</param>
    public ModelFuzz(string source, params string[] mutable)
    {
        string target = _directory.File("model");
        if (File.Exists(source))
        {
            File.Copy(source, target);
            mutable = [""];
        }
        else
        {
            Directory.CreateDirectory(target);
            foreach (string file in Directory.GetFiles(source))
                File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        }

        _model = target;
        _mutable = [.. mutable.Select(name => Path.Combine(target, name).TrimEnd('/')).Select(path => (path, File.ReadAllBytes(path)))];
        _size = File.Exists(target) ? new FileInfo(target).Length : Directory.GetFiles(target).Sum(file => new FileInfo(file).Length);
    }

    /// <summary>Gets the number of models that were refused. <see cref="Read"/> counts those that were read despite the damage.</summary>
    public int Refused { get; private set; }

    public int Read { get; private set; }

    /// <summary>Gets the longest time that one model took.</summary>
    public TimeSpan Slowest { get; private set; }

    /// <summary>Gets the largest memory use of one model, divided by its size on disk.</summary>
    public double LargestAllocation { get; private set; }

    /// <summary>Gets a generator of one to four damages of one file.</summary>
    private Gen<(int File, Damage[] Damages)> Damages => Gen.Select(
        Gen.Int[0, _mutable.Length - 1],
        Gen.Select(Gen.Int[0, 3], Gen.Double[0, 1], Gen.Int[0, 6], Gen.Byte, Gen.Int[0, Numbers.Length - 1]).Select((region, place, kind, value, number) => new Damage(region, place, kind, value, Numbers[number])).Array[1, 4]);

    public void Run(long iterations, string? seed = null) => Damages.Sample(Try, iter: iterations, threads: 1, seed: seed);

    public void Dispose() => _directory.Dispose();

    private void Try((int File, Damage[] Damages) what)
    {
        (string path, byte[] original) = _mutable[what.File];
        byte[] bytes = what.Damages.Aggregate(original, (current, damage) => damage.Apply(current));
        if (path.EndsWith(".index", StringComparison.Ordinal))
            FixChecksums(bytes);
        if (_damaged is { } other && other != what.File)
            Replace(_mutable[other].Path, _mutable[other].Bytes);
        _damaged = what.File;
        Replace(path, bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        try
        {
            ReadAll();
            Read++;
        }
        catch (Exception problem) when (problem is InvalidDataException or NotSupportedException)
        {
            if (!problem.Message.StartsWith(_model, StringComparison.Ordinal))
                throw new InvalidOperationException($"the message does not begin with the path: {problem.Message}", problem);
            Refused++;
        }

        TimeSpan time = Stopwatch.GetElapsedTime(start);
        double allocated = (double)(GC.GetAllocatedBytesForCurrentThread() - before - FreeBytes) / _size;
        Slowest = time > Slowest ? time : Slowest;
        LargestAllocation = Math.Max(LargestAllocation, allocated);
        if (allocated > 10)
            throw new InvalidOperationException($"opening a model of {_size} bytes took {allocated:F1} times as much memory");
    }

    /// <summary>Deletes the file before writing it. If a file is truncated and rewritten, file systems flush it to disk, which is slow.</summary>
    private static void Replace(string path, byte[] bytes)
    {
        File.Delete(path);
        File.WriteAllBytes(path, bytes);
    }

    private void ReadAll()
    {
        using ModelWeights model = WeightsCatalog.Open(_model);
        if (model.HasTokenizer)
            ModelDirectory.LoadTokenizer(model.Path);
        foreach (WeightTensor tensor in model.Tensors)
        {
            for (long first = 0; first < tensor.ElementCount; first += _buffer.Length)
                tensor.Read(first, _buffer.AsSpan(0, (int)Math.Min(_buffer.Length, tensor.ElementCount - first)));
        }
    }

    /// <summary>
    /// Recomputes the checksums of the blocks of a damaged table, so that the code after the checksum test is reached. The blocks follow each
    /// other.
    /// </summary>
    private static void FixChecksums(byte[] table)
    {
        if (table.Length < 48)
            return;
        try
        {
            ReadOnlySpan<byte> footer = table.AsSpan(table.Length - 48);
            ulong metaOffset = ProtoReader.Varint(ref footer), metaLength = ProtoReader.Varint(ref footer), offset = ProtoReader.Varint(ref footer), length = ProtoReader.Varint(ref footer);
            Fix(metaOffset, metaLength);
            ReadOnlySpan<byte> index = table.AsSpan(checked((int)offset), checked((int)length));
            ReadOnlySpan<byte> rest = index[..^(4 + 4 * (int)BinaryPrimitives.ReadUInt32LittleEndian(index[^4..]))];
            while (!rest.IsEmpty)
            {
                _ = ProtoReader.Varint(ref rest);
                ulong own = ProtoReader.Varint(ref rest), size = ProtoReader.Varint(ref rest);
                ReadOnlySpan<byte> handle = rest[(int)own..][..(int)size];
                rest = rest[(int)(own + size)..];
                Fix(ProtoReader.Varint(ref handle), ProtoReader.Varint(ref handle));
            }

            Fix(offset, length);
        }
        catch (Exception problem) when (problem is InvalidDataException or ArgumentException or OverflowException)
        {
            // The table cannot be repaired.
        }

        void Fix(ulong offset, ulong length)
        {
            int start = checked((int)offset), end = checked((int)(offset + length));
            BinaryPrimitives.WriteUInt32LittleEndian(table.AsSpan(end + 1), Crc32C.Mask(Crc32C.Append(0, table.AsSpan(start, end + 1 - start))));
        }
    }

    /// <summary>One change to a file.</summary>
    /// <param name="Region">0 for the first 4 KiB, 1 for the last 4 KiB, otherwise the whole file.</param>
    /// <param name="Place">Position in the region, 0 to 1.</param>
    /// <param name="Kind">Kind of change, 0 to 6.</param>
    /// <param name="Value">A byte used by the change.</param>
    /// <param name="Number">A number used by the change.</param>
    private sealed record Damage(int Region, double Place, int Kind, byte Value, ulong Number)
    {
        public byte[] Apply(byte[] bytes)
        {
            if (bytes.Length < 16)
                return bytes;
            int length = Region < 2 ? Math.Min(bytes.Length, 4096) : bytes.Length;
            int at = Math.Min((Region == 1 ? bytes.Length - length : 0) + (int)(Place * length), bytes.Length - 9);
            switch (Kind)
            {
                case 0:
                    return [.. bytes.AsSpan(0, at), Value, .. bytes.AsSpan(at + 1)];
                case 1:
                    return [.. bytes.AsSpan(0, at), (byte)(bytes[at] ^ (1 << (Value & 7))), .. bytes.AsSpan(at + 1)];
                case 2:
                    return [.. bytes.AsSpan(0, at), Value, .. bytes.AsSpan(at)];
                case 3:
                    return [.. bytes.AsSpan(0, at), .. bytes.AsSpan(at + 1 + Value % 8)];
                case 4:
                    byte[] wide = [.. bytes];
                    if (Value % 2 == 0)
                        BinaryPrimitives.WriteUInt32LittleEndian(wide.AsSpan(at), (uint)Number);
                    else
                        BinaryPrimitives.WriteUInt64LittleEndian(wide.AsSpan(at), Number);
                    return wide;
                case 5 when Value < 64: // a truncated file is refused early, so this is rarer
                    return bytes[..at];
                default:
                    int count = Math.Min(1 + Value, bytes.Length - at);
                    return [.. bytes.AsSpan(0, at + count), .. bytes.AsSpan(at)];
            }
        }

        public override string ToString() => $"region {Region}, place {Place}, kind {Kind}, value {Value}, number {Number}";
    }
}
