using Foreword.IO;

namespace Foreword.Weights;

/// <summary>Where elements lie in a file, one after the other.</summary>
/// <param name="File">The file.</param>
/// <param name="Offset">The first byte.</param>
/// <param name="ElementCount">How many elements.</param>
public readonly record struct StoredElements(MappedFile File, long Offset, long ElementCount);

/// <summary>
/// A tensor of floating-point numbers as it lies in mapped files: in one piece or in several, row-major or, for a matrix, column by
/// column.
/// </summary>
public sealed class StoredTensor : WeightTensor
{
    /// <summary>Bytes that are read before their pages are released.</summary>
    private const int Piece = 1 << 24;

    private readonly IReadOnlyList<StoredElements> _parts;
    private readonly bool _isTransposed;
    private readonly Action? _check;
    private volatile bool _isChecked;

    /// <summary>Describes a tensor whose bytes are known to lie inside their files.</summary>
    /// <param name="name">Its name, the file's until it is matched with a parameter.</param>
    /// <param name="dtype">Element type; see <see cref="TensorDTypes.IsFloat"/>.</param>
    /// <param name="shape">Its shape as it is read.</param>
    /// <param name="parts">Its elements; a transposed tensor has one part.</param>
    /// <param name="isTransposed">Whether the file holds the matrix [rows, columns] column by column, that is as [columns, rows].</param>
    /// <param name="check">Called before the first read; throws when the bytes are broken.</param>
    public StoredTensor(string name, TensorDType dtype, long[] shape, IReadOnlyList<StoredElements> parts, bool isTransposed = false, Action? check = null)
        : this(name, name, dtype, shape, parts, isTransposed, check)
    {
    }

    private StoredTensor(string name, string fileName, TensorDType dtype, long[] shape, IReadOnlyList<StoredElements> parts, bool isTransposed, Action? check)
        : base(name, fileName, shape, dtype.HeaderName())
    {
        ArgumentNullException.ThrowIfNull(parts);
        if (isTransposed && (shape is not [_, _] || parts is not [_]))
            throw new ArgumentException("only a matrix in one piece can be transposed");
        (DType, _parts, _isTransposed, _check) = (dtype, parts, isTransposed, check);
    }

    /// <summary>A tensor that no file holds, all 0.</summary>
    internal static StoredTensor Zeros(string name, long[] shape) => new(name, TensorDType.F32, shape, []);

    /// <summary>Element type.</summary>
    public TensorDType DType { get; }

    internal override string? FilePath => _parts.Count == 0 ? null : _parts[0].File.Path;

    /// <summary>Where its elements lie.</summary>
    internal IReadOnlyList<StoredElements> Parts => _parts;

    /// <summary>The shape as text: <c>[768, 2304]</c>.</summary>
    public string ShapeText => TensorInfo.Format(Shape);

    /// <summary>The same bytes as the parameter of our name, in our shape; a leading 1 of the file's shape is dropped so.</summary>
    public StoredTensor As(string name, long[] shape) => new(name, FileName, DType, shape, _parts, _isTransposed, _check);

    /// <summary>The transposed matrix of the same bytes.</summary>
    /// <exception cref="ArgumentException">It is no matrix, or in several pieces.</exception>
    internal StoredTensor Transposed() => Shape is [var rows, var columns]
        ? new(Name, FileName, DType, [columns, rows], _parts, !_isTransposed, _check)
        : throw new ArgumentException($"tensor '{FileName}' of shape {ShapeText} is no matrix");

    /// <summary>Whether both tensors hold the same bytes in the same order.</summary>
    internal bool HasBytesOf(StoredTensor other)
    {
        if (DType != other.DType || ElementCount != other.ElementCount || _isTransposed != other._isTransposed || _parts is not [var mine] || other._parts is not [var theirs])
            return false;
        if (mine == theirs)
            return true;
        long length = ElementCount * DType.Size();
        for (long at = 0; at < length; at += Piece)
        {
            int count = (int)Math.Min(Piece, length - at);
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
            throw new ArgumentException($"tensor '{FileName}' is {DType.HeaderName()}; only F32, F16, BF16 and F64 are read as floats");
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
        for (int i = 0; i < _parts.Count && !destination.IsEmpty; i++) // no enumerator: nothing is allocated for a row
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
                int count = (int)Math.Min(Math.Min(destination.Length, part.ElementCount - first), Piece / size);
                DType.ToFloats(part.File.Bytes(part.Offset + first * size, count * size), destination[..count]);
                part.File.Release(part.Offset + first * size, (long)count * size);
                destination = destination[count..];
                first += count;
            }

            first = 0;
        }

        if (_parts.Count == 0)
            destination.Clear(); // see Zeros
        else if (!destination.IsEmpty)
            throw new InvalidDataException($"tensor '{FileName}' ends {destination.Length} elements before its shape {ShapeText} does");
    }

    /// <summary>Row r and column c of [rows, columns] lie at c rows + r.</summary>
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

    /// <summary>Rows whose pieces of a column are read together: so many cache lines are written in turn.</summary>
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
