using System.Buffers.Binary;
using Foreword.IO;
using Foreword.Settings;
using Microsoft.Win32.SafeHandles;

namespace Foreword.Weights.HuggingFace;

/// <summary>
/// A safetensors file that is mapped into memory, read-only (https://huggingface.co/docs/safetensors, "Format"). The file holds 8 bytes of header
/// length, a JSON header, and the bytes of the tensors without gaps. The whole header is checked when the file is opened, so every listed tensor can
/// be read. Several threads can read it until it is disposed.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    private readonly MappedFile _file;

    private SafetensorsFile(MappedFile file)
    {
        _file = file;
        SafetensorsHeader header = ReadHeader(file);
        Tensors = header.Tensors;
        Metadata = header.Metadata;
    }

    /// <summary>Gets the path of the file, as it was passed to <see cref="Open(string)"/>.</summary>
    public string Path => _file.Path;

    /// <summary>Gets the tensors by name, in the order of the header.</summary>
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>Gets the <c>__metadata__</c> of the header. Empty if there is none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Maps a file into memory and checks its header.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is not a well-formed safetensors file. The message is one sentence with the path, the tensor and the problem.
    /// </exception>
    public static SafetensorsFile Open(string path) => Open(MappedFile.Open(path));

    /// <summary>Maps a file that is already open, as <see cref="MappedFile.Open(string, SafeFileHandle)"/> does, and checks its header.</summary>
    internal static SafetensorsFile Open(string path, SafeFileHandle handle) => Open(MappedFile.Open(path, handle));

    private static SafetensorsFile Open(MappedFile file)
    {
        try
        {
            return new SafetensorsFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Returns the description of a tensor.</summary>
    /// <param name="name">The key in the header.</param>
    /// <exception cref="ArgumentException">The file has no such tensor. The message suggests the nearest name.</exception>
    public TensorInfo Tensor(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Tensors.TryGetValue(name, out TensorInfo? tensor)
            ? tensor
            : throw new ArgumentException($"{Path} has no tensor '{name}'{NearestName.Suggestion(name, Tensors.Keys)}", nameof(name));
    }

    /// <summary>
    /// Returns all bytes of a tensor without copying them. The span points into the mapped file and is valid until this object is disposed.
    /// </summary>
    /// <param name="name">The key in the header.</param>
    /// <exception cref="ArgumentException">
    /// The file has no such tensor, or the tensor has more than 2^31 - 1 bytes. Read such a tensor in parts.
    /// </exception>
    public ReadOnlySpan<byte> Bytes(string name)
    {
        TensorInfo tensor = Tensor(name);
        if (tensor.Length > int.MaxValue)
            throw new ArgumentException($"tensor '{name}' has {tensor.Length} bytes, more than one span can hold; read it in parts", nameof(name));
        return Bytes(tensor, 0, (int)tensor.Length);
    }

    /// <summary>
    /// Returns a part of a tensor's bytes without copying them. The span points into the mapped file and is valid until this object is disposed.
    /// </summary>
    /// <param name="name">The key in the header.</param>
    /// <param name="offset">The first byte, counted from the first byte of the tensor.</param>
    /// <param name="count">The number of bytes.</param>
    /// <exception cref="ArgumentException">The file has no such tensor, or the part is not inside it.</exception>
    public ReadOnlySpan<byte> Bytes(string name, long offset, int count) => Bytes(Tensor(name), offset, count);

    /// <summary>
    /// Indicates that a part of a tensor will probably not be read again, so that its pages can be released (see <see cref="MappedFile.Release"/>).
    /// </summary>
    /// <param name="name">The key in the header.</param>
    /// <param name="offset">The first byte, counted from the first byte of the tensor.</param>
    /// <param name="count">The number of bytes.</param>
    /// <exception cref="ArgumentException">The file has no such tensor.</exception>
    public void Release(string name, long offset, long count) => _file.Release(Tensor(name).Offset + offset, count);

    /// <summary>Reads a whole F32, F16, BF16 or F64 tensor as floats. F64 is rounded to nearest.</summary>
    /// <param name="name">The key in the header.</param>
    /// <param name="destination">Receives the elements, row-major. Its length is the number of elements of the tensor.</param>
    /// <exception cref="ArgumentException">
    /// The file has no such tensor, the tensor has another element type, or the destination has another length.
    /// </exception>
    public void CopyTo(string name, Span<float> destination)
    {
        TensorInfo tensor = Tensor(name);
        if (destination.Length != tensor.ElementCount)
            throw new ArgumentException($"tensor '{name}' has {tensor.ElementCount} elements; the destination has {destination.Length}", nameof(destination));
        CopyTo(name, 0, destination);
    }

    /// <summary>Reads consecutive elements of an F32, F16, BF16 or F64 tensor as floats. This works for tensors of any size.</summary>
    /// <param name="name">The key in the header.</param>
    /// <param name="first">The index of the first element to read, from 0.</param>
    /// <param name="destination">Receives the elements, row-major. Its length is the number of elements to read.</param>
    /// <exception cref="ArgumentException">
    /// The file has no such tensor, the tensor has another element type, or the range is not inside it.
    /// </exception>
    public void CopyTo(string name, long first, Span<float> destination) => CopyTo(name, first, destination, int.MaxValue);

    /// <summary>Reads consecutive elements, in parts of at most <paramref name="mostBytes"/> bytes: the number of bytes that one span can hold.</summary>
    internal void CopyTo(string name, long first, Span<float> destination, int mostBytes)
    {
        TensorInfo tensor = Tensor(name);
        if (!tensor.DType.IsFloat())
            throw new ArgumentException($"tensor '{tensor.Name}' is {tensor.DType.HeaderName()}; only F32, F16, BF16 and F64 can be read as floats", nameof(name));
        if (first < 0 || first > tensor.ElementCount - destination.Length)
            throw new ArgumentException($"elements {first} to {first + destination.Length} are not inside tensor '{name}' of {tensor.ElementCount}", nameof(first));
        int size = tensor.DType.Size();
        while (!destination.IsEmpty)
        {
            int count = Math.Min(destination.Length, mostBytes / size);
            tensor.DType.ToFloats(Bytes(tensor, first * size, count * size), destination[..count]);
            first += count;
            destination = destination[count..];
        }
    }

    /// <summary>Returns the tensors in a form that can be read as weights. This object must not be disposed while they are read.</summary>
    public IEnumerable<StoredTensor> Stored() =>
        Tensors.Values.Select(tensor => new StoredTensor(tensor.Name, tensor.DType, tensor.Shape, [new StoredElements(_file, tensor.Offset, tensor.ElementCount)]));

    /// <summary>Unmaps the file. Spans that were returned before must not be used any more.</summary>
    public void Dispose() => _file.Dispose();

    private ReadOnlySpan<byte> Bytes(TensorInfo tensor, long offset, int count)
    {
        if (offset < 0 || count < 0 || offset > tensor.Length - count)
            throw new ArgumentException($"bytes {offset} to {offset + count} are not inside tensor '{tensor.Name}' of {tensor.Length} bytes", nameof(offset));
        return _file.Bytes(tensor.Offset + offset, count);
    }

    private static SafetensorsHeader ReadHeader(MappedFile file)
    {
        if (file.Length < SafetensorsHeader.LengthBytes)
            throw new InvalidDataException($"{file.Path}: the file has {file.Length} bytes; a safetensors file begins with {SafetensorsHeader.LengthBytes} bytes of header length");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(file.Bytes(0, SafetensorsHeader.LengthBytes));
        if (length > SafetensorsHeader.MaxLength)
            throw new InvalidDataException($"{file.Path}: the header claims {length} bytes; the format allows {SafetensorsHeader.MaxLength}");
        long afterHeader = file.Length - SafetensorsHeader.LengthBytes - (long)length;
        if (afterHeader < 0)
            throw new InvalidDataException($"{file.Path}: the header claims {length} bytes, but the file ends {-afterHeader} bytes earlier");
        return SafetensorsHeader.Parse(file.Path, file.Bytes(SafetensorsHeader.LengthBytes, (int)length), afterHeader);
    }
}
