namespace Foreword.Weights.Gguf;

/// <summary>The transpose of a matrix. The first read loads the whole matrix into memory and transposes it there.</summary>
internal sealed class TransposedTensor : WeightTensor
{
    private const int Tile = 32;

    private readonly Lazy<float[]> _values;

    public TransposedTensor(WeightTensor matrix)
        : base(matrix.Name, matrix.FileName, [matrix.Shape[1], matrix.Shape[0]], matrix.Type) =>
        (_values, ByteCount) = (new Lazy<float[]>(() => Turn(matrix)), matrix.ByteCount);

    public override long ByteCount { get; }

    protected override void ReadInside(long first, Span<float> destination) => _values.Value.AsSpan((int)first, destination.Length).CopyTo(destination);

    /// <summary>Transposes the matrix in tiles, so that both the source and the destination of a tile stay in the cache.</summary>
    private static float[] Turn(WeightTensor matrix)
    {
        int rows = checked((int)matrix.Shape[0]), columns = checked((int)matrix.Shape[1]);
        float[] values = new float[matrix.ElementCount];
        matrix.Read(0, values);
        float[] turned = new float[values.Length];
        for (int top = 0; top < rows; top += Tile)
        {
            for (int left = 0; left < columns; left += Tile)
            {
                for (int column = left; column < Math.Min(columns, left + Tile); column++)
                {
                    for (int row = top; row < Math.Min(rows, top + Tile); row++)
                        turned[column * rows + row] = values[row * columns + column];
                }
            }
        }

        return turned;
    }
}
