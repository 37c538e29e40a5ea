using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Foreword.Numerics;

namespace Foreword.Cpu.Kernels;

// K inputs, N outputs. Weights are stored in panels of 16 outputs, [N / 16][K][16]. A panel is read from start to end, whatever the vector width. The
// register tiles are written out with one local for each register, because the JIT keeps locals in registers, but not arrays.

/// <summary>
/// Multiplies float32 rows with float32 panels. The code uses the portable vectors of .NET: 512-bit tiles where .NET reports 512-bit hardware vectors
/// (AVX-512), otherwise 256-bit tiles (AVX2 with FMA, through <see cref="Float32Tiles"/>; slower vectors on other processors).
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

    /// <summary>Prefetch distance in floats: weights are prefetched 48 cache lines before they are multiplied.</summary>
    private const int Ahead = 48 * Panel;

    /// <summary>
    /// Computes y[16 panels] = x[K] W. The panels are read once: four side by side, or two with 256-bit vectors, because a single stream does not use
    /// the full memory bandwidth.
    /// </summary>
    public static void MultiplyRow(int K, float* x, float* w, int panels, float* y)
    {
        long panelFloats = (long)K * Panel;
        int panel = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            for (; panel + 4 <= panels; panel += 4)
                RowTimesPanels512(K, x, w + panel * panelFloats, panelFloats, y + panel * Panel);
        }

        for (; panel + 2 <= panels; panel += 2)
            RowTimesPanels256(K, x, w + panel * panelFloats, panelFloats, y + panel * Panel);
        for (; panel < panels; panel++)
            RowTimesPanel(K, x, w + panel * panelFloats, y + panel * Panel);
    }

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
                    Tile8x48(inputs, inputRows, xStride, weights, panelStride, outputRows, yStride, add, elsewhere ? next : weights + Ahead, elsewhere ? nextStride : panelStride);
                else
                    Tile8x16(inputs, inputRows, xStride, weights, outputRows, yStride, add);
            }
        }
    }

    /// <summary>Multiplies a row with four panels. Each output has two sums, over even and odd inputs.</summary>
    [MethodImpl(Compiled.Apart)]
    private static void RowTimesPanels512(int K, float* x, float* w, long panelStride, float* y)
    {
        float* w1 = w + panelStride;
        float* w2 = w1 + panelStride;
        float* w3 = w2 + panelStride;
        Vector512<float> a0 = default, b0 = default, a1 = default, b1 = default, a2 = default, b2 = default, a3 = default, b3 = default;
        int k = 0;
        for (; k + 2 <= K; k += 2, w += 2 * Panel, w1 += 2 * Panel, w2 += 2 * Panel, w3 += 2 * Panel)
        {
            Vector512<float> even = Vector512.Create(x[k]), odd = Vector512.Create(x[k + 1]);
            a0 = Vector512.FusedMultiplyAdd(even, Vector512.Load(w), a0);
            b0 = Vector512.FusedMultiplyAdd(odd, Vector512.Load(w + Panel), b0);
            a1 = Vector512.FusedMultiplyAdd(even, Vector512.Load(w1), a1);
            b1 = Vector512.FusedMultiplyAdd(odd, Vector512.Load(w1 + Panel), b1);
            a2 = Vector512.FusedMultiplyAdd(even, Vector512.Load(w2), a2);
            b2 = Vector512.FusedMultiplyAdd(odd, Vector512.Load(w2 + Panel), b2);
            a3 = Vector512.FusedMultiplyAdd(even, Vector512.Load(w3), a3);
            b3 = Vector512.FusedMultiplyAdd(odd, Vector512.Load(w3 + Panel), b3);
        }

        if (k < K)
        {
            Vector512<float> last = Vector512.Create(x[k]);
            a0 = Vector512.FusedMultiplyAdd(last, Vector512.Load(w), a0);
            a1 = Vector512.FusedMultiplyAdd(last, Vector512.Load(w1), a1);
            a2 = Vector512.FusedMultiplyAdd(last, Vector512.Load(w2), a2);
            a3 = Vector512.FusedMultiplyAdd(last, Vector512.Load(w3), a3);
        }

        (a0 + b0).Store(y);
        (a1 + b1).Store(y + Panel);
        (a2 + b2).Store(y + 2 * Panel);
        (a3 + b3).Store(y + 3 * Panel);
    }

    /// <summary>
    /// Multiplies a row with two panels, in the same order of summation as <see cref="RowTimesPanels512"/>. More sums do not fit the 16 registers.
    /// </summary>
    [MethodImpl(Compiled.Apart)]
    private static void RowTimesPanels256(int K, float* x, float* w, long panelStride, float* y)
    {
        float* w1 = w + panelStride;
        Vector256<float> a0 = default, b0 = default, c0 = default, d0 = default, a1 = default, b1 = default, c1 = default, d1 = default;
        int k = 0;
        for (; k + 2 <= K; k += 2, w += 2 * Panel, w1 += 2 * Panel)
        {
            Vector256<float> even = Vector256.Create(x[k]), odd = Vector256.Create(x[k + 1]);
            a0 = Vector256.FusedMultiplyAdd(even, Vector256.Load(w), a0);
            b0 = Vector256.FusedMultiplyAdd(even, Vector256.Load(w + 8), b0);
            c0 = Vector256.FusedMultiplyAdd(odd, Vector256.Load(w + 16), c0);
            d0 = Vector256.FusedMultiplyAdd(odd, Vector256.Load(w + 24), d0);
            a1 = Vector256.FusedMultiplyAdd(even, Vector256.Load(w1), a1);
            b1 = Vector256.FusedMultiplyAdd(even, Vector256.Load(w1 + 8), b1);
            c1 = Vector256.FusedMultiplyAdd(odd, Vector256.Load(w1 + 16), c1);
            d1 = Vector256.FusedMultiplyAdd(odd, Vector256.Load(w1 + 24), d1);
        }

        if (k < K)
        {
            Vector256<float> last = Vector256.Create(x[k]);
            a0 = Vector256.FusedMultiplyAdd(last, Vector256.Load(w), a0);
            b0 = Vector256.FusedMultiplyAdd(last, Vector256.Load(w + 8), b0);
            a1 = Vector256.FusedMultiplyAdd(last, Vector256.Load(w1), a1);
            b1 = Vector256.FusedMultiplyAdd(last, Vector256.Load(w1 + 8), b1);
        }

        (a0 + c0).Store(y);
        (b0 + d0).Store(y + 8);
        (a1 + c1).Store(y + Panel);
        (b1 + d1).Store(y + Panel + 8);
    }

    /// <summary>Multiplies a row with one panel, in the same order of summation as <see cref="RowTimesPanels512"/>.</summary>
    [MethodImpl(Compiled.Apart)]
    private static void RowTimesPanel(int K, float* x, float* w, float* y)
    {
        Vector256<float> a = default, b = default, c = default, d = default;
        int k = 0;
        for (; k + 2 <= K; k += 2, w += 2 * Panel)
        {
            Vector256<float> first = Vector256.Create(x[k]), second = Vector256.Create(x[k + 1]);
            a = Vector256.FusedMultiplyAdd(first, Vector256.Load(w), a);
            b = Vector256.FusedMultiplyAdd(first, Vector256.Load(w + 8), b);
            c = Vector256.FusedMultiplyAdd(second, Vector256.Load(w + 16), c);
            d = Vector256.FusedMultiplyAdd(second, Vector256.Load(w + 24), d);
        }

        if (k < K)
        {
            a = Vector256.FusedMultiplyAdd(Vector256.Create(x[k]), Vector256.Load(w), a);
            b = Vector256.FusedMultiplyAdd(Vector256.Create(x[k]), Vector256.Load(w + 8), b);
        }

        (a + c).Store(y);
        (b + d).Store(y + 8);
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

    /// <summary>Computes Y[8, 48] = or += X[8, K] W of 3 panels. 24 sums stay in registers.</summary>
    [MethodImpl(Compiled.Apart)]
    private static void Tile8x48(int K, float* x, int xStride, float* w, long panelStride, float* y, int yStride, bool add, float* ahead, long aheadStride)
    {
        float* x1 = x + xStride;
        float* x2 = x1 + xStride;
        float* x3 = x2 + xStride;
        float* x4 = x3 + xStride;
        float* x5 = x4 + xStride;
        float* x6 = x5 + xStride;
        float* x7 = x6 + xStride;
        Vector512<float> c00 = default, c01 = default, c02 = default;
        Vector512<float> c10 = default, c11 = default, c12 = default;
        Vector512<float> c20 = default, c21 = default, c22 = default;
        Vector512<float> c30 = default, c31 = default, c32 = default;
        Vector512<float> c40 = default, c41 = default, c42 = default;
        Vector512<float> c50 = default, c51 = default, c52 = default;
        Vector512<float> c60 = default, c61 = default, c62 = default;
        Vector512<float> c70 = default, c71 = default, c72 = default;
        for (int k = 0; k < K; k++, w += Panel, ahead += Panel)
        {
            Prefetch.Line(ahead);
            Prefetch.Line(ahead + aheadStride);
            Prefetch.Line(ahead + 2 * aheadStride);
            Vector512<float> w0 = Vector512.Load(w), w1 = Vector512.Load(w + panelStride), w2 = Vector512.Load(w + 2 * panelStride);
            Vector512<float> v0 = Vector512.Create(x[k]);
            c00 = Vector512.FusedMultiplyAdd(v0, w0, c00);
            c01 = Vector512.FusedMultiplyAdd(v0, w1, c01);
            c02 = Vector512.FusedMultiplyAdd(v0, w2, c02);
            Vector512<float> v1 = Vector512.Create(x1[k]);
            c10 = Vector512.FusedMultiplyAdd(v1, w0, c10);
            c11 = Vector512.FusedMultiplyAdd(v1, w1, c11);
            c12 = Vector512.FusedMultiplyAdd(v1, w2, c12);
            Vector512<float> v2 = Vector512.Create(x2[k]);
            c20 = Vector512.FusedMultiplyAdd(v2, w0, c20);
            c21 = Vector512.FusedMultiplyAdd(v2, w1, c21);
            c22 = Vector512.FusedMultiplyAdd(v2, w2, c22);
            Vector512<float> v3 = Vector512.Create(x3[k]);
            c30 = Vector512.FusedMultiplyAdd(v3, w0, c30);
            c31 = Vector512.FusedMultiplyAdd(v3, w1, c31);
            c32 = Vector512.FusedMultiplyAdd(v3, w2, c32);
            Vector512<float> v4 = Vector512.Create(x4[k]);
            c40 = Vector512.FusedMultiplyAdd(v4, w0, c40);
            c41 = Vector512.FusedMultiplyAdd(v4, w1, c41);
            c42 = Vector512.FusedMultiplyAdd(v4, w2, c42);
            Vector512<float> v5 = Vector512.Create(x5[k]);
            c50 = Vector512.FusedMultiplyAdd(v5, w0, c50);
            c51 = Vector512.FusedMultiplyAdd(v5, w1, c51);
            c52 = Vector512.FusedMultiplyAdd(v5, w2, c52);
            Vector512<float> v6 = Vector512.Create(x6[k]);
            c60 = Vector512.FusedMultiplyAdd(v6, w0, c60);
            c61 = Vector512.FusedMultiplyAdd(v6, w1, c61);
            c62 = Vector512.FusedMultiplyAdd(v6, w2, c62);
            Vector512<float> v7 = Vector512.Create(x7[k]);
            c70 = Vector512.FusedMultiplyAdd(v7, w0, c70);
            c71 = Vector512.FusedMultiplyAdd(v7, w1, c71);
            c72 = Vector512.FusedMultiplyAdd(v7, w2, c72);
        }

        Put3(y, add, c00, c01, c02);
        Put3(y + yStride, add, c10, c11, c12);
        Put3(y + 2 * yStride, add, c20, c21, c22);
        Put3(y + 3 * yStride, add, c30, c31, c32);
        Put3(y + 4 * yStride, add, c40, c41, c42);
        Put3(y + 5 * yStride, add, c50, c51, c52);
        Put3(y + 6 * yStride, add, c60, c61, c62);
        Put3(y + 7 * yStride, add, c70, c71, c72);
    }

    /// <summary>Computes Y[8, 16] = or += X[8, K] W of 1 panel. 8 sums stay in registers.</summary>
    [MethodImpl(Compiled.Apart)]
    private static void Tile8x16(int K, float* x, int xStride, float* w, float* y, int yStride, bool add)
    {
        float* x1 = x + xStride;
        float* x2 = x1 + xStride;
        float* x3 = x2 + xStride;
        float* x4 = x3 + xStride;
        float* x5 = x4 + xStride;
        float* x6 = x5 + xStride;
        float* x7 = x6 + xStride;
        Vector512<float> c00 = default;
        Vector512<float> c10 = default;
        Vector512<float> c20 = default;
        Vector512<float> c30 = default;
        Vector512<float> c40 = default;
        Vector512<float> c50 = default;
        Vector512<float> c60 = default;
        Vector512<float> c70 = default;
        for (int k = 0; k < K; k++, w += Panel)
        {
            Vector512<float> w0 = Vector512.Load(w);
            Vector512<float> v0 = Vector512.Create(x[k]);
            c00 = Vector512.FusedMultiplyAdd(v0, w0, c00);
            Vector512<float> v1 = Vector512.Create(x1[k]);
            c10 = Vector512.FusedMultiplyAdd(v1, w0, c10);
            Vector512<float> v2 = Vector512.Create(x2[k]);
            c20 = Vector512.FusedMultiplyAdd(v2, w0, c20);
            Vector512<float> v3 = Vector512.Create(x3[k]);
            c30 = Vector512.FusedMultiplyAdd(v3, w0, c30);
            Vector512<float> v4 = Vector512.Create(x4[k]);
            c40 = Vector512.FusedMultiplyAdd(v4, w0, c40);
            Vector512<float> v5 = Vector512.Create(x5[k]);
            c50 = Vector512.FusedMultiplyAdd(v5, w0, c50);
            Vector512<float> v6 = Vector512.Create(x6[k]);
            c60 = Vector512.FusedMultiplyAdd(v6, w0, c60);
            Vector512<float> v7 = Vector512.Create(x7[k]);
            c70 = Vector512.FusedMultiplyAdd(v7, w0, c70);
        }

        Put1(y, add, c00);
        Put1(y + yStride, add, c10);
        Put1(y + 2 * yStride, add, c20);
        Put1(y + 3 * yStride, add, c30);
        Put1(y + 4 * yStride, add, c40);
        Put1(y + 5 * yStride, add, c50);
        Put1(y + 6 * yStride, add, c60);
        Put1(y + 7 * yStride, add, c70);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put1(float* y, bool add, Vector512<float> a) => (add ? a + Vector512.Load(y) : a).Store(y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put3(float* y, bool add, Vector512<float> a, Vector512<float> b, Vector512<float> c)
    {
        Put1(y, add, a);
        Put1(y + 16, add, b);
        Put1(y + 32, add, c);
    }
}
