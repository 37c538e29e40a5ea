using Foreword.IO;

namespace Foreword.Weights;

/// <summary>A contiguous range of elements in a mapped file.</summary>
/// <param name="File">The mapped file.</param>
/// <param name="Offset">The byte offset of the first element.</param>
/// <param name="ElementCount">The number of elements.</param>
public readonly record struct StoredElements(MappedFile File, long Offset, long ElementCount);

/// <summary>
/// A tensor in mapped files. Its elements are stored in one or several ranges, in row-major order. A matrix can also be stored column by column.
/// </summary>
public sealed class StoredTensor : WeightTensor
{
    /// <summary>The number of bytes that are read before their pages are released.</summary>
    private const int ChunkLength = 1 << 24;

    private readonly IReadOnlyList<StoredElements> _parts;
    private readonly bool _isTransposed;
    private readonly Action? _check;
    private volatile bool _isChecked;

    /// <summary>Initializes a tensor from ranges of elements that are known to be inside their files.</summary>
    /// <param name="name">The name in the file. It is used until the tensor is matched with a parameter (see <see cref="As"/>).</param>
    /// <param name="dtype">The element type. Only floating-point types can be read (see <see cref="TensorDTypes.IsFloat"/>).</param>
    /// <param name="shape">The shape of the tensor as it is read.</param>
    /// <param name="parts">The ranges that hold the elements, in order. A transposed tensor has exactly one.</param>
    /// <param name="isTransposed">Whether the file holds the matrix [rows, columns] column by column, that is, as [columns, rows].</param>
    /// <param name="check">A method that is called before the first read and throws if the bytes are damaged, or null.</param>
    /// <exception cref="ArgumentException">The tensor is transposed, but it is not a matrix in one range.</exception>
    public StoredTensor(string name, TensorDType dtype, long[] shape, IReadOnlyList<StoredElements> parts, bool isTransposed = false, Action? check = null)
        : this(name, name, dtype, shape, parts, isTransposed, check)
    {
    }

    private StoredTensor(string name, string fileName, TensorDType dtype, long[] shape, IReadOnlyList<StoredElements> parts, bool isTransposed, Action? check)
        : base(name, fileName, shape, dtype.HeaderName())
    {
        ArgumentNullException.ThrowIfNull(parts);
        if (isTransposed && (shape is not [_, _] || parts is not [_]))
            throw new ArgumentException("only a contiguous matrix can be transposed", nameof(isTransposed));
        (DType, _parts, _isTransposed, _check) = (dtype, parts, isTransposed, check);
    }

    /// <summary>Creates a tensor of zeros that no file holds.</summary>
    internal static StoredTensor Zeros(string name, long[] shape) => new(name, TensorDType.F32, shape, []);

    /// <summary>Gets the element type in the file.</summary>
    public TensorDType DType { get; }

    /// <inheritdoc/>
    public override long ByteCount => _parts.Sum(part => part.ElementCount) * DType.Size();

    internal override string? FilePath => _parts.Count == 0 ? null : _parts[0].File.Path;

    /// <summary>Gets the ranges that hold the elements, in order.</summary>
    internal IReadOnlyList<StoredElements> Parts => _parts;

    /// <summary>Gets the shape as text, such as <c>[768, 2304]</c>.</summary>
    public string ShapeText => TensorInfo.Format(Shape);

    /// <summary>Returns a tensor with the same bytes, under another name and shape.</summary>
    /// <param name="name">The name in Foreword.</param>
    /// <param name="shape">
    /// The shape in Foreword. It has the same number of elements. For example, a leading dimension of 1 in the file is dropped this way.
    /// </param>
    public StoredTensor As(string name, long[] shape) => new(name, FileName, DType, shape, _parts, _isTransposed, _check);

    /// <summary>Returns the transpose of this matrix. Both use the same bytes.</summary>
    /// <exception cref="ArgumentException">The tensor is not a matrix, or its elements are in several ranges.</exception>
    internal StoredTensor Transposed() => Shape is [var rows, var columns]
        ? new(Name, FileName, DType, [columns, rows], _parts, !_isTransposed, _check)
        : throw new ArgumentException($"tensor '{FileName}' of shape {ShapeText} is not a matrix");

