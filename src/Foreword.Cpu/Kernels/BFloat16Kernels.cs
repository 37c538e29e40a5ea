using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Foreword.Numerics;

namespace Foreword.Cpu.Kernels;

// Weights in bfloat16 are stored in panels of 16 outputs, [K / 2][16][2]. A 32-bit lane holds the weights of two inputs for one output, so that a shift
// and a mask convert them to float32.

/// <summary>
/// Multiplies float32 rows with bfloat16 panels and sums in float32. The code uses the portable vectors of .NET. Tiles of 512 bits are used where .NET
/// reports 512-bit hardware vectors (AVX-512). Other processors use tiles of 256 bits (AVX2) for a few rows, and <see cref="FloatKernels"/> for more.
/// </summary>
internal static unsafe class BFloat16Kernels
{
    private const int Panel = FloatKernels.Panel;

    /// <summary>Prefetch distance in 32-bit lanes: weights are prefetched 48 cache lines before they are multiplied.</summary>
    private const int Ahead = 48 * Panel;

    /// <summary>Computes y[16 panels] = x W. The panels are read once: four side by side, or two with 256-bit vectors.</summary>
    /// <param name="pairs">K / 2, the number of input pairs.</param>
    /// <param name="x">The input row, 2 pairs floats.</param>
    /// <param name="w">The panels.</param>
    /// <param name="panels">Number of panels.</param>
    /// <param name="y">Receives the outputs.</param>
    public static void MultiplyRow(int pairs, float* x, ushort* w, int panels, float* y)
    {
        uint* lanes = (uint*)w;
        long panelLanes = (long)pairs * Panel;
        int panel = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            for (; panel + 4 <= panels; panel += 4)
                RowTimesPanels512(pairs, x, lanes + panel * panelLanes, panelLanes, y + panel * Panel);
        }

