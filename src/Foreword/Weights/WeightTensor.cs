namespace Foreword.Weights;

/// <summary>A parameter of a stored model, read as float32 whatever it is stored as. Safe to read from several threads.</summary>
public abstract class WeightTensor
{
    /// <summary>Describes the parameter.</summary>
    /// <param name="name">Our name, such as <c>h.0.attn.c_attn.weight</c>.</param>
    /// <param name="fileName">Its name in the file.</param>
    /// <param name="shape">The shape that <see cref="Read"/> gives: ours, whatever the file's is.</param>
    /// <param name="type">What the file stores it as, such as <c>BF16</c> or <c>Q8_0</c>.</param>
    protected WeightTensor(string name, string fileName, long[] shape, string type)
    {
        ArgumentNullException.ThrowIfNull(shape);
        (Name, FileName, Shape, Type) = (name, fileName, shape, type);
        ElementCount = shape.Contains(0) ? 0 : 1;
        foreach (long size in shape)
            ElementCount = checked(ElementCount * size);
    }

    /// <summary>Our name: GPT-2's key without <c>transformer.</c>, for GPT-1, too.</summary>
    public string Name { get; }

    /// <summary>Its name in the file.</summary>
    public string FileName { get; }

    /// <summary>The file that holds it, for messages; null where there is none.</summary>
    internal virtual string? FilePath => null;

    /// <summary>Its shape, row-major; the weights of a <c>Conv1D</c> (c_attn, c_proj, c_fc) are [in, out].</summary>
    public long[] Shape { get; }

    /// <summary>What the file stores it as: <c>F32</c>, <c>F16</c>, <c>BF16</c>, <c>F64</c>, <c>Q8_0</c> ...</summary>
    public string Type { get; }

    /// <summary>Number of elements.</summary>
    public long ElementCount { get; }

    /// <summary>Writes as many elements as the destination holds, from element <paramref name="first"/> on, row-major, as floats.</summary>
    /// <exception cref="ArgumentException">Elements outside the tensor.</exception>
    /// <exception cref="InvalidDataException">The stored bytes are found to be broken, or a number is infinite or NaN; the message names it.</exception>
    public void Read(long first, Span<float> destination)
    {
        if (first < 0 || first > ElementCount - destination.Length)
            throw new ArgumentException($"elements {first} to {first + destination.Length} are not inside tensor '{FileName}' of {ElementCount}");
        ReadInside(first, destination);
        FiniteNumbers.Check(destination, FilePath, FileName, first);
    }

    /// <summary>The same for elements that are all inside the tensor.</summary>
    protected abstract void ReadInside(long first, Span<float> destination);
}
