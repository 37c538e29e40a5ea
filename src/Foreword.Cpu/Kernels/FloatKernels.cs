using System.Runtime.Intrinsics;
using Foreword.Numerics;

namespace Foreword.Cpu.Kernels;

// K inputs, N outputs. Weights are stored in panels of 16 outputs, [N / 16][K][16]. A panel is read from start to end with every vector width.
// This file divides a product into tiles. The tiles are in PanelTiles (512 bits, and one row) and in Float32Tiles (256 bits).

/// <summary>
/// Multiplies float32 rows with float32 panels. It uses 512-bit tiles where .NET reports 512-bit hardware vectors (AVX-512), otherwise 256-bit tiles
/// (AVX2 with FMA, through <see cref="Float32Tiles"/>; slower vectors on other processors).
/// </summary>
internal static unsafe class FloatKernels
{
    /// <summary>Number of outputs of a panel.</summary>
    public const int Panel = 16;

    /// <summary>Number of panels of a wide register tile.</summary>
    public const int TilePanels = 3;

    /// <summary>Number of inputs of a pass. With this many inputs, three panels stay in the second-level cache while all rows are processed.</summary>
    public const int PassInputs = 384;

    /// <summary>
    /// Number of panels that a group of rows is multiplied with before the next group of rows, with 256-bit vectors. The panels fill half of a
    /// second-level cache of 256 KB.
    /// </summary>
    private const int Panels256 = 5;

    /// <summary>
    /// Largest number of rows for which the products keep up with reading the weights from memory. A group of panels is then read to its end before the
    /// next group.
    /// </summary>
    public const int FewRows = 16;

    /// <summary>
    /// Number of bytes of the next weights that a tile of 4 rows prefetches for each input: half a cache line. The first eight rows therefore prefetch
    /// everything.
    /// </summary>
    public const int PrefetchedByTile = 2 * Panel;

    /// <summary>Prefetch distance in lanes of 32 bits: weights are prefetched 48 cache lines before they are multiplied.</summary>
    public const int Ahead = 48 * Panel;

    /// <inheritdoc cref="PanelTiles{W}.MultiplyRow"/>
    public static void MultiplyRow(int K, float* x, float* w, int panels, float* y) => PanelTiles<Float32Weights>.MultiplyRow(K, x, (uint*)w, panels, y);

    /// <summary>Computes Y[rows, 16 panels] = X[rows, K] W.</summary>
    /// <param name="rows">Number of rows of X and Y, a multiple of 8.</param>
    /// <param name="K">Number of inputs.</param>
    /// <param name="x">X; its rows are <paramref name="xStride"/> elements apart.</param>
    /// <param name="xStride">Elements from row to row of X.</param>
    /// <param name="w">The panels; they are <paramref name="panelStride"/> elements apart.</param>
    /// <param name="panelStride">Elements from panel to panel.</param>
    /// <param name="panels">Number of panels.</param>
    /// <param name="y">Y.</param>
    /// <param name="yStride">Elements from row to row of Y.</param>
    /// <param name="add">True to add to Y instead of overwriting it.</param>
    /// <param name="next">
    /// Memory that the first tile of three panels prefetches: three streams, each with as many bytes as a panel. Null: the tile prefetches its own
    /// later weights.
    /// </param>
    /// <param name="nextStride">Elements from one of these streams to the next.</param>
    public static void MultiplyRows(int rows, int K, float* x, int xStride, float* w, long panelStride, int panels, float* y, int yStride, bool add = false, float* next = null, long nextStride = 0)
    {
        int together = rows <= FewRows ? TilePanels : panels;
        for (int first = 0; first < panels; first += together)
        {
            for (int k = 0; k < K; k += PassInputs)
                Pass(rows, Math.Min(PassInputs, K - k), x + k, xStride, w + first * panelStride + (long)k * Panel, panelStride, Math.Min(together, panels - first), y + first * Panel, yStride, add || k > 0, next, nextStride);
        }
    }

    /// <summary>
    /// Computes the same product for at most <see cref="FewRows"/> rows with 256-bit vectors. Weights are read in one stream, and the tiles prefetch
    /// the weights of the next pass while they multiply. Compared with relying on the processor's own prefetcher, this is 1.8 times as fast for
    /// bfloat16 and 1.5 times for float32.
    /// </summary>
    /// <param name="rows">Number of rows, a multiple of 4.</param>
    /// <param name="K">Number of inputs.</param>
    /// <param name="x">X.</param>
    /// <param name="xStride">Elements from row to row of X.</param>
    /// <param name="w">The panels, stored one after the other.</param>
    /// <param name="panels">Number of panels.</param>
    /// <param name="y">Y.</param>
    /// <param name="yStride">Elements from row to row of Y.</param>
    /// <param name="next">The memory that is read after the last panel. Null: the memory that follows the last panel.</param>
    public static void MultiplyFewRows(int rows, int K, float* x, int xStride, float* w, int panels, float* y, int yStride, byte* next)
    {
        for (int panel = 0; panel < panels; panel++, y += Panel)
        {
            for (int k = 0, inputs; k < K; k += inputs, w += inputs * Panel)
            {
                inputs = Math.Min(PassInputs, K - k);
                byte* ahead = next is not null && panel == panels - 1 && k + inputs == K ? next : (byte*)(w + inputs * Panel);
                int step = PrefetchedByTile;
                for (int row = 0; row < rows; row += 4, ahead += inputs * step, step = row < 8 ? step : 0)
                    Float32Tiles.Tile4(inputs, x + (long)row * xStride + k, xStride, w, Panel, y + (long)row * yStride, yStride, add: k > 0, ahead, step);
            }
        }
    }

    private static void Pass(int rows, int inputs, float* x, int xStride, float* w, long panelStride, int panels, float* y, int yStride, bool add, float* next, long nextStride)
    {
        if (!Vector512.IsHardwareAccelerated)
        {
            Pass256(rows, inputs, x, xStride, w, panelStride, panels, y, yStride, add);
            return;
        }

        for (int panel = 0, wide; panel < panels; panel += wide)
        {
            float* weights = w + panel * panelStride;
            wide = panels - panel >= TilePanels ? TilePanels : 1;
            for (int row = 0; row < rows; row += 8)
            {
                bool elsewhere = next is not null && row == 0; // one prefetch is enough
                float* inputRows = x + (long)row * xStride, outputRows = y + (long)row * yStride + panel * Panel;
                if (wide == TilePanels)
                    PanelTiles<Float32Weights>.Tile8x48(inputs, inputRows, xStride, (uint*)weights, panelStride, outputRows, yStride, add, (uint*)(elsewhere ? next : weights + Ahead), elsewhere ? nextStride : panelStride);
                else
                    PanelTiles<Float32Weights>.Tile8x16(inputs, inputRows, xStride, (uint*)weights, outputRows, yStride, add);
            }
        }
    }

    /// <summary>Multiplies all rows with one pass of inputs in vectors of 256 bits or less.</summary>
    private static void Pass256(int rows, int inputs, float* x, int xStride, float* w, long panelStride, int panels, float* y, int yStride, bool add)
    {
        for (int first = 0; first < panels; first += Panels256)
        {
            for (int row = 0, count; row < rows; row += count)
            {
                count = Float32Tiles.RowsOfNext(rows - row);
                for (int panel = first; panel < Math.Min(panels, first + Panels256); panel++)
                    Float32Tiles.Tile(count, inputs, x + (long)row * xStride, xStride, w + panel * panelStride, Panel, y + (long)row * yStride + panel * Panel, yStride, add);
            }
        }
    }
}
