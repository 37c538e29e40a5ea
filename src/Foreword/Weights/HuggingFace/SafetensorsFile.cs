using System.Buffers.Binary;
using Foreword.IO;
using Foreword.Settings;
using Microsoft.Win32.SafeHandles;

namespace Foreword.Weights.HuggingFace;

/// <summary>
/// A safetensors file, mapped into memory and read-only: 8 bytes of header length, a JSON header, then the tensors'
/// bytes without gaps (https://huggingface.co/docs/safetensors, "Format"). The whole header is checked on opening, so
/// every tensor listed can be read. Safe to read from several threads until it is disposed.
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

    /// <summary>Where the file lies, as it was given.</summary>
    public string Path => _file.Path;

    /// <summary>The tensors by name, in the header's order.</summary>
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>The header's <c>__metadata__</c>; empty where it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Maps the file and checks its header.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is no well-formed safetensors file; one sentence names the path, the tensor and the fault.</exception>
    public static SafetensorsFile Open(string path) => Open(MappedFile.Open(path));

    /// <summary>The same of a file that is open already, as <see cref="MappedFile.Open(string, SafeFileHandle)"/> takes it.</summary>
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

    /// <summary>The tensor of that name.</summary>
    /// <exception cref="ArgumentException">The file has no such tensor; the message names the nearest.</exception>
    public TensorInfo Tensor(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Tensors.TryGetValue(name, out TensorInfo? tensor)
            ? tensor
            : throw new ArgumentException($"{Path} has no tensor '{name}'{NearestName.Suggestion(name, Tensors.Keys)}");
    }

    /// <summary>All bytes of a tensor, not copied: the span lies in the mapped file and ends its life with this object.</summary>
    /// <exception cref="ArgumentException">No such tensor, or it has more than 2^31 - 1 bytes: read it in pieces.</exception>
    public ReadOnlySpan<byte> Bytes(string name)
    {
        TensorInfo tensor = Tensor(name);
        if (tensor.Length > int.MaxValue)
            throw new ArgumentException($"tensor '{name}' has {tensor.Length} bytes, more than one span holds; read it in pieces");
        return Bytes(tensor, 0, (int)tensor.Length);
    }

    /// <summary>Part of a tensor's bytes, not copied: <paramref name="count"/> bytes from <paramref name="offset"/>, counted from the tensor's first.</summary>
    /// <exception cref="ArgumentException">No such tensor, or the part is not inside it.</exception>
    public ReadOnlySpan<byte> Bytes(string name, long offset, int count) => Bytes(Tensor(name), offset, count);

    /// <summary>Part of a tensor was read and will hardly be read again, see <see cref="MappedFile.Release"/>.</summary>
    /// <exception cref="ArgumentException">No such tensor.</exception>
    public void Release(string name, long offset, long count) => _file.Release(Tensor(name).Offset + offset, count);

    /// <summary>Writes a whole F32, F16, BF16 or F64 tensor as floats (F64 rounded to nearest).</summary>
    /// <exception cref="ArgumentException">No such tensor, another element type, or a destination of another length.</exception>
    public void CopyTo(string name, Span<float> destination)
    {
        TensorInfo tensor = Tensor(name);
        if (destination.Length != tensor.ElementCount)
            throw new ArgumentException($"tensor '{name}' has {tensor.ElementCount} elements; the destination has {destination.Length}");
        CopyTo(name, 0, destination);
    }

    /// <summary>
    /// Writes as many elements as the destination holds, from element <paramref name="first"/> on, as floats:
    /// the way to read an F32, F16, BF16 or F64 tensor of any size.
    /// </summary>
    /// <exception cref="ArgumentException">No such tensor, another element type, or elements outside the tensor.</exception>
    public void CopyTo(string name, long first, Span<float> destination)
    {
        TensorInfo tensor = Tensor(name);
        if (!tensor.DType.IsFloat())
            throw new ArgumentException($"tensor '{tensor.Name}' is {tensor.DType.HeaderName()}; only F32, F16, BF16 and F64 are read as floats");
        if (first < 0 || first > tensor.ElementCount - destination.Length)
            throw new ArgumentException($"elements {first} to {first + destination.Length} are not inside tensor '{name}' of {tensor.ElementCount}");
        int size = tensor.DType.Size();
        while (!destination.IsEmpty)
        {
            int count = Math.Min(destination.Length, int.MaxValue / size); // as many as one span of bytes holds
            tensor.DType.ToFloats(Bytes(tensor, first * size, count * size), destination[..count]);
            first += count;
            destination = destination[count..];
        }
    }

    /// <summary>The tensors as they lie in the file, which must stay open while they are read.</summary>
    public IEnumerable<StoredTensor> Stored() =>
        Tensors.Values.Select(tensor => new StoredTensor(tensor.Name, tensor.DType, tensor.Shape, [new StoredElements(_file, tensor.Offset, tensor.ElementCount)]));

    /// <summary>Ends the mapping; spans handed out before must not be used any more.</summary>
    public void Dispose() => _file.Dispose();

    private ReadOnlySpan<byte> Bytes(TensorInfo tensor, long offset, int count)
    {
        if (offset < 0 || count < 0 || offset > tensor.Length - count)
            throw new ArgumentException($"bytes {offset} to {offset + count} are not inside tensor '{tensor.Name}' of {tensor.Length} bytes");
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
