namespace Foreword.Weights;

/// <summary>
/// A parameter of a stored model. It is read as float32 from any type in the file. Several threads can read it at the same time.
/// </summary>
public abstract class WeightTensor
{
    /// <summary>Initializes the parameter.</summary>
    /// <param name="name">The name in Foreword, such as <c>h.0.attn.c_attn.weight</c>.</param>
    /// <param name="fileName">The name in the file.</param>
    /// <param name="shape">
    /// The shape of the elements that <see cref="Read"/> returns. It is the shape in Foreword, which can differ from the shape in the file.
    /// </param>
    /// <param name="type">The element type in the file, such as <c>BF16</c> or <c>Q8_0</c>.</param>
    protected WeightTensor(string name, string fileName, long[] shape, string type)
    {
        ArgumentNullException.ThrowIfNull(shape);
        (Name, FileName, Shape, Type) = (name, fileName, shape, type);
        ElementCount = shape.Contains(0) ? 0 : 1;
        foreach (long size in shape)
            ElementCount = checked(ElementCount * size);
    }

    /// <summary>Gets the name in Foreword: GPT-2's key without <c>transformer.</c>. GPT-1 uses the same names.</summary>
    public string Name { get; }

    /// <summary>Gets the name in the file.</summary>
    public string FileName { get; }

    /// <summary>Gets the path of the file that holds the tensor, for messages, or null if there is none.</summary>
    internal virtual string? FilePath => null;

    /// <summary>Gets the shape, row-major. The weights of a <c>Conv1D</c> (c_attn, c_proj, c_fc) are [in, out].</summary>
    public long[] Shape { get; }

    /// <summary>Gets the element type in the file, such as <c>F32</c>, <c>F16</c>, <c>BF16</c>, <c>F64</c> or <c>Q8_0</c>.</summary>
    public string Type { get; }

    /// <summary>Gets the number of elements.</summary>
    public long ElementCount { get; }

    /// <summary>Gets the number of bytes of the file that the elements occupy; 4 for each element unless a derived class knows better.</summary>
    public virtual long ByteCount => ElementCount * sizeof(float);

    /// <summary>Reads consecutive elements as floats, in row-major order.</summary>
    /// <param name="first">The index of the first element to read, from 0.</param>
    /// <param name="destination">Receives the elements. Its length is the number of elements to read.</param>
    /// <exception cref="ArgumentException">The range is not inside the tensor.</exception>
    /// <exception cref="InvalidDataException">The stored bytes are damaged, or a number is infinite or NaN. The message names the tensor.</exception>
    public void Read(long first, Span<float> destination)
    {
        if (first < 0 || first > ElementCount - destination.Length)
            throw new ArgumentException($"elements {first} to {first + destination.Length} are not inside tensor '{FileName}' of {ElementCount}", nameof(first));
        ReadInside(first, destination);
        FiniteNumbers.Check(destination, FilePath, FileName, first);
    }

    /// <summary>Reads consecutive elements as floats. <see cref="Read"/> has checked that all of them are inside the tensor.</summary>
    /// <param name="first">The index of the first element to read, from 0.</param>
    /// <param name="destination">Receives the elements. Its length is the number of elements to read.</param>
    protected abstract void ReadInside(long first, Span<float> destination);
}
