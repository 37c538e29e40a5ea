using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Foreword.Cpu.Kernels;

/// <summary>
/// Computes dot products of four pairs of bytes per 32-bit lane, the basic operation of the integer kernels. It uses AVX-VNNI where the processor has
/// it, otherwise AVX2, otherwise (Arm) the dot product instructions of AdvSimd or plain 128-bit vectors. All variants compute the same numbers.
/// </summary>
internal static class Dot
{
    /// <summary>
    /// Computes sums[i] + w[4i] x[4i] + ... + w[4i + 3] x[4i + 3] exactly in 32 bits. On processors with AVX-VNNI this is one instruction. Without it,
    /// bytes are widened, because AVX2's own product of unsigned and signed bytes saturates at 16 bits.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sums, Vector256<byte> w, Vector256<sbyte> x)
    {
        if (AvxVnni.IsSupported)
            return AvxVnni.MultiplyWideningAndAdd(sums, w, x);
        if (Avx2.IsSupported)
        {
            // Separate the even and odd bytes. As factors of 16 bits, every sum of two products is exact in 32 bits.
            Vector256<short> evenW = (w.AsUInt16() & Vector256.Create((ushort)0xff)).AsInt16(), oddW = (w.AsUInt16() >>> 8).AsInt16();
            Vector256<short> evenX = (x.AsInt16() << 8) >> 8, oddX = x.AsInt16() >> 8;
            return sums + Avx2.MultiplyAddAdjacent(evenW, evenX) + Avx2.MultiplyAddAdjacent(oddW, oddX);
        }

        return Vector256.Create(Add(sums.GetLower(), w.GetLower(), x.GetLower()), Add(sums.GetUpper(), w.GetUpper(), x.GetUpper()));
    }

    /// <summary>Computes the same as the 256-bit overload for 128 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Add(Vector128<int> sums, Vector128<byte> w, Vector128<sbyte> x)
    {
        if (Dp.IsSupported) // the instruction multiplies signed bytes, so use w - 128 and add 128 times the sum of x
        {
            Vector128<sbyte> signed = (w ^ Vector128.Create((byte)0x80)).AsSByte();
            Vector128<int> sumOfX = Dp.DotProduct(Vector128<int>.Zero, x, Vector128.Create((sbyte)1));
            return Dp.DotProduct(sums, signed, x) + (sumOfX << 7);
        }

        // Each 32-bit lane holds four bytes. They are extracted one after the other.
        Vector128<uint> w4 = w.AsUInt32();
        Vector128<int> x4 = x.AsInt32();
        for (int shift = 0; shift < 32; shift += 8)
            sums += ((w4 >>> shift) & Vector128.Create(0xffu)).AsInt32() * ((x4 << (24 - shift)) >> 24);
        return sums;
    }
}
