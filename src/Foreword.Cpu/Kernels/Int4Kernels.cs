using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Foreword.Numerics;

namespace Foreword.Cpu.Kernels;

// Weights and inputs are stored as in Int8Kernels. A 4-bit weight is at most 15, and an input's byte at most 127 in magnitude. Eight times the sum
// of two products therefore still fits 16 bits, so a block of 32 inputs is summed in lanes of 16 bits and widened once. A cache line of weights is one
// vector of 512 bits or two of 256. The tiles are written out: no other format has sums of 16 bits.

/// <summary>
/// Multiplies rows with 4-bit weights in blocks of 32 inputs, on processors with AVX-512BW, or with AVX2 but without AVX-VNNI. The results equal those
/// of <see cref="Int8Kernels"/>.
/// </summary>
internal static unsafe class Int4Kernels
{
    private const int Panel = FloatKernels.Panel;
    private const int Block = 32;
    private const int Line = 64;

    /// <summary>Returns whether the processor has the required instructions and the blocks have 32 inputs.</summary>
    /// <param name="quads">Number of inputs of a block / 4.</param>
    public static bool CanMultiply(int quads) => quads * Int8Kernels.Quad == Block && (Avx512BW.IsSupported || Avx2.IsSupported && !AvxVnni.IsSupported);

    /// <summary>Computes y[16] = x W of one panel.</summary>
    /// <param name="blocks">Number of blocks of inputs.</param>
    /// <param name="x">The encoded row.</param>
    /// <param name="w">The panel.</param>
    /// <param name="scales">The panel's scales.</param>
    /// <param name="y">Receives the outputs.</param>
    public static void RowTimesPanel(int blocks, byte* x, byte* w, ushort* scales, float* y)
    {
        if (Avx512BW.IsSupported)
            RowTimesPanel512(blocks, x, w, scales, y);
        else
            RowTimesPanel256(blocks, x, w, scales, y);
    }

    /// <summary>Computes Y[rows, 16] = X[rows, K] W of one panel.</summary>
    /// <param name="rows">Number of rows, a multiple of 8.</param>
    /// <param name="blocks">Number of blocks of inputs.</param>
    /// <param name="x">The encoded rows.</param>
    /// <param name="xStride">Bytes from row to row of X.</param>
    /// <param name="w">The panel.</param>
    /// <param name="scales">The panel's scales.</param>
    /// <param name="y">Receives the outputs.</param>
    /// <param name="yStride">Elements from row to row of Y.</param>
    /// <param name="next">Memory of the panel's size that will be read next; it is prefetched.</param>
    public static void MultiplyRows(int rows, int blocks, byte* x, int xStride, byte* w, ushort* scales, float* y, int yStride, byte* next)
    {
        int together = Avx512BW.IsSupported ? 8 : 4;
        for (int row = 0; row < rows; row += together, x += (long)together * xStride, y += (long)together * yStride)
        {
            if (Avx512BW.IsSupported)
                Tile8x16(blocks, x, xStride, w, scales, y, yStride, next);
            else
                Tile4x16(blocks, x, xStride, w, scales, y, yStride, next);
        }
    }

    [MethodImpl(Compiled.Apart)]
    private static void RowTimesPanel512(int blocks, byte* x, byte* w, ushort* scales, float* y)
    {
        byte* tail = x + blocks * Block;
        Vector512<byte> mask = Vector512.Create((byte)0x0f);
        Vector512<float> sums = default;
        for (int block = 0; block < blocks; block++, scales += Panel, tail += Int8Kernels.BlockTail)
        {
            Vector512<short> a = default, b = default;
            for (byte* end = x + Block; x < end; x += 16, w += 128)
            {
                Prefetch.Line(w + Int8Kernels.Ahead);
                Prefetch.Line(w + Int8Kernels.Ahead + 64);
                Vector512<byte> first = Vector512.Load(w), second = Vector512.Load(w + 64);
                a += Products(first & mask, (first.AsUInt16() >>> 4).AsByte() & mask, x);
                b += Products(second & mask, (second.AsUInt16() >>> 4).AsByte() & mask, x + 8);
            }

            sums = AddBlock(sums, a + b, *(int*)(tail + 4), BFloat16.Load(scales), *(float*)tail);
        }

        sums.Store(y);
    }

