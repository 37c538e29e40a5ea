namespace Foreword.Weights;

/// <summary>A tensor whose elements are held in memory.</summary>
internal sealed class MemoryTensor(string name, long[] shape, float[] values) : WeightTensor(name, name, shape, "F32")
{
    protected override void ReadInside(long first, Span<float> destination) => values.AsSpan((int)first, destination.Length).CopyTo(destination);
}

/// <summary>A matrix whose rows are selected from another matrix, in any order. A row can also be all zeros.</summary>
/// <param name="source">The matrix that the rows are read from, [R, C].</param>
/// <param name="rows">For each row of the result, the index of the source row, or -1 for a row of zeros.</param>
internal sealed class ChosenRows(WeightTensor source, int[] rows) : WeightTensor(source.Name, source.FileName, [rows.Length, source.Shape[1]], source.Type)
{
    public override long ByteCount => source.Shape[0] == 0 ? 0 : source.ByteCount / source.Shape[0] * rows.Length;

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
