using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Foreword.Numerics;

namespace Foreword.Cpu.Kernels;

// Weights in bfloat16 are stored in panels of 16 outputs, [K / 2][16][2]. A 32-bit lane holds the weights of two inputs for one output, so that a shift
// and a mask convert them to float32. This file divides a product into tiles. The tiles for 512 bits and for one row are in PanelTiles. The tile of 4 rows
// for 256 bits is written out here, and its float32 twin in Float32Tiles, which training shares: there, rows of the weights may lie apart.

/// <summary>
/// Multiplies float32 rows with bfloat16 panels and sums in float32. Tiles of 512 bits are used where .NET
/// reports 512-bit hardware vectors (AVX-512). Other processors use tiles of 256 bits (AVX2) for a few rows, and <see cref="FloatKernels"/> for more.
/// </summary>
internal static unsafe class BFloat16Kernels
{
    private const int Panel = FloatKernels.Panel;

    /// <summary>Computes y[16 panels] = x W. The panels are read once.</summary>
    /// <param name="pairs">K / 2, the number of input pairs.</param>
    /// <param name="x">The input row, 2 pairs floats.</param>
    /// <param name="w">The panels.</param>
    /// <param name="panels">Number of panels.</param>
    /// <param name="y">Receives the outputs.</param>
    public static void MultiplyRow(int pairs, float* x, ushort* w, int panels, float* y) => PanelTiles<BFloat16Weights>.MultiplyRow(2 * pairs, x, (uint*)w, panels, y);

    /// <summary>Rounds an input row to bfloat16. A missing second input of the last pair becomes 0.</summary>
    /// <param name="K">Number of inputs.</param>
    /// <param name="row">The row.</param>
    /// <param name="rounded">Receives the numbers; the number of inputs is rounded up to an even one.</param>
    public static void Round(int K, float* row, ushort* rounded)
    {
        int k = 0;
        for (; k <= K - Panel; k += Panel)
            BFloat16.Store(Vector512.Load(row + k), rounded + k);
        for (; k < K; k++)
            rounded[k] = BFloat16Bits.Nearest(row[k]);
        if (K % 2 != 0)
            rounded[K] = 0;
    }

    /// <inheritdoc cref="Round(int, float*, ushort*)"/>
    public static void Round(int K, float* row, float* rounded)
    {
        int k = 0;
        for (; k <= K - Panel; k += Panel)
            BFloat16.Round(Vector512.Load(row + k)).Store(rounded + k);
        for (; k < K; k++)
            rounded[k] = BFloat16Bits.ToSingle(BFloat16Bits.Nearest(row[k]));
        if (K % 2 != 0)
            rounded[K] = 0;
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
            PanelTiles<BFloat16Weights>.Tile8x48(2 * pairs, x, xStride, (uint*)w, panelStride / 2, y, yStride, add, (uint*)w + FloatKernels.Ahead, panelStride / 2);
        else
            PanelTiles<BFloat16Weights>.Tile8x16(2 * pairs, x, xStride, (uint*)w, y, yStride, add);
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* y, bool add, Vector256<float> low, Vector256<float> high)
    {
        (add ? low + Vector256.Load(y) : low).Store(y);
        (add ? high + Vector256.Load(y + 8) : high).Store(y + 8);
    }
}
