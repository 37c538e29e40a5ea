namespace Foreword.Weights;

/// <summary>One tensor of a safetensors file: what it is and where its bytes lie.</summary>
/// <param name="Name">The key in the header.</param>
/// <param name="DType">Element type.</param>
/// <param name="Shape">Sizes of the dimensions, row-major; empty for a scalar.</param>
/// <param name="Offset">First byte, counted from the start of the file.</param>
/// <param name="Length">Number of bytes.</param>
public sealed record TensorInfo(string Name, TensorDType DType, long[] Shape, long Offset, long Length)
{
    /// <summary>Number of elements; 1 for a scalar.</summary>
    public long ElementCount => Length / DType.Size();

    /// <summary>The shape as text: <c>[768, 2304]</c>.</summary>
    public string ShapeText => Format(Shape);

    /// <summary>A shape as text: <c>[768, 2304]</c>, <c>[]</c> for a scalar.</summary>
    public static string Format(IReadOnlyList<long> shape) => $"[{string.Join(", ", shape)}]";
}