    [MethodImpl(Compiled.Apart)]
    private static void RowTimesPanel256(int blocks, byte* x, byte* w, ushort* scales, float* y)
    {
        byte* tail = x + blocks * Block;
        Vector256<byte> mask = Vector256.Create((byte)0x0f);
        Vector256<float> f = default, g = default;
        for (int block = 0; block < blocks; block++, scales += Panel, tail += Int8Kernels.BlockTail)
        {
            Vector256<short> a = default, b = default;
            for (byte* end = x + Block; x < end; x += 8, w += Line)
            {
                Prefetch.Line(w + Int8Kernels.Ahead);
                Vector256<byte> first = Vector256.Load(w), second = Vector256.Load(w + 32);
                Vector256<sbyte> v = Vector256.Create(*(int*)x).AsSByte();
                a += Avx2.MultiplyAddAdjacent(first & mask, v);
                b += Avx2.MultiplyAddAdjacent(second & mask, v);
                v = Vector256.Create(*(int*)(x + 4)).AsSByte();
                a += Avx2.MultiplyAddAdjacent((first.AsUInt16() >>> 4).AsByte() & mask, v);
                b += Avx2.MultiplyAddAdjacent((second.AsUInt16() >>> 4).AsByte() & mask, v);
            }

            (Vector256<float> low, Vector256<float> high) = BFloat16.LoadHalves(scales);
            Vector256<float> scale = Vector256.Create(*(float*)tail);
            f = AddBlock(f, a, *(int*)(tail + 4), low * scale);
            g = AddBlock(g, b, *(int*)(tail + 4), high * scale);
        }

        f.Store(y);
        g.Store(y + 8);
    }

    /// <summary>Computes Y[4, 16] = X[4, K] W of one panel. A block's sums take eight of the 16 registers; the sums over blocks are in memory.</summary>
    [MethodImpl(Compiled.Apart)]
    private static void Tile4x16(int blocks, byte* x, int xStride, byte* w, ushort* scales, float* y, int yStride, byte* next)
    {
        byte* x1 = x + xStride;
        byte* x2 = x1 + xStride;
        byte* x3 = x2 + xStride;
        float* y1 = y + yStride;
        float* y2 = y1 + yStride;
        float* y3 = y2 + yStride;
        Vector256<byte> mask = Vector256.Create((byte)0x0f);
        for (int block = 0; block < blocks; block++, scales += Panel)
        {
            int at = block * Block, end = at + Block, tail = blocks * Block + block * Int8Kernels.BlockTail;
            Vector256<short> a0 = default, b0 = default, a1 = default, b1 = default, a2 = default, b2 = default, a3 = default, b3 = default;
            for (; at < end; at += 8, w += Line, next += Line)
            {
                Prefetch.Line(next);
                Vector256<byte> first = Vector256.Load(w), second = Vector256.Load(w + 32), low = first & mask, high = second & mask;
                Vector256<sbyte> v = Vector256.Create(*(int*)(x + at)).AsSByte();
                a0 += Avx2.MultiplyAddAdjacent(low, v);
                b0 += Avx2.MultiplyAddAdjacent(high, v);
                v = Vector256.Create(*(int*)(x1 + at)).AsSByte();
                a1 += Avx2.MultiplyAddAdjacent(low, v);
                b1 += Avx2.MultiplyAddAdjacent(high, v);
                v = Vector256.Create(*(int*)(x2 + at)).AsSByte();
                a2 += Avx2.MultiplyAddAdjacent(low, v);
                b2 += Avx2.MultiplyAddAdjacent(high, v);
                v = Vector256.Create(*(int*)(x3 + at)).AsSByte();
                a3 += Avx2.MultiplyAddAdjacent(low, v);
                b3 += Avx2.MultiplyAddAdjacent(high, v);
                low = (first.AsUInt16() >>> 4).AsByte() & mask;
                high = (second.AsUInt16() >>> 4).AsByte() & mask;
                v = Vector256.Create(*(int*)(x + at + 4)).AsSByte();
                a0 += Avx2.MultiplyAddAdjacent(low, v);
                b0 += Avx2.MultiplyAddAdjacent(high, v);
                v = Vector256.Create(*(int*)(x1 + at + 4)).AsSByte();
                a1 += Avx2.MultiplyAddAdjacent(low, v);
                b1 += Avx2.MultiplyAddAdjacent(high, v);
                v = Vector256.Create(*(int*)(x2 + at + 4)).AsSByte();
                a2 += Avx2.MultiplyAddAdjacent(low, v);
                b2 += Avx2.MultiplyAddAdjacent(high, v);
                v = Vector256.Create(*(int*)(x3 + at + 4)).AsSByte();
                a3 += Avx2.MultiplyAddAdjacent(low, v);
                b3 += Avx2.MultiplyAddAdjacent(high, v);
            }

            (Vector256<float> s, Vector256<float> t) = BFloat16.LoadHalves(scales);
            bool add = block > 0;
            AddBlock(y, a0, b0, x + tail, s, t, add);
            AddBlock(y1, a1, b1, x1 + tail, s, t, add);
            AddBlock(y2, a2, b2, x2 + tail, s, t, add);
            AddBlock(y3, a3, b3, x3 + tail, s, t, add);
        }
    }

