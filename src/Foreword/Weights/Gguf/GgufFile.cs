using System.Numerics;
using Foreword.IO;

namespace Foreword.Weights.Gguf;

/// <summary>Describes a tensor of a GGUF file.</summary>
/// <param name="Name">The name.</param>
/// <param name="Type">The element type.</param>
/// <param name="Shape">The shape, row-major, as everywhere in Foreword. The file lists the dimensions in reverse order.</param>
/// <param name="Offset">The offset of the first byte from the start of the file.</param>
/// <param name="Length">The number of bytes.</param>
internal sealed record GgufTensor(string Name, GgmlType Type, long[] Shape, long Offset, long Length);

/// <summary>
/// A little-endian GGUF file of version 2 or 3 (ggml/docs/gguf.md): metadata, the list of tensors and their bytes. The whole header is checked when
/// the file is opened, so every listed tensor can be read.
/// </summary>
internal sealed class GgufFile
{
    private const int LeastMetadata = 8 + 1 + 4 + 1; // key length, a key of one byte, value type, a value of one byte
    private const int LeastTensor = 8 + 1 + 4 + 8 + 4 + 8; // name length, a name of one byte, number of dimensions, one dimension, type, offset

    private readonly Dictionary<string, GgufValue> _metadata;

    private GgufFile(MappedFile file, Dictionary<string, GgufValue> metadata, IReadOnlyDictionary<string, GgufTensor> tensors) =>
        (File, _metadata, Tensors) = (file, metadata, tensors);

    /// <summary>Gets the mapped file.</summary>
    public MappedFile File { get; }

    /// <summary>Gets the tensors by name, in the order of the file.</summary>
    public IReadOnlyDictionary<string, GgufTensor> Tensors { get; }

    /// <summary>Reads and checks the header.</summary>
    /// <exception cref="InvalidDataException">
    /// The file is damaged or not supported. The message is one sentence with the path and the problem.
    /// </exception>
    public static GgufFile Read(MappedFile file)
    {
        GgufReader reader = new(file);
        reader.Skip(GgufLayout.Magic.Length, "the magic number");
        if (!file.Bytes(0, GgufLayout.Magic.Length).SequenceEqual(GgufLayout.Magic))
            throw new InvalidDataException($"{file.Path}: not a GGUF file");
        uint version = reader.UInt32("the version");
        if (version is not (2 or GgufLayout.Version))
        {
            throw new InvalidDataException(System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(version) is 2 or GgufLayout.Version
                ? $"{file.Path}: a big-endian GGUF file, which is not supported"
                : $"{file.Path}: version {version} of GGUF is not supported, only 2 and 3");
        }

        int tensorCount = reader.Count("the number of tensors", LeastTensor);
        int valueCount = reader.Count("the number of metadata values", LeastMetadata);
        Dictionary<string, GgufValue> metadata = new(valueCount, StringComparer.Ordinal);
        for (int i = 0; i < valueCount; i++)
        {
            long at = reader.Position;
            string key = reader.Name("a metadata key");
            if (!metadata.TryAdd(key, GgufValue.Read(reader, key)))
                throw reader.Broken(at, $"'{key}' occurs twice");
        }

        long alignment = metadata.TryGetValue("general.alignment", out GgufValue value) ? value.AsInteger(file) ?? 0 : GgufLayout.DefaultAlignment;
        if (alignment is < 1 or > int.MaxValue || !BitOperations.IsPow2(alignment))
            throw new InvalidDataException($"{file.Path}: general.alignment is not a power of two");
        return new GgufFile(file, metadata, ReadTensors(file, reader, tensorCount, alignment));
    }

    /// <summary>Returns a metadata value that must exist.</summary>
    /// <param name="key">The key.</param>
    /// <param name="kind">The required kind of value, for messages, such as "a whole number".</param>
    /// <param name="read">Converts the value, or returns null if the value is of another kind.</param>
    /// <exception cref="InvalidDataException">The key is missing, or the value is of another kind.</exception>
    public T Required<T>(string key, string kind, Func<GgufValue, T?> read) where T : struct =>
        Optional(key, kind, read) ?? throw new InvalidDataException($"{File.Path}: the metadata value '{key}' is missing");