    /// <summary>
    /// Returns whether both tensors have the same type and the same bytes in the same order. If either has its elements in several ranges, the result
    /// is false.
    /// </summary>
    internal bool HasBytesOf(StoredTensor other)
    {
        if (DType != other.DType || ElementCount != other.ElementCount || _isTransposed != other._isTransposed || _parts is not [var mine] || other._parts is not [var theirs])
            return false;
        if (mine == theirs)
            return true;
        long length = ElementCount * DType.Size();
        for (long at = 0; at < length; at += ChunkLength)
        {
            int count = (int)Math.Min(ChunkLength, length - at);
            if (!mine.File.Bytes(mine.Offset + at, count).SequenceEqual(theirs.File.Bytes(theirs.Offset + at, count)))
                return false;
            mine.File.Release(mine.Offset + at, count);
            theirs.File.Release(theirs.Offset + at, count);
        }

        return true;
    }

    /// <inheritdoc/>
    protected override void ReadInside(long first, Span<float> destination)
    {
        if (!DType.IsFloat())
            throw new ArgumentException($"tensor '{FileName}' is {DType.HeaderName()}; only F32, F16, BF16 and F64 can be read as floats");
        if (!_isChecked)
        {
            _check?.Invoke();
            _isChecked = true;
        }

        if (_isTransposed)
            ReadTransposed(first, destination);
        else
            ReadParts(first, destination);
    }

    private void ReadParts(long first, Span<float> destination)
    {
        for (int i = 0; i < _parts.Count && !destination.IsEmpty; i++) // an index instead of an enumerator, so that reading a row allocates nothing
        {
            StoredElements part = _parts[i];
            if (first >= part.ElementCount)
            {
                first -= part.ElementCount;
                continue;
            }

            int size = DType.Size();
            while (!destination.IsEmpty && first < part.ElementCount)
            {
                int count = (int)Math.Min(Math.Min(destination.Length, part.ElementCount - first), ChunkLength / size);
                DType.ToFloats(part.File.Bytes(part.Offset + first * size, count * size), destination[..count]);
                part.File.Release(part.Offset + first * size, (long)count * size);
                destination = destination[count..];
                first += count;
            }

            first = 0;
        }

        if (_parts.Count == 0)
            destination.Clear(); // no file holds the tensor: see Zeros
        else if (!destination.IsEmpty)
            throw new InvalidDataException($"tensor '{FileName}' ends {destination.Length} elements before the end of its shape {ShapeText}");
    }

    /// <summary>Reads a matrix [rows, columns] that the file holds column by column: row r, column c is element c * rows + r of the file.</summary>
    private void ReadTransposed(long first, Span<float> destination)
    {
        long columns = Shape[1];
        while (!destination.IsEmpty)
        {
            long row = first / columns, column = first % columns;
            bool isWholeRow = column == 0 && destination.Length >= columns;
            int run = isWholeRow ? (int)columns : (int)Math.Min(columns - column, destination.Length);
            int height = isWholeRow ? (int)Math.Min(destination.Length / columns, MostRows) : 1;
            ReadBlock(row, height, column, run, destination[..(height * run)]);
            destination = destination[(run * height)..];
            first += (long)run * height;
        }

        _parts[0].File.Release(_parts[0].Offset, ElementCount * DType.Size());
    }

    /// <summary>The number of rows that are read together. The writes then alternate between this number of cache lines of the destination.</summary>
    private const int MostRows = 64;

    private void ReadBlock(long row, int height, long column, int run, Span<float> destination)
    {
        StoredElements all = _parts[0];
        int size = DType.Size();
        Span<float> values = stackalloc float[MostRows];
        values = values[..height];
        for (int c = 0; c < run; c++)
        {
            DType.ToFloats(all.File.Bytes(all.Offset + ((column + c) * Shape[0] + row) * size, height * size), values);
            for (int r = 0; r < height; r++)
                destination[r * run + c] = values[r];
        }
    }
}