    /// <summary>Adds a block's sums of one row to the sums over blocks in memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddBlock(float* y, Vector256<short> a, Vector256<short> b, byte* tail, Vector256<float> s, Vector256<float> t, bool add)
    {
        Vector256<float> scale = Vector256.Create(*(float*)tail);
        AddBlock(add ? Vector256.Load(y) : default, a, *(int*)(tail + 4), s * scale).Store(y);
        AddBlock(add ? Vector256.Load(y + 8) : default, b, *(int*)(tail + 4), t * scale).Store(y + 8);
    }

    /// <summary>Computes Y[8, 16] = X[8, K] W of one panel. Weights are unpacked once for all rows.</summary>
    [MethodImpl(Compiled.Apart)]
    private static void Tile8x16(int blocks, byte* x, int xStride, byte* w, ushort* scales, float* y, int yStride, byte* next)
    {
        byte* x1 = x + xStride;
        byte* x2 = x1 + xStride;
        byte* x3 = x2 + xStride;
        byte* x4 = x3 + xStride;
        byte* x5 = x4 + xStride;
        byte* x6 = x5 + xStride;
        byte* x7 = x6 + xStride;
        Vector512<byte> mask = Vector512.Create((byte)0x0f);
        Vector512<float> f0 = default, f1 = default, f2 = default, f3 = default, f4 = default, f5 = default, f6 = default, f7 = default;
        for (int block = 0; block < blocks; block++, scales += Panel)
        {
            int at = block * Block, end = at + Block, tail = blocks * Block + block * Int8Kernels.BlockTail;
            Vector512<short> a0 = default, a1 = default, a2 = default, a3 = default, a4 = default, a5 = default, a6 = default, a7 = default;
            for (; at < end; at += 8, w += 64, next += 64)
            {
                Prefetch.Line(next);
                Vector512<byte> pair = Vector512.Load(w), low = pair & mask, high = (pair.AsUInt16() >>> 4).AsByte() & mask;
                a0 += Products(low, high, x + at);
                a1 += Products(low, high, x1 + at);
                a2 += Products(low, high, x2 + at);
                a3 += Products(low, high, x3 + at);
                a4 += Products(low, high, x4 + at);
                a5 += Products(low, high, x5 + at);
                a6 += Products(low, high, x6 + at);
                a7 += Products(low, high, x7 + at);
            }

            Vector512<float> scale = BFloat16.Load(scales);
            f0 = AddBlock(f0, a0, *(int*)(x + tail + 4), scale, *(float*)(x + tail));
            f1 = AddBlock(f1, a1, *(int*)(x1 + tail + 4), scale, *(float*)(x1 + tail));
            f2 = AddBlock(f2, a2, *(int*)(x2 + tail + 4), scale, *(float*)(x2 + tail));
            f3 = AddBlock(f3, a3, *(int*)(x3 + tail + 4), scale, *(float*)(x3 + tail));
            f4 = AddBlock(f4, a4, *(int*)(x4 + tail + 4), scale, *(float*)(x4 + tail));
            f5 = AddBlock(f5, a5, *(int*)(x5 + tail + 4), scale, *(float*)(x5 + tail));
            f6 = AddBlock(f6, a6, *(int*)(x6 + tail + 4), scale, *(float*)(x6 + tail));
            f7 = AddBlock(f7, a7, *(int*)(x7 + tail + 4), scale, *(float*)(x7 + tail));
        }

        f0.Store(y);
        f1.Store(y + yStride);
        f2.Store(y + 2 * yStride);
        f3.Store(y + 3 * yStride);
        f4.Store(y + 4 * yStride);
        f5.Store(y + 5 * yStride);
        f6.Store(y + 6 * yStride);
        f7.Store(y + 7 * yStride);
    }

    /// <summary>Returns two products for each 16-bit lane: of the four inputs that belong to <paramref name="low"/> and of the next four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Products(Vector512<byte> low, Vector512<byte> high, byte* x) =>
        Avx512BW.MultiplyAddAdjacent(low, Vector512.Create(*(int*)x).AsSByte()) + Avx512BW.MultiplyAddAdjacent(high, Vector512.Create(*(int*)(x + 4)).AsSByte());

    /// <summary>Computes the sums over blocks: sums + (the block's products + sum) * scales.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> AddBlock(Vector512<float> sums, Vector512<short> products, int sum, Vector512<float> scales, float scale) =>
        Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(Avx512BW.MultiplyAddAdjacent(products, Vector512<short>.One) + Vector512.Create(sum)), scales * Vector512.Create(scale), sums);

    /// <summary>Computes the same for 8 outputs, whose scales already include the row's scale.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> AddBlock(Vector256<float> sums, Vector256<short> products, int sum, Vector256<float> scales) =>
        Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(Avx2.MultiplyAddAdjacent(products, Vector256<short>.One) + Vector256.Create(sum)), scales, sums);
}
