using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Foreword.Numerics;

namespace Foreword.Cpu.Kernels;

// One source for the register tiles of float32 and bfloat16 weights. If a type parameter is a struct, the JIT compiles the
// code for each struct separately. It inlines the calls, and the tests of InputsPerLane disappear. The tiles are as fast as tiles that are written for
// one format (decision 33).
// The tiles name every register, because the JIT keeps locals in registers, but not arrays. 512-bit and 256-bit tiles are different code, because they
// have 32 and 16 registers.

/// <summary>
/// A format of weights for <see cref="PanelTiles{W}"/>. A panel has 16 outputs side by side, in lanes of 32 bits. A lane holds the weights of one input
/// or of two.
/// </summary>
internal unsafe interface IPanelWeights
{
    /// <summary>Gets the number of inputs whose weights are in one lane: 1 or 2.</summary>
    static abstract int InputsPerLane { get; }

    /// <summary>Returns the weights of an even input.</summary>
    /// <param name="lanes">The lanes of that input.</param>
    static abstract Vector512<float> First(Vector512<uint> lanes);

    /// <summary>Returns the weights of the next input.</summary>
    /// <param name="lanes">The lanes of the even input.</param>
    /// <param name="w">The address of those lanes.</param>
    /// <param name="upper">A mask of the upper half of each lane. The caller holds it in a register.</param>
    static abstract Vector512<float> Second(Vector512<uint> lanes, uint* w, Vector512<uint> upper);

    /// <inheritdoc cref="First(Vector512{uint})"/>
    static abstract Vector256<float> First(Vector256<uint> lanes);

    /// <inheritdoc cref="Second(Vector512{uint}, uint*, Vector512{uint})"/>
    static abstract Vector256<float> Second(Vector256<uint> lanes, uint* w, Vector256<uint> upper);
}

/// <summary>The format of float32 panels, [K][16].</summary>
internal readonly unsafe struct Float32Weights : IPanelWeights
{
    public static int InputsPerLane => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> First(Vector512<uint> lanes) => lanes.AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Second(Vector512<uint> lanes, uint* w, Vector512<uint> upper) => Vector512.Load((float*)w + FloatKernels.Panel);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> First(Vector256<uint> lanes) => lanes.AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Second(Vector256<uint> lanes, uint* w, Vector256<uint> upper) => Vector256.Load((float*)w + FloatKernels.Panel);
}