        for (; panel + 2 <= panels; panel += 2)
            RowTimesPanels256(pairs, x, lanes + panel * panelLanes, panelLanes, y + panel * Panel);
        for (; panel < panels; panel++)
            RowTimesPanel(pairs, x, lanes + panel * panelLanes, y + panel * Panel);
    }

    /// <summary>Writes a panel's inputs as float32, [K][16].</summary>
    [MethodImpl(Compiled.Apart)]
    public static void WidenPanel(int pairs, ushort* w, float* floats)
    {
        Vector512<uint> upper = Vector512.Create(0xffff0000u);
        for (int i = 0; i < pairs; i++, w += 2 * Panel, floats += 2 * Panel)
        {
            Vector512<uint> pair = Vector512.Load((uint*)w);
            (pair << 16).AsSingle().Store(floats);
            (pair & upper).AsSingle().Store(floats + Panel);
        }
    }

    /// <summary>
    /// Computes Y[8, 16 panels] = or += X[8, K] W for a few rows. Weights are widened in registers. The order of summation is that of
    /// <see cref="FloatKernels.MultiplyRows"/>.
    /// </summary>
    /// <param name="pairs">K / 2, the number of input pairs.</param>
    /// <param name="x">X.</param>
    /// <param name="xStride">Elements from row to row of X.</param>
    /// <param name="w">The panels.</param>
    /// <param name="panelStride">Weights from panel to panel.</param>
    /// <param name="panels">Number of panels: 1 or 3.</param>
    /// <param name="y">Y.</param>
    /// <param name="yStride">Elements from row to row of Y.</param>
    /// <param name="add">True to add to Y instead of overwriting it.</param>
    public static void MultiplyEight(int pairs, float* x, int xStride, ushort* w, long panelStride, int panels, float* y, int yStride, bool add)
    {
        if (panels == FloatKernels.TilePanels)
            Tile8x48(pairs, x, xStride, (uint*)w, panelStride / 2, y, yStride, add);
        else
            Tile8x16(pairs, x, xStride, (uint*)w, y, yStride, add);
    }

    /// <summary>Multiplies a few rows in 256-bit vectors, like <see cref="FloatKernels.MultiplyFewRows"/>. Weights are widened in registers.</summary>
    public static void MultiplyFewRows(int rows, int pairs, float* x, int xStride, ushort* w, int panels, float* y, int yStride, byte* next)
    {
        for (int panel = 0; panel < panels; panel++, y += Panel)
        {
            for (int pair = 0, count; pair < pairs; pair += count, w += 2 * count * Panel)
            {
                count = Math.Min(FloatKernels.PassInputs / 2, pairs - pair);
                byte* ahead = next is not null && panel == panels - 1 && pair + count == pairs ? next : (byte*)(w + 2 * count * Panel);
                int step = FloatKernels.PrefetchedByTile;
                for (int row = 0; row < rows; row += 4, ahead += count * step, step = row < 8 ? step : 0)
                    Tile4x16(count, x + (long)row * xStride + 2 * pair, xStride, (uint*)w, y + (long)row * yStride, yStride, add: pair > 0, ahead, step);
            }
        }
    }

    /// <summary>
    /// Computes Y[4, 16] = or += X[4, K] W of 1 panel in 256-bit vectors. For each pair of inputs, the next <paramref name="nextStep"/> bytes of the
    /// memory to be read next are prefetched.
    /// </summary>
    [MethodImpl(Compiled.Apart)]
    private static void Tile4x16(int pairs, float* x, int xStride, uint* w, float* y, int yStride, bool add, byte* next, int nextStep)
    {
        float* x1 = x + xStride;
        float* x2 = x1 + xStride;
        float* x3 = x2 + xStride;
        Vector256<uint> upper = Vector256.Create(0xffff0000u);
        Vector256<float> a0 = default, b0 = default, a1 = default, b1 = default, a2 = default, b2 = default, a3 = default, b3 = default;
        for (int k = 0; k < 2 * pairs; k += 2, w += Panel, next += nextStep)
        {
            Prefetch.Line(next);
            Vector256<uint> lowPair = Vector256.Load(w), highPair = Vector256.Load(w + 8);
            Vector256<float> low = (lowPair << 16).AsSingle(), high = (highPair << 16).AsSingle();
            Vector256<float> v = Vector256.Create(x[k]);
            a0 = Vector256.FusedMultiplyAdd(v, low, a0);
            b0 = Vector256.FusedMultiplyAdd(v, high, b0);
            v = Vector256.Create(x1[k]);
            a1 = Vector256.FusedMultiplyAdd(v, low, a1);
            b1 = Vector256.FusedMultiplyAdd(v, high, b1);
            v = Vector256.Create(x2[k]);
            a2 = Vector256.FusedMultiplyAdd(v, low, a2);
            b2 = Vector256.FusedMultiplyAdd(v, high, b2);
            v = Vector256.Create(x3[k]);
            a3 = Vector256.FusedMultiplyAdd(v, low, a3);
            b3 = Vector256.FusedMultiplyAdd(v, high, b3);
            low = (lowPair & upper).AsSingle();
            high = (highPair & upper).AsSingle();
            v = Vector256.Create(x[k + 1]);
            a0 = Vector256.FusedMultiplyAdd(v, low, a0);
            b0 = Vector256.FusedMultiplyAdd(v, high, b0);
            v = Vector256.Create(x1[k + 1]);
            a1 = Vector256.FusedMultiplyAdd(v, low, a1);
            b1 = Vector256.FusedMultiplyAdd(v, high, b1);
            v = Vector256.Create(x2[k + 1]);
            a2 = Vector256.FusedMultiplyAdd(v, low, a2);
            b2 = Vector256.FusedMultiplyAdd(v, high, b2);
            v = Vector256.Create(x3[k + 1]);
            a3 = Vector256.FusedMultiplyAdd(v, low, a3);
            b3 = Vector256.FusedMultiplyAdd(v, high, b3);
        }

        Put(y, add, a0, b0);
        Put(y + yStride, add, a1, b1);
        Put(y + 2L * yStride, add, a2, b2);
        Put(y + 3L * yStride, add, a3, b3);
    }

    /// <summary>
    /// Computes Y[8, 48] = or += X[8, K] W of 3 panels. 24 sums stay in registers, together with the weights of the even inputs and then of the odd
    /// inputs.
    /// </summary>
    [MethodImpl(Compiled.Apart)]
    private static void Tile8x48(int pairs, float* x, int xStride, uint* w, long panelStride, float* y, int yStride, bool add)
    {
        float* x1 = x + xStride;
        float* x2 = x1 + xStride;
        float* x3 = x2 + xStride;
        float* x4 = x3 + xStride;
        float* x5 = x4 + xStride;
        float* x6 = x5 + xStride;
        float* x7 = x6 + xStride;
        Vector512<uint> upper = Vector512.Create(0xffff0000u);
        Vector512<float> c00 = default, c01 = default, c02 = default;
        Vector512<float> c10 = default, c11 = default, c12 = default;
        Vector512<float> c20 = default, c21 = default, c22 = default;
        Vector512<float> c30 = default, c31 = default, c32 = default;
        Vector512<float> c40 = default, c41 = default, c42 = default;
        Vector512<float> c50 = default, c51 = default, c52 = default;
        Vector512<float> c60 = default, c61 = default, c62 = default;
        Vector512<float> c70 = default, c71 = default, c72 = default;
        for (int k = 0; k < 2 * pairs; k += 2, w += Panel)
        {
            Prefetch.Line(w + Ahead);
            Prefetch.Line(w + panelStride + Ahead);
            Prefetch.Line(w + 2 * panelStride + Ahead);
            Vector512<float> w0 = (Vector512.Load(w) << 16).AsSingle(), w1 = (Vector512.Load(w + panelStride) << 16).AsSingle(), w2 = (Vector512.Load(w + 2 * panelStride) << 16).AsSingle();
            Vector512<float> v = Vector512.Create(x[k]);
            c00 = Vector512.FusedMultiplyAdd(v, w0, c00);
            c01 = Vector512.FusedMultiplyAdd(v, w1, c01);
            c02 = Vector512.FusedMultiplyAdd(v, w2, c02);
            v = Vector512.Create(x1[k]);
            c10 = Vector512.FusedMultiplyAdd(v, w0, c10);
            c11 = Vector512.FusedMultiplyAdd(v, w1, c11);
            c12 = Vector512.FusedMultiplyAdd(v, w2, c12);
            v = Vector512.Create(x2[k]);
            c20 = Vector512.FusedMultiplyAdd(v, w0, c20);
            c21 = Vector512.FusedMultiplyAdd(v, w1, c21);
            c22 = Vector512.FusedMultiplyAdd(v, w2, c22);
            v = Vector512.Create(x3[k]);
            c30 = Vector512.FusedMultiplyAdd(v, w0, c30);
            c31 = Vector512.FusedMultiplyAdd(v, w1, c31);
            c32 = Vector512.FusedMultiplyAdd(v, w2, c32);
            v = Vector512.Create(x4[k]);
            c40 = Vector512.FusedMultiplyAdd(v, w0, c40);
            c41 = Vector512.FusedMultiplyAdd(v, w1, c41);
            c42 = Vector512.FusedMultiplyAdd(v, w2, c42);
            v = Vector512.Create(x5[k]);
            c50 = Vector512.FusedMultiplyAdd(v, w0, c50);
            c51 = Vector512.FusedMultiplyAdd(v, w1, c51);
            c52 = Vector512.FusedMultiplyAdd(v, w2, c52);
            v = Vector512.Create(x6[k]);
            c60 = Vector512.FusedMultiplyAdd(v, w0, c60);
            c61 = Vector512.FusedMultiplyAdd(v, w1, c61);
            c62 = Vector512.FusedMultiplyAdd(v, w2, c62);
            v = Vector512.Create(x7[k]);
            c70 = Vector512.FusedMultiplyAdd(v, w0, c70);
            c71 = Vector512.FusedMultiplyAdd(v, w1, c71);
            c72 = Vector512.FusedMultiplyAdd(v, w2, c72);
            w0 = (Vector512.Load(w) & upper).AsSingle();
            w1 = (Vector512.Load(w + panelStride) & upper).AsSingle();
            w2 = (Vector512.Load(w + 2 * panelStride) & upper).AsSingle();
            v = Vector512.Create(x[k + 1]);
            c00 = Vector512.FusedMultiplyAdd(v, w0, c00);
            c01 = Vector512.FusedMultiplyAdd(v, w1, c01);
            c02 = Vector512.FusedMultiplyAdd(v, w2, c02);
            v = Vector512.Create(x1[k + 1]);
            c10 = Vector512.FusedMultiplyAdd(v, w0, c10);
            c11 = Vector512.FusedMultiplyAdd(v, w1, c11);
            c12 = Vector512.FusedMultiplyAdd(v, w2, c12);
            v = Vector512.Create(x2[k + 1]);
            c20 = Vector512.FusedMultiplyAdd(v, w0, c20);
            c21 = Vector512.FusedMultiplyAdd(v, w1, c21);
            c22 = Vector512.FusedMultiplyAdd(v, w2, c22);
            v = Vector512.Create(x3[k + 1]);
            c30 = Vector512.FusedMultiplyAdd(v, w0, c30);
            c31 = Vector512.FusedMultiplyAdd(v, w1, c31);
            c32 = Vector512.FusedMultiplyAdd(v, w2, c32);
            v = Vector512.Create(x4[k + 1]);
            c40 = Vector512.FusedMultiplyAdd(v, w0, c40);
            c41 = Vector512.FusedMultiplyAdd(v, w1, c41);
            c42 = Vector512.FusedMultiplyAdd(v, w2, c42);
            v = Vector512.Create(x5[k + 1]);
            c50 = Vector512.FusedMultiplyAdd(v, w0, c50);
            c51 = Vector512.FusedMultiplyAdd(v, w1, c51);
            c52 = Vector512.FusedMultiplyAdd(v, w2, c52);
            v = Vector512.Create(x6[k + 1]);
            c60 = Vector512.FusedMultiplyAdd(v, w0, c60);
            c61 = Vector512.FusedMultiplyAdd(v, w1, c61);
            c62 = Vector512.FusedMultiplyAdd(v, w2, c62);
            v = Vector512.Create(x7[k + 1]);
            c70 = Vector512.FusedMultiplyAdd(v, w0, c70);
            c71 = Vector512.FusedMultiplyAdd(v, w1, c71);
            c72 = Vector512.FusedMultiplyAdd(v, w2, c72);
        }

        Put(y, add, c00);
        Put(y + 16, add, c01);
        Put(y + 32, add, c02);
        Put(y + yStride, add, c10);
        Put(y + yStride + 16, add, c11);
        Put(y + yStride + 32, add, c12);
        Put(y + 2 * yStride, add, c20);
        Put(y + 2 * yStride + 16, add, c21);
        Put(y + 2 * yStride + 32, add, c22);
        Put(y + 3 * yStride, add, c30);
        Put(y + 3 * yStride + 16, add, c31);
        Put(y + 3 * yStride + 32, add, c32);
        Put(y + 4 * yStride, add, c40);
        Put(y + 4 * yStride + 16, add, c41);
        Put(y + 4 * yStride + 32, add, c42);
        Put(y + 5 * yStride, add, c50);
        Put(y + 5 * yStride + 16, add, c51);
        Put(y + 5 * yStride + 32, add, c52);
        Put(y + 6 * yStride, add, c60);
        Put(y + 6 * yStride + 16, add, c61);
        Put(y + 6 * yStride + 32, add, c62);
        Put(y + 7 * yStride, add, c70);
        Put(y + 7 * yStride + 16, add, c71);
        Put(y + 7 * yStride + 32, add, c72);
    }

    /// <summary>Computes Y[8, 16] = or += X[8, K] W of 1 panel.</summary>
    [MethodImpl(Compiled.Apart)]
    private static void Tile8x16(int pairs, float* x, int xStride, uint* w, float* y, int yStride, bool add)
    {
        float* x1 = x + xStride;
        float* x2 = x1 + xStride;
        float* x3 = x2 + xStride;
        float* x4 = x3 + xStride;
        float* x5 = x4 + xStride;
        float* x6 = x5 + xStride;
        float* x7 = x6 + xStride;
        Vector512<uint> upper = Vector512.Create(0xffff0000u);
        Vector512<float> c00 = default;
        Vector512<float> c10 = default;
        Vector512<float> c20 = default;
        Vector512<float> c30 = default;
        Vector512<float> c40 = default;
        Vector512<float> c50 = default;
        Vector512<float> c60 = default;
        Vector512<float> c70 = default;
        for (int k = 0; k < 2 * pairs; k += 2, w += Panel)
        {
            Prefetch.Line(w + Ahead);
            Vector512<float> w0 = (Vector512.Load(w) << 16).AsSingle();
            c00 = Vector512.FusedMultiplyAdd(Vector512.Create(x[k]), w0, c00);
            c10 = Vector512.FusedMultiplyAdd(Vector512.Create(x1[k]), w0, c10);
            c20 = Vector512.FusedMultiplyAdd(Vector512.Create(x2[k]), w0, c20);
            c30 = Vector512.FusedMultiplyAdd(Vector512.Create(x3[k]), w0, c30);
            c40 = Vector512.FusedMultiplyAdd(Vector512.Create(x4[k]), w0, c40);
            c50 = Vector512.FusedMultiplyAdd(Vector512.Create(x5[k]), w0, c50);
            c60 = Vector512.FusedMultiplyAdd(Vector512.Create(x6[k]), w0, c60);
            c70 = Vector512.FusedMultiplyAdd(Vector512.Create(x7[k]), w0, c70);
            w0 = (Vector512.Load(w) & upper).AsSingle();
            c00 = Vector512.FusedMultiplyAdd(Vector512.Create(x[k + 1]), w0, c00);
            c10 = Vector512.FusedMultiplyAdd(Vector512.Create(x1[k + 1]), w0, c10);
            c20 = Vector512.FusedMultiplyAdd(Vector512.Create(x2[k + 1]), w0, c20);
            c30 = Vector512.FusedMultiplyAdd(Vector512.Create(x3[k + 1]), w0, c30);
            c40 = Vector512.FusedMultiplyAdd(Vector512.Create(x4[k + 1]), w0, c40);
            c50 = Vector512.FusedMultiplyAdd(Vector512.Create(x5[k + 1]), w0, c50);
            c60 = Vector512.FusedMultiplyAdd(Vector512.Create(x6[k + 1]), w0, c60);
            c70 = Vector512.FusedMultiplyAdd(Vector512.Create(x7[k + 1]), w0, c70);
        }

        Put(y, add, c00);
        Put(y + yStride, add, c10);
        Put(y + 2 * yStride, add, c20);
        Put(y + 3 * yStride, add, c30);
        Put(y + 4 * yStride, add, c40);
        Put(y + 5 * yStride, add, c50);
        Put(y + 6 * yStride, add, c60);
        Put(y + 7 * yStride, add, c70);
    }

    /// <summary>Multiplies a row with four panels. Each output has two sums, over even and odd inputs.</summary>
    [MethodImpl(Compiled.Apart)]
    private static void RowTimesPanels512(int pairs, float* x, uint* w, long panelStride, float* y)
    {
        uint* w1 = w + panelStride;
        uint* w2 = w1 + panelStride;
        uint* w3 = w2 + panelStride;
        Vector512<uint> upper = Vector512.Create(0xffff0000u);
        Vector512<float> a0 = default, b0 = default, a1 = default, b1 = default, a2 = default, b2 = default, a3 = default, b3 = default;
        for (int i = 0; i < pairs; i++, x += 2, w += Panel, w1 += Panel, w2 += Panel, w3 += Panel)
        {
            Vector512<float> even = Vector512.Create(x[0]), odd = Vector512.Create(x[1]);
            Vector512<uint> pair = Vector512.Load(w);
            a0 = Vector512.FusedMultiplyAdd(even, (pair << 16).AsSingle(), a0);
            b0 = Vector512.FusedMultiplyAdd(odd, (pair & upper).AsSingle(), b0);
            pair = Vector512.Load(w1);
            a1 = Vector512.FusedMultiplyAdd(even, (pair << 16).AsSingle(), a1);
            b1 = Vector512.FusedMultiplyAdd(odd, (pair & upper).AsSingle(), b1);
            pair = Vector512.Load(w2);
            a2 = Vector512.FusedMultiplyAdd(even, (pair << 16).AsSingle(), a2);
            b2 = Vector512.FusedMultiplyAdd(odd, (pair & upper).AsSingle(), b2);
            pair = Vector512.Load(w3);
            a3 = Vector512.FusedMultiplyAdd(even, (pair << 16).AsSingle(), a3);
            b3 = Vector512.FusedMultiplyAdd(odd, (pair & upper).AsSingle(), b3);
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
    private static void RowTimesPanels256(int pairs, float* x, uint* w, long panelStride, float* y)
    {
        uint* w1 = w + panelStride;
        Vector256<uint> upper = Vector256.Create(0xffff0000u);
        Vector256<float> a0 = default, b0 = default, c0 = default, d0 = default, a1 = default, b1 = default, c1 = default, d1 = default;
        for (int i = 0; i < pairs; i++, x += 2, w += Panel, w1 += Panel)
        {
            Vector256<float> even = Vector256.Create(x[0]), odd = Vector256.Create(x[1]);
            Vector256<uint> pair = Vector256.Load(w);
            a0 = Vector256.FusedMultiplyAdd(even, (pair << 16).AsSingle(), a0);
            c0 = Vector256.FusedMultiplyAdd(odd, (pair & upper).AsSingle(), c0);
            pair = Vector256.Load(w + 8);
            b0 = Vector256.FusedMultiplyAdd(even, (pair << 16).AsSingle(), b0);
            d0 = Vector256.FusedMultiplyAdd(odd, (pair & upper).AsSingle(), d0);
            pair = Vector256.Load(w1);
            a1 = Vector256.FusedMultiplyAdd(even, (pair << 16).AsSingle(), a1);
            c1 = Vector256.FusedMultiplyAdd(odd, (pair & upper).AsSingle(), c1);
            pair = Vector256.Load(w1 + 8);
            b1 = Vector256.FusedMultiplyAdd(even, (pair << 16).AsSingle(), b1);
            d1 = Vector256.FusedMultiplyAdd(odd, (pair & upper).AsSingle(), d1);
        }

        (a0 + c0).Store(y);
        (b0 + d0).Store(y + 8);
        (a1 + c1).Store(y + Panel);
        (b1 + d1).Store(y + Panel + 8);
    }

    /// <summary>Multiplies a row with one panel, in the same order of summation as <see cref="RowTimesPanels512"/>.</summary>
    [MethodImpl(Compiled.Apart)]
    private static void RowTimesPanel(int pairs, float* x, uint* w, float* y)
    {
        Vector512<uint> upper = Vector512.Create(0xffff0000u);
        Vector512<float> a = default, b = default;
        for (int i = 0; i < pairs; i++, x += 2, w += Panel)
        {
            Vector512<uint> pair = Vector512.Load(w);
            a = Vector512.FusedMultiplyAdd(Vector512.Create(x[0]), (pair << 16).AsSingle(), a);
            b = Vector512.FusedMultiplyAdd(Vector512.Create(x[1]), (pair & upper).AsSingle(), b);
        }

        (a + b).Store(y);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* y, bool add, Vector512<float> sums) => (add ? sums + Vector512.Load(y) : sums).Store(y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* y, bool add, Vector256<float> low, Vector256<float> high)
    {
        (add ? low + Vector256.Load(y) : low).Store(y);
        (add ? high + Vector256.Load(y + 8) : high).Store(y + 8);
    }
}
