using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Foreword.Cpu.Kernels;

// bfloat16 weights lie in panels of 16 outputs, [K / 2][16][2]: a 32-bit lane holds the weights of two inputs for one output, so that a shift and a
// mask make float32 of them.

/// <summary>Products with bfloat16 panels, summed in float32.</summary>
internal static unsafe class BFloat16Kernels
{
    private const int Panel = FloatKernels.Panel;

    /// <summary>y[16 panels] = x W: streams the panels once.</summary>
    /// <param name="pairs">K / 2.</param>
    /// <param name="x">2 pairs floats.</param>
    /// <param name="w">The panels.</param>
    /// <param name="panels">How many.</param>
    /// <param name="y">Receives the outputs.</param>
    public static void MultiplyRow(int pairs, float* x, ushort* w, int panels, float* y)
    {
        for (int panel = 0; panel < panels; panel++, w += 2L * pairs * Panel, y += Panel)
            RowTimesPanel(pairs, x, (uint*)w, y);
    }

    /// <summary>Writes a panel's inputs as float32, [K][16].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Widen(int pairs, ushort* w, float* floats)
    {
        Vector512<uint> upper = Vector512.Create(0xffff0000u);
        for (int i = 0; i < pairs; i++, w += 2 * Panel, floats += 2 * Panel)
        {
            Vector512<uint> pair = Vector512.Load((uint*)w);
            (pair << 16).AsSingle().Store(floats);
            (pair & upper).AsSingle().Store(floats + Panel);
        }
    }

    /// <summary>Y[8, 16] = X[8, K] W of one panel, widened on the way: for few rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile8x16(int pairs, float* x, int xStride, ushort* w, float* y, int yStride)
    {
        float* x1 = x + xStride;
        float* x2 = x1 + xStride;
        float* x3 = x2 + xStride;
        float* x4 = x3 + xStride;
        float* x5 = x4 + xStride;
        float* x6 = x5 + xStride;
        float* x7 = x6 + xStride;
        Vector512<uint> upper = Vector512.Create(0xffff0000u);
        Vector512<float> a0 = default, b0 = default;
        Vector512<float> a1 = default, b1 = default;
        Vector512<float> a2 = default, b2 = default;
        Vector512<float> a3 = default, b3 = default;
        Vector512<float> a4 = default, b4 = default;
        Vector512<float> a5 = default, b5 = default;
        Vector512<float> a6 = default, b6 = default;
        Vector512<float> a7 = default, b7 = default;
        for (int k = 0; k < 2 * pairs; k += 2, w += 2 * Panel)
        {
            Vector512<uint> pair = Vector512.Load((uint*)w);
            Vector512<float> even = (pair << 16).AsSingle(), odd = (pair & upper).AsSingle();
            a0 = Vector512.FusedMultiplyAdd(Vector512.Create(x[k]), even, a0);
            b0 = Vector512.FusedMultiplyAdd(Vector512.Create(x[k + 1]), odd, b0);
            a1 = Vector512.FusedMultiplyAdd(Vector512.Create(x1[k]), even, a1);
            b1 = Vector512.FusedMultiplyAdd(Vector512.Create(x1[k + 1]), odd, b1);
            a2 = Vector512.FusedMultiplyAdd(Vector512.Create(x2[k]), even, a2);
            b2 = Vector512.FusedMultiplyAdd(Vector512.Create(x2[k + 1]), odd, b2);
            a3 = Vector512.FusedMultiplyAdd(Vector512.Create(x3[k]), even, a3);
            b3 = Vector512.FusedMultiplyAdd(Vector512.Create(x3[k + 1]), odd, b3);
            a4 = Vector512.FusedMultiplyAdd(Vector512.Create(x4[k]), even, a4);
            b4 = Vector512.FusedMultiplyAdd(Vector512.Create(x4[k + 1]), odd, b4);
            a5 = Vector512.FusedMultiplyAdd(Vector512.Create(x5[k]), even, a5);
            b5 = Vector512.FusedMultiplyAdd(Vector512.Create(x5[k + 1]), odd, b5);
            a6 = Vector512.FusedMultiplyAdd(Vector512.Create(x6[k]), even, a6);
            b6 = Vector512.FusedMultiplyAdd(Vector512.Create(x6[k + 1]), odd, b6);
            a7 = Vector512.FusedMultiplyAdd(Vector512.Create(x7[k]), even, a7);
            b7 = Vector512.FusedMultiplyAdd(Vector512.Create(x7[k + 1]), odd, b7);
        }

        (a0 + b0).Store(y);
        (a1 + b1).Store(y + yStride);
        (a2 + b2).Store(y + 2 * yStride);
        (a3 + b3).Store(y + 3 * yStride);
        (a4 + b4).Store(y + 4 * yStride);
        (a5 + b5).Store(y + 5 * yStride);
        (a6 + b6).Store(y + 6 * yStride);
        (a7 + b7).Store(y + 7 * yStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RowTimesPanel(int pairs, float* x, uint* w, float* y)
    {
        Vector512<uint> upper = Vector512.Create(0xffff0000u);
        Vector512<float> a = default, b = default, c = default, d = default;
        int i = 0;
        for (; i + 2 <= pairs; i += 2, w += 2 * Panel, x += 4)
        {
            Vector512<uint> first = Vector512.Load(w), second = Vector512.Load(w + Panel);
            a = Vector512.FusedMultiplyAdd(Vector512.Create(x[0]), (first << 16).AsSingle(), a);
            b = Vector512.FusedMultiplyAdd(Vector512.Create(x[1]), (first & upper).AsSingle(), b);
            c = Vector512.FusedMultiplyAdd(Vector512.Create(x[2]), (second << 16).AsSingle(), c);
            d = Vector512.FusedMultiplyAdd(Vector512.Create(x[3]), (second & upper).AsSingle(), d);
        }

        if (i < pairs)
        {
            Vector512<uint> last = Vector512.Load(w);
            a = Vector512.FusedMultiplyAdd(Vector512.Create(x[0]), (last << 16).AsSingle(), a);
            b = Vector512.FusedMultiplyAdd(Vector512.Create(x[1]), (last & upper).AsSingle(), b);
        }

        ((a + b) + (c + d)).Store(y);
    }
}
