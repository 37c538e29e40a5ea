using Foreword.Torch.Kernels;

namespace Foreword.Torch.Paths.Fused;

// K inner size, N columns.

/// <summary>
/// Float32 weights as right side of a product. They change at every step, so each panel is rounded and packed just before the rows pass
/// by, into memory that stays in the worker's second-level cache: no packed copy is ever written out.
/// </summary>
/// <param name="address">[rows, columns].</param>
/// <param name="rows">K, or N where the transpose is meant.</param>
/// <param name="columns">N, or K; a multiple of 16.</param>
/// <param name="transposed">Whether the right side is the transpose.</param>
internal readonly unsafe struct WeightMatrix<T>(float* address, int rows, int columns, bool transposed) where T : unmanaged, IElement<T>
{
    private const int Block = Product<T>.Block;

    /// <summary>Elements that <see cref="Pack"/> needs for a panel of that inner size.</summary>
    public static long PanelSize(int inner) => (long)Product<T>.Padded(inner) * Block;

    /// <summary>Packs 64 columns as [count / PerWord][64] words; what lies outside of the matrix is 0.</summary>
    /// <param name="inner">First inner element.</param>
    /// <param name="count">Inner elements, a multiple of 16.</param>
    /// <param name="column">First column.</param>
    /// <param name="edge">Scratch of <see cref="PanelSize"/> elements.</param>
    /// <param name="packed">Receives them.</param>
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

    /// <summary>Part of the matrix: where it is, or in a copy with zeros around where it goes beyond the edge.</summary>
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
