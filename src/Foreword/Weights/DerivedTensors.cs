namespace Foreword.Weights;

/// <summary>A tensor whose numbers lie in memory.</summary>
internal sealed class MemoryTensor(string name, long[] shape, float[] values) : WeightTensor(name, name, shape, "F32")
{
    protected override void ReadInside(long first, Span<float> destination) => values.AsSpan((int)first, destination.Length).CopyTo(destination);
}

/// <summary>Some rows of a matrix in another order; a row that the matrix does not have is zeros.</summary>
/// <param name="source">The matrix.</param>
/// <param name="rows">The source's row for each row; -1 for zeros.</param>
internal sealed class ChosenRows(WeightTensor source, int[] rows) : WeightTensor(source.Name, source.FileName, [rows.Length, source.Shape[1]], source.Type)
{
    protected override void ReadInside(long first, Span<float> destination)
    {
        long columns = Shape[1];
        while (!destination.IsEmpty)
        {
            (long row, long column) = Math.DivRem(first, columns);
            int count = (int)Math.Min(columns - column, destination.Length);
            if (rows[row] < 0)
                destination[..count].Clear();
            else
                source.Read(rows[row] * columns + column, destination[..count]);
            destination = destination[count..];
            first += count;
        }
    }
}
