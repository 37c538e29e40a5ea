using System.Buffers.Binary;
using System.Text.Json;
using Foreword.IO;

namespace Foreword.Weights.HuggingFace;

/// <summary>
/// Collects tensors, and then streams them into a safetensors file in the order in which they were added. Nothing is copied or held in memory. The
/// bytes of each tensor are read only when they are written.
/// </summary>
public sealed class SafetensorsWriter
{
    private readonly List<WrittenTensor<TensorDType>> _entries = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal) { "__metadata__" };

    /// <summary>Adds a tensor. Its bytes are written later, when <see cref="Save"/> calls <paramref name="write"/>.</summary>
    /// <param name="name">The key in the header.</param>
    /// <param name="dtype">The element type.</param>
    /// <param name="shape">The sizes of the dimensions, row-major. Empty for a scalar.</param>
    /// <param name="write">
    /// Writes the little-endian, row-major bytes to a stream: exactly the number that follows from the shape and the element type.
    /// </param>
    /// <exception cref="ArgumentException">The name is taken, or a dimension is negative or too large.</exception>
    public void Add(string name, TensorDType dtype, long[] shape, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(write);
        long length = dtype.Size();
        foreach (long size in shape)
        {
            if (size < 0 || (size > 0 && length > long.MaxValue / size))
                throw new ArgumentException($"tensor '{name}' cannot have the shape {TensorInfo.Format(shape)}", nameof(shape));
            length *= size;
        }

        if (!_names.Add(name))
            throw new ArgumentException($"a tensor cannot be named '{name}' here: the name is already used", nameof(name));
        _entries.Add(new WrittenTensor<TensorDType>(name, dtype, dtype.HeaderName(), shape, length, write));
    }

    /// <summary>Adds a tensor whose bytes are in memory. They are read when the file is written.</summary>
    /// <param name="name">The key in the header.</param>
    /// <param name="dtype">The element type.</param>
    /// <param name="shape">The sizes of the dimensions, row-major. Empty for a scalar.</param>
    /// <param name="bytes">The little-endian, row-major elements.</param>
    /// <exception cref="ArgumentException">
    /// The name is taken, a dimension is negative or too large, or the number of bytes does not fit the shape and the element type.
    /// </exception>
    public void Add(string name, TensorDType dtype, long[] shape, ReadOnlyMemory<byte> bytes)
    {
        Add(name, dtype, shape, stream => stream.Write(bytes.Span));
        if (_entries[^1].Length == bytes.Length)
            return;
        long needed = _entries[^1].Length;
        _entries.RemoveAt(_entries.Count - 1);
        _names.Remove(name);
        throw new ArgumentException($"tensor '{name}' of shape {TensorInfo.Format(shape)} and dtype {dtype.HeaderName()} needs {needed} bytes, not {bytes.Length}", nameof(bytes));
    }

    /// <summary>
    /// Writes a temporary file in the same directory, forces it to the disk and renames it to <paramref name="path"/>. If that fails, the file that
    /// was there before remains.
    /// </summary>
    /// <param name="path">The file to write.</param>
    /// <param name="metadata">The metadata of the header. If null, it is <c>format: pt</c>, because PyTorch's readers need it.</param>
    /// <exception cref="ArgumentException">A tensor wrote more or fewer bytes than its shape and element type need.</exception>
    public void Save(string path, IReadOnlyDictionary<string, string>? metadata = null)
    {
        byte[] header = Header(metadata ?? new Dictionary<string, string> { ["format"] = "pt" });
        DurableFile.Replace(path, stream =>
        {
            stream.Write(header);
            foreach (WrittenTensor<TensorDType> entry in _entries)
                entry.WriteTo(stream);
        });
    }

    /// <summary>
    /// Returns the header length and the JSON header. The JSON is padded with spaces so that the data begins at a multiple of 8 bytes.
    /// </summary>
    private byte[] Header(IReadOnlyDictionary<string, string> metadata)
    {
        using MemoryStream buffer = new();
        buffer.Write(stackalloc byte[SafetensorsHeader.LengthBytes]);
        using (Utf8JsonWriter json = new(buffer, ReadableJson.Line))
            WriteJson(json, metadata);
        while (buffer.Length % 8 != 0)
            buffer.WriteByte((byte)' ');
        byte[] header = buffer.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(header, header.Length - SafetensorsHeader.LengthBytes);
        return header;
    }

    private void WriteJson(Utf8JsonWriter json, IReadOnlyDictionary<string, string> metadata)
    {
        json.WriteStartObject();
        if (metadata.Count > 0)
        {
            json.WriteStartObject("__metadata__");
            foreach ((string key, string value) in metadata)
                json.WriteString(key, value);
            json.WriteEndObject();
        }

        long offset = 0;
        foreach (WrittenTensor<TensorDType> entry in _entries)
        {
            json.WriteStartObject(entry.Name);
            json.WriteString("dtype", entry.TypeName);
            json.WriteStartArray("shape");
            foreach (long size in entry.Shape)
                json.WriteNumberValue(size);
            json.WriteEndArray();
            json.WriteStartArray("data_offsets");
            json.WriteNumberValue(offset);
            offset = checked(offset + entry.Length);
            json.WriteNumberValue(offset);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
