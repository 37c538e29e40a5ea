using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Foreword.IO;

namespace Foreword.Weights.Gguf;

/// <summary>
/// Collects metadata and tensors, and then streams them into a little-endian GGUF file of version 3 (ggml/docs/gguf.md). Metadata is held in memory
/// as bytes. Each tensor is read only when it is written.
/// </summary>
internal sealed class GgufWriter
{
    private readonly ArrayBufferWriter<byte> _metadata = new();
    private readonly List<WrittenTensor<GgmlType>> _tensors = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly HashSet<string> _keys = new(StringComparer.Ordinal);

    /// <summary>Adds a number of type UINT32.</summary>
    /// <exception cref="ArgumentException">The file already has the key. The other overloads throw in the same case.</exception>
    public void Add(string key, uint value)
    {
        BeginValue(key, GgufType.UInt32);
        Number(_metadata, value);
    }

    /// <summary>Adds a number of type FLOAT32.</summary>
    public void Add(string key, float value)
    {
        BeginValue(key, GgufType.Float32);
        Number(_metadata, BitConverter.SingleToUInt32Bits(value));
    }

    /// <summary>Adds a BOOL.</summary>
    public void Add(string key, bool value)
    {
        BeginValue(key, GgufType.Bool);
        _metadata.Write([value ? (byte)1 : (byte)0]);
    }

    /// <summary>Adds a STRING.</summary>
    public void Add(string key, string value)
    {
        BeginValue(key, GgufType.String);
        Text(_metadata, value);
    }

    /// <summary>Adds an ARRAY of STRING.</summary>
    public void Add(string key, IReadOnlyCollection<string> values)
    {
        BeginArray(key, GgufType.String, values.Count);
        foreach (string value in values)
            Text(_metadata, value);
    }

    /// <summary>Adds an ARRAY of INT32.</summary>
    public void Add(string key, IReadOnlyCollection<int> values)
    {
        BeginArray(key, GgufType.Int32, values.Count);
        foreach (int value in values)
            Number(_metadata, (uint)value);
    }

    /// <summary>Adds a tensor. Its bytes are written later, when <see cref="Save"/> calls <paramref name="write"/>.</summary>
    /// <param name="name">The name, at most 63 bytes in UTF-8 (GGML_MAX_NAME).</param>
    /// <param name="type">The element type.</param>
    /// <param name="shape">
    /// The shape, row-major (the dimension with the longest stride first), as everywhere in Foreword. The file lists it in reverse order.
    /// </param>
    /// <param name="write">Writes exactly the number of bytes that follows from the shape and the element type.</param>
    /// <exception cref="ArgumentException">The name is taken or too long, or the rows are not whole blocks.</exception>
    public void AddTensor(string name, GgmlType type, long[] shape, Action<Stream> write)
    {
        if (Encoding.UTF8.GetByteCount(name) >= GgufLayout.MaxName)
            throw new ArgumentException($"a tensor cannot be named '{name}': {GgufLayout.MaxName - 1} bytes at most", nameof(name));
        if (GgufLayout.ByteCount(type, shape) is not { } length)
            throw new ArgumentException($"tensor '{name}' cannot have the shape {TensorInfo.Format(shape)} as {type}", nameof(shape));
        if (!_names.Add(name))
            throw new ArgumentException($"the file already has a tensor '{name}'", nameof(name));
        _tensors.Add(new WrittenTensor<GgmlType>(name, type, type.ToString(), shape, length, write));
    }

    /// <summary>
    /// Writes a temporary file in the same directory, forces it to the disk and renames it to <paramref name="path"/>. If that fails, the file that
    /// was there before remains.
    /// </summary>
    /// <exception cref="ArgumentException">A tensor wrote more or fewer bytes than its shape and element type need.</exception>
    public void Save(string path)
    {
        byte[] header = Header();
        DurableFile.Replace(path, stream =>
        {
            stream.Write(header);
            foreach (WrittenTensor<GgmlType> tensor in _tensors)
            {
                tensor.WriteTo(stream);
                stream.Write(Padding(stream.Position));
            }
        });
    }

    private byte[] Header()
    {
        ArrayBufferWriter<byte> header = new();
        header.Write(GgufLayout.Magic);
        Number(header, GgufLayout.Version);
        Number(header, (ulong)_tensors.Count);
        Number(header, (ulong)_keys.Count);
        header.Write(_metadata.WrittenSpan);
        long offset = 0;
        foreach (WrittenTensor<GgmlType> tensor in _tensors)
        {
            Text(header, tensor.Name);
            Number(header, (uint)tensor.Shape.Length);
            foreach (long size in tensor.Shape.Reverse())
                Number(header, (ulong)size);
            Number(header, (uint)tensor.Type);
            Number(header, (ulong)offset);
            offset = GgufLayout.Align(offset + tensor.Length, GgufLayout.DefaultAlignment);
        }

        header.Write(Padding(header.WrittenCount));
        return header.WrittenSpan.ToArray();
    }

    private void BeginArray(string key, GgufType type, int count)
    {
        BeginValue(key, GgufType.Array);
        Number(_metadata, (uint)type);
        Number(_metadata, (ulong)count);
    }

    private void BeginValue(string key, GgufType type)
    {
        if (!_keys.Add(key))
            throw new ArgumentException($"the file already has a value '{key}'", nameof(key));
        Text(_metadata, key);
        Number(_metadata, (uint)type);
    }

    private static ReadOnlySpan<byte> Padding(long position) => new byte[GgufLayout.Align(position, GgufLayout.DefaultAlignment) - position];

    private static void Text(ArrayBufferWriter<byte> output, string text)
    {
        Number(output, (ulong)Encoding.UTF8.GetByteCount(text));
        Encoding.UTF8.GetBytes(text, output);
    }

    private static void Number(ArrayBufferWriter<byte> output, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(output.GetSpan(sizeof(uint)), value);
        output.Advance(sizeof(uint));
    }

    private static void Number(ArrayBufferWriter<byte> output, ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(output.GetSpan(sizeof(ulong)), value);
        output.Advance(sizeof(ulong));
    }
}