    /// <summary>Returns a metadata value, or null if the key is missing.</summary>
    /// <param name="key">The key.</param>
    /// <param name="kind">The required kind of value, for messages, such as "a whole number".</param>
    /// <param name="read">Converts the value, or returns null if the value is of another kind.</param>
    /// <exception cref="InvalidDataException">The value is of another kind.</exception>
    public T? Optional<T>(string key, string kind, Func<GgufValue, T?> read) where T : struct =>
        _metadata.TryGetValue(key, out GgufValue value) ? read(value) ?? throw OfOtherKind(key, kind) : null;

    /// <summary>Returns the text of a key, or null if the key is missing.</summary>
    /// <exception cref="InvalidDataException">The value is not text.</exception>
    public string? Text(string key) => _metadata.TryGetValue(key, out GgufValue value) ? value.AsText(File, key) ?? throw OfOtherKind(key, "a text") : null;

    /// <summary>Returns the array of a key, or null if the key is missing.</summary>
    /// <param name="key">The key.</param>
    /// <param name="kind">The required kind of array, for messages, such as "an array of INT32".</param>
    /// <param name="read">Converts the value, or returns null if the value is of another kind.</param>
    /// <exception cref="InvalidDataException">The value is of another kind.</exception>
    public T? Array<T>(string key, string kind, Func<GgufValue, T?> read) where T : class =>
        _metadata.TryGetValue(key, out GgufValue value) ? read(value) ?? throw OfOtherKind(key, kind) : null;

    private InvalidDataException OfOtherKind(string key, string kind) => new($"{File.Path}: the metadata value '{key}' is not {kind}");

    private static Dictionary<string, GgufTensor> ReadTensors(MappedFile file, GgufReader reader, int count, long alignment)
    {
        List<(string Name, GgmlType Type, long[] Shape, long Offset)> listed = new(count);
        for (int i = 0; i < count; i++)
            listed.Add(ReadTensor(reader));
        long data = GgufLayout.Align(reader.Position, alignment);
        long expected = 0;
        Dictionary<string, GgufTensor> tensors = new(count, StringComparer.Ordinal);
        foreach ((string name, GgmlType type, long[] shape, long offset) in listed)
        {
            long length = GgufLayout.ByteCount(type, shape)
                ?? throw Broken($"has the shape {TensorInfo.Format(shape)}, which {type} cannot have");
            if (offset != expected)
                throw Broken($"begins at byte {offset} of the data; the tensors before it end at {expected}");
            if (data > file.Length || offset > file.Length - data || length > file.Length - data - offset)
                throw Broken($"needs {length} bytes from byte {offset} of the data on, but the file ends before");
            if (!tensors.TryAdd(name, new GgufTensor(name, type, shape, data + offset, length)))
                throw Broken("occurs twice");
            expected = GgufLayout.Align(offset + length, alignment);

            InvalidDataException Broken(string fault) => new($"{file.Path}: tensor '{name}' {fault}");
        }

        return tensors;
    }

    private static (string Name, GgmlType Type, long[] Shape, long Offset) ReadTensor(GgufReader reader)
    {
        string name = reader.Name("a tensor's name");
        long at = reader.Position;
        uint dimensions = reader.UInt32($"the number of dimensions of '{name}'");
        if (dimensions is 0 or > GgufLayout.MaxDimensions)
            throw reader.Broken(at, $"tensor '{name}' has {dimensions} dimensions; 1 to {GgufLayout.MaxDimensions} are possible");
        long[] shape = new long[dimensions];
        for (int i = shape.Length - 1; i >= 0; i--)
            shape[i] = Number($"the shape of '{name}'");
        at = reader.Position;
        uint type = reader.UInt32($"the type of '{name}'");
        if (!Enum.IsDefined((GgmlType)type))
            throw reader.Broken(at, $"tensor '{name}' has the element type {type}; supported: {string.Join(", ", Enum.GetValues<GgmlType>().Select(known => $"{known} ({(int)known})"))}");
        return (name, (GgmlType)type, shape, Number($"the place of '{name}'"));

        long Number(string what)
        {
            long position = reader.Position;
            ulong number = reader.UInt64(what);
            return number <= long.MaxValue / 2 ? (long)number : throw reader.Broken(position, $"{what} is {number}, more than a file can hold");
        }
    }
}
