using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Foreword.Numerics;

namespace Foreword.Torch.Paths.Fused;

/// <summary>Transposes 16 by 16 words on processors without AVX-512, as four squares of 8 by 8, with AVX2 instructions.</summary>
internal static unsafe class Transposition
{
    private const int Square = 8;

    /// <summary>Transposes [16, 16] words.</summary>
    /// <param name="source">The first word.</param>
    /// <param name="stride">Words from row to row.</param>
    /// <param name="destination">Receives the words.</param>
    /// <param name="destinationStride">Words from row to row of the destination.</param>
    public static void Of16(uint* source, long stride, uint* destination, long destinationStride)
    {
        for (int row = 0; row < 2 * Square; row += Square)
        {
            for (int column = 0; column < 2 * Square; column += Square)
                Of8(source + row * stride + column, stride, destination + column * destinationStride + row, destinationStride);
        }
    }

    [MethodImpl(Compiled.Apart)]
    private static void Of8(uint* source, long stride, uint* destination, long destinationStride)
    {
        Quad upper = Quad.Of(source, stride), lower = Quad.Of(source + 4 * stride, stride);
        Store(upper.First, lower.First, destination, destinationStride);
        Store(upper.Second, lower.Second, destination + destinationStride, destinationStride);
        Store(upper.Third, lower.Third, destination + 2 * destinationStride, destinationStride);
        Store(upper.Fourth, lower.Fourth, destination + 3 * destinationStride, destinationStride);
    }

    /// <summary>Stores two columns that are 4 apart. Their upper and lower four rows are in the 128-bit lanes of two vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<uint> upper, Vector256<uint> lower, uint* destination, long stride)
    {
        const byte First = 0x20, Second = 0x31; // the first lanes of both vectors, or the second lanes
        Avx.Permute2x128(upper.AsSingle(), lower.AsSingle(), First).AsUInt32().Store(destination);
        Avx.Permute2x128(upper.AsSingle(), lower.AsSingle(), Second).AsUInt32().Store(destination + 4 * stride);
    }

    /// <summary>A group of four rows, transposed within each 128-bit lane. Vector i holds the four rows of columns i and 4 + i.</summary>
    private readonly struct Quad
    {
        public readonly Vector256<uint> First, Second, Third, Fourth;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private Quad(Vector256<ulong> first, Vector256<ulong> second, Vector256<ulong> third, Vector256<ulong> fourth) =>
            (First, Second, Third, Fourth) = (first.AsUInt32(), second.AsUInt32(), third.AsUInt32(), fourth.AsUInt32());

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Quad Of(uint* rows, long stride)
        {
            Vector256<uint> a = Vector256.Load(rows), b = Vector256.Load(rows + stride), c = Vector256.Load(rows + 2 * stride), d = Vector256.Load(rows + 3 * stride);
            Vector256<ulong> lowAb = Avx2.UnpackLow(a, b).AsUInt64(), highAb = Avx2.UnpackHigh(a, b).AsUInt64();
            Vector256<ulong> lowCd = Avx2.UnpackLow(c, d).AsUInt64(), highCd = Avx2.UnpackHigh(c, d).AsUInt64();
            return new Quad(Avx2.UnpackLow(lowAb, lowCd), Avx2.UnpackHigh(lowAb, lowCd), Avx2.UnpackLow(highAb, highCd), Avx2.UnpackHigh(highAb, highCd));
        }
    }
}