/// <summary>The format of bfloat16 panels, [K / 2][16][2]. A shift and a mask convert the two weights of a lane to float32.</summary>
internal readonly unsafe struct BFloat16Weights : IPanelWeights
{
    public static int InputsPerLane => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> First(Vector512<uint> lanes) => (lanes << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Second(Vector512<uint> lanes, uint* w, Vector512<uint> upper) => (lanes & upper).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> First(Vector256<uint> lanes) => (lanes << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Second(Vector256<uint> lanes, uint* w, Vector256<uint> upper) => (lanes & upper).AsSingle();
}

/// <summary>
/// Multiplies float32 rows with panels of float32 or bfloat16 weights in registers. 512-bit methods need hardware vectors of 512 bits (AVX-512) to be
/// fast. 256-bit methods are for AVX2 with FMA; other processors run them in smaller vectors. Each output sums in the order of the inputs, or, for one
/// row, over even and odd inputs separately.
/// </summary>
/// <typeparam name="W">The format of the weights.</typeparam>
internal static unsafe class PanelTiles<W> where W : struct, IPanelWeights
{
    private const int Panel = FloatKernels.Panel;

    private const uint UpperHalf = 0xffff0000u;

    /// <summary>Gets the number of lanes from the weights of one even input to those of the next.</summary>
    private static int TwoInputs
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)] // without it, the JIT leaves a call in the innermost loop of one row, and all sums go through memory
        get => 2 / W.InputsPerLane * Panel;
    }

    /// <summary>Computes Y[8, 48] = or += X[8, K] W of 3 panels. 24 sums stay in registers, together with the weights of one input.</summary>
    /// <param name="K">Number of inputs, a multiple of <see cref="IPanelWeights.InputsPerLane"/>.</param>
    /// <param name="x">X.</param>
    /// <param name="xStride">Elements from row to row of X.</param>
    /// <param name="w">The first panel.</param>
    /// <param name="panelStride">Lanes from panel to panel.</param>
    /// <param name="y">Y.</param>
    /// <param name="yStride">Elements from row to row of Y.</param>
    /// <param name="add">True to add to Y instead of overwriting it.</param>
    /// <param name="ahead">Three streams of memory to prefetch, each as long as a panel.</param>
    /// <param name="aheadStride">Lanes from one of these streams to the next.</param>
    [MethodImpl(Compiled.Apart)]
    public static void Tile8x48(int K, float* x, int xStride, uint* w, long panelStride, float* y, int yStride, bool add, uint* ahead, long aheadStride)
    {
        float* x1 = x + xStride;
        float* x2 = x1 + xStride;
        float* x3 = x2 + xStride;
        float* x4 = x3 + xStride;
        float* x5 = x4 + xStride;
        float* x6 = x5 + xStride;
        float* x7 = x6 + xStride;
        Vector512<uint> upper = Vector512.Create(UpperHalf);
        Vector512<float> c00 = default, c01 = default, c02 = default;
        Vector512<float> c10 = default, c11 = default, c12 = default;
        Vector512<float> c20 = default, c21 = default, c22 = default;
        Vector512<float> c30 = default, c31 = default, c32 = default;
        Vector512<float> c40 = default, c41 = default, c42 = default;
        Vector512<float> c50 = default, c51 = default, c52 = default;
        Vector512<float> c60 = default, c61 = default, c62 = default;
        Vector512<float> c70 = default, c71 = default, c72 = default;
        for (int k = 0; k < K; k += W.InputsPerLane, w += Panel, ahead += Panel)
        {
            Prefetch.Line(ahead);
            Prefetch.Line(ahead + aheadStride);
            Prefetch.Line(ahead + 2 * aheadStride);
            Vector512<float> w0 = W.First(Vector512.Load(w)), w1 = W.First(Vector512.Load(w + panelStride)), w2 = W.First(Vector512.Load(w + 2 * panelStride));
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
            if (W.InputsPerLane == 1)
                continue;
            w0 = W.Second(Vector512.Load(w), w, upper);
            w1 = W.Second(Vector512.Load(w + panelStride), w + panelStride, upper);
            w2 = W.Second(Vector512.Load(w + 2 * panelStride), w + 2 * panelStride, upper);
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

    /// <summary>Computes Y[8, 16] = or += X[8, K] W of 1 panel. 8 sums stay in registers.</summary>
    [MethodImpl(Compiled.Apart)]
    public static void Tile8x16(int K, float* x, int xStride, uint* w, float* y, int yStride, bool add)
    {
        float* x1 = x + xStride;
        float* x2 = x1 + xStride;
        float* x3 = x2 + xStride;
        float* x4 = x3 + xStride;
        float* x5 = x4 + xStride;
        float* x6 = x5 + xStride;
        float* x7 = x6 + xStride;
        Vector512<uint> upper = Vector512.Create(UpperHalf);
        Vector512<float> c00 = default;
        Vector512<float> c10 = default;
        Vector512<float> c20 = default;
        Vector512<float> c30 = default;
        Vector512<float> c40 = default;
        Vector512<float> c50 = default;
        Vector512<float> c60 = default;
        Vector512<float> c70 = default;
        for (int k = 0; k < K; k += W.InputsPerLane, w += Panel)
        {
            Prefetch.Line(w + FloatKernels.Ahead);
            Vector512<float> w0 = W.First(Vector512.Load(w));
            Vector512<float> v = Vector512.Create(x[k]);
            c00 = Vector512.FusedMultiplyAdd(v, w0, c00);
            v = Vector512.Create(x1[k]);
            c10 = Vector512.FusedMultiplyAdd(v, w0, c10);
            v = Vector512.Create(x2[k]);
            c20 = Vector512.FusedMultiplyAdd(v, w0, c20);
            v = Vector512.Create(x3[k]);
            c30 = Vector512.FusedMultiplyAdd(v, w0, c30);
            v = Vector512.Create(x4[k]);
            c40 = Vector512.FusedMultiplyAdd(v, w0, c40);
            v = Vector512.Create(x5[k]);
            c50 = Vector512.FusedMultiplyAdd(v, w0, c50);
            v = Vector512.Create(x6[k]);
            c60 = Vector512.FusedMultiplyAdd(v, w0, c60);
            v = Vector512.Create(x7[k]);
            c70 = Vector512.FusedMultiplyAdd(v, w0, c70);
            if (W.InputsPerLane == 1)
                continue;
            w0 = W.Second(Vector512.Load(w), w, upper);
            v = Vector512.Create(x[k + 1]);
            c00 = Vector512.FusedMultiplyAdd(v, w0, c00);
            v = Vector512.Create(x1[k + 1]);
            c10 = Vector512.FusedMultiplyAdd(v, w0, c10);
            v = Vector512.Create(x2[k + 1]);
            c20 = Vector512.FusedMultiplyAdd(v, w0, c20);
            v = Vector512.Create(x3[k + 1]);
            c30 = Vector512.FusedMultiplyAdd(v, w0, c30);
            v = Vector512.Create(x4[k + 1]);
            c40 = Vector512.FusedMultiplyAdd(v, w0, c40);
            v = Vector512.Create(x5[k + 1]);
            c50 = Vector512.FusedMultiplyAdd(v, w0, c50);
            v = Vector512.Create(x6[k + 1]);
            c60 = Vector512.FusedMultiplyAdd(v, w0, c60);
            v = Vector512.Create(x7[k + 1]);
            c70 = Vector512.FusedMultiplyAdd(v, w0, c70);
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

    /// <summary>
    /// Computes y[16 panels] = x[K] W. The panels are read once: four side by side, or two with 256-bit vectors, because a single stream does not use
    /// the full memory bandwidth.
    /// </summary>
    public static void MultiplyRow(int K, float* x, uint* w, int panels, float* y)
    {
        long panelLanes = (long)K / W.InputsPerLane * Panel;
        int panel = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            for (; panel + 4 <= panels; panel += 4)
                RowTimesPanels512(K, x, w + panel * panelLanes, panelLanes, y + panel * Panel);
        }

        for (; panel + 2 <= panels; panel += 2)
            RowTimesPanels256(K, x, w + panel * panelLanes, panelLanes, y + panel * Panel);
        for (; panel < panels; panel++)
            RowTimesPanel(K, x, w + panel * panelLanes, y + panel * Panel);
    }

    /// <summary>Multiplies a row with four panels. Each output has two sums, over even and odd inputs.</summary>
    [MethodImpl(Compiled.Apart)]
    private static void RowTimesPanels512(int K, float* x, uint* w, long panelStride, float* y)
    {
        uint* w1 = w + panelStride;
        uint* w2 = w1 + panelStride;
        uint* w3 = w2 + panelStride;
        Vector512<uint> upper = Vector512.Create(UpperHalf);
        Vector512<float> a0 = default, b0 = default, a1 = default, b1 = default, a2 = default, b2 = default, a3 = default, b3 = default;
        int k = 0;
        for (; k + 2 <= K; k += 2, w += TwoInputs, w1 += TwoInputs, w2 += TwoInputs, w3 += TwoInputs)
        {
            Vector512<float> even = Vector512.Create(x[k]), odd = Vector512.Create(x[k + 1]);
            Vector512<uint> lanes = Vector512.Load(w);
            a0 = Vector512.FusedMultiplyAdd(even, W.First(lanes), a0);
            b0 = Vector512.FusedMultiplyAdd(odd, W.Second(lanes, w, upper), b0);
            lanes = Vector512.Load(w1);
            a1 = Vector512.FusedMultiplyAdd(even, W.First(lanes), a1);
            b1 = Vector512.FusedMultiplyAdd(odd, W.Second(lanes, w1, upper), b1);
            lanes = Vector512.Load(w2);
            a2 = Vector512.FusedMultiplyAdd(even, W.First(lanes), a2);
            b2 = Vector512.FusedMultiplyAdd(odd, W.Second(lanes, w2, upper), b2);
            lanes = Vector512.Load(w3);
            a3 = Vector512.FusedMultiplyAdd(even, W.First(lanes), a3);
            b3 = Vector512.FusedMultiplyAdd(odd, W.Second(lanes, w3, upper), b3);
        }

        if (k < K)
        {
            Vector512<float> last = Vector512.Create(x[k]);
            a0 = Vector512.FusedMultiplyAdd(last, W.First(Vector512.Load(w)), a0);
            a1 = Vector512.FusedMultiplyAdd(last, W.First(Vector512.Load(w1)), a1);
            a2 = Vector512.FusedMultiplyAdd(last, W.First(Vector512.Load(w2)), a2);
            a3 = Vector512.FusedMultiplyAdd(last, W.First(Vector512.Load(w3)), a3);
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
    private static void RowTimesPanels256(int K, float* x, uint* w, long panelStride, float* y)
    {
        uint* w1 = w + panelStride;
        Vector256<uint> upper = Vector256.Create(UpperHalf);
        Vector256<float> a0 = default, b0 = default, c0 = default, d0 = default, a1 = default, b1 = default, c1 = default, d1 = default;
        int k = 0;
        for (; k + 2 <= K; k += 2, w += TwoInputs, w1 += TwoInputs)
        {
            Vector256<float> even = Vector256.Create(x[k]), odd = Vector256.Create(x[k + 1]);
            Vector256<uint> lanes = Vector256.Load(w);
            a0 = Vector256.FusedMultiplyAdd(even, W.First(lanes), a0);
            c0 = Vector256.FusedMultiplyAdd(odd, W.Second(lanes, w, upper), c0);
            lanes = Vector256.Load(w + 8);
            b0 = Vector256.FusedMultiplyAdd(even, W.First(lanes), b0);
            d0 = Vector256.FusedMultiplyAdd(odd, W.Second(lanes, w + 8, upper), d0);
            lanes = Vector256.Load(w1);
            a1 = Vector256.FusedMultiplyAdd(even, W.First(lanes), a1);
            c1 = Vector256.FusedMultiplyAdd(odd, W.Second(lanes, w1, upper), c1);
            lanes = Vector256.Load(w1 + 8);
            b1 = Vector256.FusedMultiplyAdd(even, W.First(lanes), b1);
            d1 = Vector256.FusedMultiplyAdd(odd, W.Second(lanes, w1 + 8, upper), d1);
        }

        if (k < K)
        {
            Vector256<float> last = Vector256.Create(x[k]);
            a0 = Vector256.FusedMultiplyAdd(last, W.First(Vector256.Load(w)), a0);
            b0 = Vector256.FusedMultiplyAdd(last, W.First(Vector256.Load(w + 8)), b0);
            a1 = Vector256.FusedMultiplyAdd(last, W.First(Vector256.Load(w1)), a1);
            b1 = Vector256.FusedMultiplyAdd(last, W.First(Vector256.Load(w1 + 8)), b1);
        }

        (a0 + c0).Store(y);
        (b0 + d0).Store(y + 8);
        (a1 + c1).Store(y + Panel);
        (b1 + d1).Store(y + Panel + 8);
    }

    /// <summary>Multiplies a row with one panel, in the same order of summation as <see cref="RowTimesPanels512"/>.</summary>
    [MethodImpl(Compiled.Apart)]
    private static void RowTimesPanel(int K, float* x, uint* w, float* y)
    {
        Vector256<uint> upper = Vector256.Create(UpperHalf);
        Vector256<float> a = default, b = default, c = default, d = default;
        int k = 0;
        for (; k + 2 <= K; k += 2, w += TwoInputs)
        {
            Vector256<float> even = Vector256.Create(x[k]), odd = Vector256.Create(x[k + 1]);
            Vector256<uint> lanes = Vector256.Load(w);
            a = Vector256.FusedMultiplyAdd(even, W.First(lanes), a);
            c = Vector256.FusedMultiplyAdd(odd, W.Second(lanes, w, upper), c);
            lanes = Vector256.Load(w + 8);
            b = Vector256.FusedMultiplyAdd(even, W.First(lanes), b);
            d = Vector256.FusedMultiplyAdd(odd, W.Second(lanes, w + 8, upper), d);
        }

        if (k < K)
        {
            a = Vector256.FusedMultiplyAdd(Vector256.Create(x[k]), W.First(Vector256.Load(w)), a);
            b = Vector256.FusedMultiplyAdd(Vector256.Create(x[k]), W.First(Vector256.Load(w + 8)), b);
        }

        (a + c).Store(y);
        (b + d).Store(y + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* y, bool add, Vector512<float> sums) => (add ? sums + Vector512.Load(y) : sums).Store(y);
}
