using Foreword.IO;

namespace Foreword.Weights.Gguf;

/// <summary>A parameter that is stored as Q8_0, in row-major order or, for a matrix, transposed.</summary>
internal sealed class Q8Tensor : WeightTensor
{
    private readonly MappedFile _file;
    private readonly long _offset;
    private readonly bool _isTransposed;

    /// <param name="file">The mapped file.</param>
    /// <param name="tensor">The type, shape and position of the tensor in the file.</param>
    /// <param name="name">The name in Foreword.</param>
    /// <param name="isTransposed">Whether the file holds the matrix [rows, columns] as [columns, rows].</param>
    public Q8Tensor(MappedFile file, GgufTensor tensor, string name, bool isTransposed)
        : base(name, tensor.Name, isTransposed ? [tensor.Shape[1], tensor.Shape[0]] : tensor.Shape, nameof(GgmlType.Q8_0)) =>
        (_file, _offset, _isTransposed) = (file, tensor.Offset, isTransposed);

    public override long ByteCount => ElementCount / Q8Block.Length * Q8Block.Bytes;

    internal override string? FilePath => _file.Path;

    protected override void ReadInside(long first, Span<float> destination)
    {
        if (_isTransposed)
            ReadTransposed(first, destination);
        else
            ReadRows(first, destination);
    }

    private void ReadRows(long first, Span<float> destination)
    {
        Span<float> values = stackalloc float[Q8Block.Length];
        while (!destination.IsEmpty)
        {
            long block = first / Q8Block.Length;
            int skip = (int)(first % Q8Block.Length);
            Q8Block.Dequantize(Block(block), values);
            int count = Math.Min(destination.Length, Q8Block.Length - skip);
            values.Slice(skip, count).CopyTo(destination);
            destination = destination[count..];
            first += count;
        }
    }

    /// <summary>
    /// Reads a matrix [rows, columns] that is stored transposed. Row r, column c is element c * rows + r of the file, so one block holds 32 rows of a
    /// column.
    /// </summary>
    private void ReadTransposed(long first, Span<float> destination)
    {
        long rows = Shape[0], columns = Shape[1];
        long last = first + destination.Length - 1;
        Span<float> values = stackalloc float[Q8Block.Length];
        for (long from = first / columns / Q8Block.Length * Q8Block.Length; from <= last / columns; from += Q8Block.Length)
        {
            for (long column = 0; column < columns; column++)
            {
                Q8Block.Dequantize(Block((column * rows + from) / Q8Block.Length), values);
                for (int i = 0; i < values.Length; i++)
                {
                    long at = (from + i) * columns + column - first;
                    if (at >= 0 && at < destination.Length)
                        destination[(int)at] = values[i];
                }
            }
        }
    }

    private ReadOnlySpan<byte> Block(long index) => _file.Bytes(_offset + index * Q8Block.Bytes, Q8Block.Bytes);
}
