using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Foreword.Cpu.Kernels;

// Weights and inputs lie as in IntegerKernels. A 4-bit weight is at most 15, an input's byte at most 127: eight times the sum of two products still fits
// 16 bits, so that a block of 32 inputs is summed in lanes of 16 bits, 32 of them in a vector, and widened once.

/// <summary>Products with 4-bit weights in 512-bit vectors, for blocks of 32 inputs; their numbers are those of <see cref="IntegerKernels"/>.</summary>
internal static unsafe class NibbleKernels
{
    private const int Panel = FloatKernels.Panel;
    private const int Block = 32;

    /// <summary>Whether the processor has what this needs and blocks are as long as it takes.</summary>
    /// <param name="quads">Inputs of a block / 4.</param>
    public static bool CanMultiply(int quads) => Avx512BW.IsSupported && quads * IntegerKernels.Quad == Block;

    /// <summary>y[16] = x W of one panel.</summary>
    /// <param name="blocks">Blocks of inputs.</param>
    /// <param name="x">An encoded row.</param>
    /// <param name="w">The panel.</param>
    /// <param name="scales">Its scales.</param>
    /// <param name="y">Receives the outputs.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RowTimesPanel(int blocks, byte* x, byte* w, ushort* scales, float* y)
    {
        byte* tail = x + blocks * Block;
        Vector512<byte> mask = Vector512.Create((byte)0x0f);
        Vector512<float> sums = default;
        for (int block = 0; block < blocks; block++, scales += Panel, tail += IntegerKernels.BlockTail)
        {
            Vector512<short> a = default, b = default;
            for (byte* end = x + Block; x < end; x += 16, w += 128)
            {
                Prefetch.Line(w + IntegerKernels.Ahead);
                Prefetch.Line(w + IntegerKernels.Ahead + 64);
                Vector512<byte> first = Vector512.Load(w), second = Vector512.Load(w + 64);
                a += Products(first & mask, (first.AsUInt16() >>> 4).AsByte() & mask, x);
                b += Products(second & mask, (second.AsUInt16() >>> 4).AsByte() & mask, x + 8);
            }

            sums = AddBlock(sums, a + b, *(int*)(tail + 4), BFloat16.Load(scales), *(float*)tail);
        }

        sums.Store(y);
    }

    /// <summary>Y[8, 16] = X[8, K] W of one panel: weights are taken apart once for all rows.</summary>
    /// <param name="blocks">Blocks of inputs.</param>
    /// <param name="x">Encoded rows.</param>
    /// <param name="xStride">Bytes from row to row.</param>
    /// <param name="w">The panel.</param>
    /// <param name="scales">Its scales.</param>
    /// <param name="y">Receives the outputs.</param>
    /// <param name="yStride">Elements from row to row.</param>
    /// <param name="next">Memory that will be read next, as long as the panel.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile8x16(int blocks, byte* x, int xStride, byte* w, ushort* scales, float* y, int yStride, byte* next)
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
            int at = block * Block, end = at + Block, tail = blocks * Block + block * IntegerKernels.BlockTail;
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

    /// <summary>Two products for each lane of 16 bits, for the four inputs of <paramref name="low"/> and the next four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Products(Vector512<byte> low, Vector512<byte> high, byte* x) =>
        Avx512BW.MultiplyAddAdjacent(low, Vector512.Create(*(int*)x).AsSByte()) + Avx512BW.MultiplyAddAdjacent(high, Vector512.Create(*(int*)(x + 4)).AsSByte());

    /// <summary>Sums over blocks: sums + (the block's products + sum) * scales.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> AddBlock(Vector512<float> sums, Vector512<short> products, int sum, Vector512<float> scales, float scale) =>
        Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(Avx512BW.MultiplyAddAdjacent(products, Vector512<short>.One) + Vector512.Create(sum)), scales * Vector512.Create(scale), sums);
}
