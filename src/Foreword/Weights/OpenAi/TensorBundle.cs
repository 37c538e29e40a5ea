using System.Globalization;
using Foreword.IO;

namespace Foreword.Weights.OpenAi;

/// <summary>
/// Reads a TensorFlow checkpoint: <c>PREFIX.index</c>, a table from names to <c>BundleEntryProto</c>, and the data files that it refers to
/// (tensorflow/core/util/tensor_bundle).
/// </summary>
internal sealed class TensorBundle
{
    /// <summary>The number of bytes that are added to a checksum before their pages are released.</summary>
    private const int ChunkLength = 1 << 24;

    private readonly string _prefix;
    private readonly OpenFiles _files;
    private readonly Dictionary<int, MappedFile> _shards = [];
    private readonly List<StoredTensor> _tensors = [];
    private int _shardCount;

    private TensorBundle(string prefix, OpenFiles files) => (_prefix, _files) = (prefix, files);

    /// <summary>Gets the tensors, in the order of their names.</summary>
    public IReadOnlyList<StoredTensor> Tensors => _tensors;

    private string IndexPath => _prefix + ".index";

    /// <summary>Opens the index and the data files.</summary>
    /// <exception cref="InvalidDataException">
    /// A file is damaged, or uses an unsupported feature: slices, element types that are not numeric, or big-endian data.
    /// </exception>
    public static TensorBundle Open(string prefix, OpenFiles files)
    {
        TensorBundle bundle = new(prefix, files);
        SortedTable.Read(files.Map(bundle.IndexPath), bundle.Add);
        return bundle._shardCount > 0 ? bundle : throw new InvalidDataException($"{bundle.IndexPath}: the header is missing");
    }

    private void Add(string name, ReadOnlySpan<byte> value)
    {
        if (name.Length == 0)
            ReadHeader(value);
        else if (_shardCount == 0)
            throw new InvalidDataException($"{IndexPath}: the header is missing");
        else
            _tensors.Add(ReadEntry(name, value));
    }

    /// <summary>Reads BundleHeaderProto: num_shards is field 1, endianness is field 2 (0 is little-endian).</summary>
    private void ReadHeader(ReadOnlySpan<byte> value)
    {
        ProtoReader header = new(value);
        ulong shards = 0;
        while (header.Read())
        {
            if (header.Field == 1)
                shards = header.Number;
            else if (header.Field == 2 && header.Number != 0)
                throw new InvalidDataException($"{IndexPath}: the data is big-endian, which is not supported");
        }

        _shardCount = shards is > 0 and <= 99_999 ? (int)shards : throw new InvalidDataException($"{IndexPath}: {shards} data files");
    }

    /// <summary>Reads BundleEntryProto. Its fields: dtype 1, shape 2, shard_id 3, offset 4, size 5, crc32c 6, slices 7.</summary>
    private StoredTensor ReadEntry(string name, ReadOnlySpan<byte> value)
    {
        ProtoReader entry = new(value);
        ulong type = 0, shard = 0, offset = 0, size = 0, crc = 0;
        long[] shape = [];
        while (entry.Read())
        {
            switch (entry.Field)
            {
                case 1:
                    type = entry.Number;
                    break;
                case 2:
                    shape = ReadShape(name, entry.Bytes);
                    break;
                case 3:
                    shard = entry.Number;
                    break;
                case 4:
                    offset = entry.Number;
                    break;
                case 5:
                    size = entry.Number;
                    break;
                case 6:
                    crc = entry.Number;
                    break;
                case 7:
                    throw Broken(name, "is stored in slices, which is not supported");
                default:
                    break;
            }
        }

        TensorDType dtype = DType(type) ?? throw Broken(name, $"has TensorFlow's type {type}, which is not supported");
        if (shard >= (ulong)_shardCount)
            throw Broken(name, $"lies in data file {shard} of {_shardCount}");
        Int128 needed = shape.Aggregate((Int128)dtype.Size(), (product, dimension) => product * dimension);
        if (needed != size)
            throw Broken(name, $"of shape {TensorInfo.Format(shape)} and type {dtype.HeaderName()} needs {needed} bytes, but has {size}");
        MappedFile data = Shard((int)shard);
        if (size > (ulong)data.Length || offset > (ulong)data.Length - size)
            throw Broken(name, $"lies at byte {offset} to {(UInt128)offset + size}, outside {data.Path} of {data.Length}");
        return new StoredTensor(name, dtype, shape, [new StoredElements(data, (long)offset, (long)size / dtype.Size())], check: () => Check(data, name, (long)offset, (long)size, (uint)crc));
    }

    /// <summary>
    /// Reads TensorShapeProto. Its fields: dim 2 (with size 1), unknown_rank 3. Sizes are limited to less than 2^31 and ranks to less than 5, so that
    /// products fit into 128 bits.
    /// </summary>
    private long[] ReadShape(string name, ReadOnlySpan<byte> value)
    {
        List<long> shape = [];
        ProtoReader reader = new(value);
        while (reader.Read())
        {
            if (reader.Field != 2)
                continue;
            ProtoReader dimension = new(reader.Bytes);
            ulong size = 0;
            while (dimension.Read())
                size = dimension.Field == 1 ? dimension.Number : size;
            if (size > int.MaxValue || shape.Count == 4)
                throw Broken(name, size > int.MaxValue ? $"has a dimension of {size}" : "has more than 4 dimensions");
            shape.Add((long)size);
        }

        return [.. shape];
    }

    /// <summary>Returns the element type of a number in tensorflow/core/framework/types.proto, or null if the type is not supported.</summary>
    private static TensorDType? DType(ulong type) => type switch
    {
        1 => TensorDType.F32,
        2 => TensorDType.F64,
        3 => TensorDType.I32,
        9 => TensorDType.I64,
        14 => TensorDType.Bf16,
        19 => TensorDType.F16,
        _ => null,
    };

    private MappedFile Shard(int number)
    {
        if (_shards.TryGetValue(number, out MappedFile? shard))
            return shard;
        string path = string.Create(CultureInfo.InvariantCulture, $"{_prefix}.data-{number:D5}-of-{_shardCount:D5}");
        return _shards[number] = File.Exists(path) ? _files.Map(path) : throw new InvalidDataException($"{IndexPath}: the data file {path} that it needs is missing");
    }

    private static void Check(MappedFile data, string name, long offset, long size, uint wanted)
    {
        uint crc = 0;
        for (long at = 0; at < size; at += ChunkLength)
        {
            int count = (int)Math.Min(ChunkLength, size - at);
            crc = Crc32C.Append(crc, data.Bytes(offset + at, count));
            data.Release(offset + at, count);
        }

        if (Crc32C.Mask(crc) != wanted)
            throw new InvalidDataException($"{data.Path}: tensor '{name}' does not match its checksum");
    }

    private InvalidDataException Broken(string name, string fault) => new($"{IndexPath}: tensor '{name}' {fault}");
}
