namespace Foreword.Weights;

/// <summary>A tensor that will be written to a file, with the method that writes its bytes.</summary>
/// <typeparam name="TType">The type that represents element types in the file format.</typeparam>
/// <param name="Name">The name in the file.</param>
/// <param name="Type">The element type.</param>
/// <param name="TypeName">The name of the element type, for messages.</param>
/// <param name="Shape">The shape, row-major.</param>
/// <param name="Length">The number of bytes, which follows from the shape and the element type.</param>
/// <param name="Write">Writes exactly <paramref name="Length"/> bytes to a stream.</param>
internal sealed record WrittenTensor<TType>(string Name, TType Type, string TypeName, long[] Shape, long Length, Action<Stream> Write)
{
    /// <summary>Writes the bytes and checks their number.</summary>
    /// <exception cref="ArgumentException">The number of bytes is not <see cref="Length"/>.</exception>
    public void WriteTo(Stream stream)
    {
        long start = stream.Position;
        Write(stream);
        if (stream.Position - start != Length)
            throw new ArgumentException($"tensor '{Name}' wrote {stream.Position - start} bytes; shape {TensorInfo.Format(Shape)} and dtype {TypeName} need {Length}");
    }
}
