namespace Foreword.Weights;

/// <summary>A tensor that a file will hold, and who writes its bytes when its turn comes.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Type">Element type.</param>
/// <param name="TypeName">What the element type is called in messages.</param>
/// <param name="Shape">Its shape, row-major.</param>
/// <param name="Length">Bytes that shape and element type ask for.</param>
/// <param name="Write">Writes as many.</param>
internal sealed record WrittenTensor<TType>(string Name, TType Type, string TypeName, long[] Shape, long Length, Action<Stream> Write)
{
    /// <summary>Lets the bytes be written and counts them.</summary>
    /// <exception cref="ArgumentException">They are more or fewer than shape and element type ask for.</exception>
    public void WriteTo(Stream stream)
    {
        long start = stream.Position;
        Write(stream);
        if (stream.Position - start != Length)
            throw new ArgumentException($"tensor '{Name}' wrote {stream.Position - start} bytes; shape {TensorInfo.Format(Shape)} and dtype {TypeName} need {Length}");
    }
}
