using Foreword.Torch.Kernels;

namespace Foreword.Torch.Paths.Fused;

// K inner size, N columns.

/// <summary>
/// The float32 weights as the right side of a product. Weights change in every step, so each panel is rounded and packed immediately before the rows
/// are multiplied with it. The packed panel stays in the worker's second-level cache; a packed copy of the whole matrix is never written.
/// </summary>
/// <param name="address">The weights, [rows, columns].</param>
/// <param name="rows">Number of rows: K, or N if the right side is the transpose.</param>
/// <param name="columns">Number of columns: N, or K if the right side is the transpose; a multiple of 16.</param>
/// <param name="transposed">Whether the right side is the transpose.</param>
internal readonly unsafe struct WeightMatrix<T>(float* address, int rows, int columns, bool transposed) where T : unmanaged, IElement<T>
{
    private const int Block = Product<T>.Block;

    /// <summary>Returns the number of elements that <see cref="Pack"/> needs for a panel with an inner size.</summary>
    public static long PanelSize(int inner) => (long)Product<T>.Padded(inner) * Block;

    /// <summary>Packs 64 columns as [count / PerWord][64] words. Elements outside the matrix are 0.</summary>
    /// <param name="inner">The first inner element.</param>
    /// <param name="count">Number of inner elements, a multiple of 16.</param>
    /// <param name="column">The first column.</param>
    /// <param name="edge">Scratch memory of <see cref="PanelSize"/> elements.</param>
    /// <param name="packed">Receives the words.</param>
    public void Pack(int inner, int count, int column, float* edge, T* packed)
    {
        if (transposed)
        {
            int width = (count + Packing<T>.Strip - 1) / Packing<T>.Strip * Packing<T>.Strip;
            (nint source, long stride) = Inside(column, inner, Block, width, edge);
            Packing<T>.RoundTransposed((float*)source, stride, Block, width, packed, Block);
        }
        else
        {
            (nint source, long stride) = Inside(inner, column, count, Block, edge);
            Packing<T>.RoundRows((float*)source, stride, count, Block, packed, Block);
        }
    }

    /// <summary>Returns a part of the matrix. It is used in place if it is inside the matrix; otherwise a copy is padded with zeros.</summary>
    private (nint Address, long Stride) Inside(int row, int column, int height, int width, float* edge)
    {
        float* first = address + (long)row * columns + column;
        int insideRows = Math.Clamp(rows - row, 0, height), insideColumns = Math.Clamp(columns - column, 0, width);
        if (insideRows == height && insideColumns == width)
            return ((nint)first, columns);
        new Span<float>(edge, height * width).Clear();
        for (int i = 0; i < insideRows; i++)
            new Span<float>(first + (long)i * columns, insideColumns).CopyTo(new Span<float>(edge + (long)i * width, width));
        return ((nint)edge, width);
    }
}
