namespace Foreword.Weights;

/// <summary>Describes one tensor of a safetensors file: its type, its shape and the position of its bytes.</summary>
/// <param name="Name">The key in the header.</param>
/// <param name="DType">The element type.</param>
/// <param name="Shape">The sizes of the dimensions, row-major. Empty for a scalar.</param>
/// <param name="Offset">The offset of the first byte from the start of the file.</param>
/// <param name="Length">The number of bytes.</param>
public sealed record TensorInfo(string Name, TensorDType DType, long[] Shape, long Offset, long Length)
{
    /// <summary>Gets the number of elements, 1 for a scalar.</summary>
    public long ElementCount => Length / DType.Size();

    /// <summary>Gets the shape as text, such as <c>[768, 2304]</c>.</summary>
    public string ShapeText => Format(Shape);

    /// <summary>Returns a shape as text, such as <c>[768, 2304]</c>, or <c>[]</c> for a scalar.</summary>
    public static string Format(IReadOnlyList<long> shape) => $"[{string.Join(", ", shape)}]";
}
