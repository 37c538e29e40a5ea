using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Foreword.Torch.Kernels;

/// <summary>
/// Computes functions of 16 floats that .NET lacks or computes too slowly for the inner loops of training. Uses .NET's portable 512-bit vectors:
/// AVX-512 instructions where the processor has them, otherwise two vectors of 256 bits (AVX2) or four of 128 bits (SSE, Arm AdvSimd). Conversions of
/// bfloat16 use AVX-512F where the processor has it.
/// </summary>
internal static unsafe class VectorMath
{
    private const float RootTwoOverPi = 0.7978845608f, Cubic = 0.044715f;

    /// <summary>
    /// Computes e^x for x at most 0, with a relative error below 2e-7; for x under -87.3 the result is 1.2e-38. Uses the range reduction x = n ln 2 + r
    /// with ln 2 in two parts (Cody and Waite), then the Taylor polynomial of degree 6.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        x = Vector512.MaxNative(Vector512.Create(-87.3f), x); // in this order, NaN stays NaN
        Vector512<float> n = Vector512.Round(x * Vector512.Create(1.44269504f));
        Vector512<float> r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-0.693145752f), x);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-1.42860677e-6f), r);
        Vector512<float> p = Vector512.Create(1f / 720);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 120));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 24));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 6));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(0.5f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512<float>.One);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512<float>.One);
        Vector512<int> exponent = (Vector512.ConvertToInt32Native(n) + Vector512.Create(127)) << 23; // 2^n, n in -126 .. 0
        return p * exponent.AsSingle();
    }

    /// <summary>Returns the largest of 16 floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(Vector512<float> x)
    {
        Vector256<float> eight = Vector256.MaxNative(x.GetLower(), x.GetUpper());
        Vector128<float> four = Vector128.MaxNative(eight.GetLower(), eight.GetUpper());
        four = Vector128.MaxNative(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Vector128.MaxNative(four, Vector128.Shuffle(four, Vector128.Create(1, 0, 3, 2)))[0];
    }

    /// <summary>Computes tanh x by means of e^(-2 |x|).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Tanh(Vector512<float> x)
    {
        Vector512<float> e = Exp(Vector512.Abs(x) * -2f);
        Vector512<float> magnitude = (Vector512<float>.One - e) / (Vector512<float>.One + e);
        Vector512<float> sign = x & Vector512.Create(-0f);
        return magnitude | sign;
    }

    /// <summary>Computes GELU in its tanh form (Hendrycks and Gimpel 2016), 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x³))), and its derivative.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector512<float> Value, Vector512<float> Slope) Gelu(Vector512<float> x)
    {
        Vector512<float> square = x * x, root = Vector512.Create(RootTwoOverPi);
        Vector512<float> tanh = Tanh(x * Vector512.FusedMultiplyAdd(square, Vector512.Create(RootTwoOverPi * Cubic), root));
        Vector512<float> inner = Vector512.FusedMultiplyAdd(square, Vector512.Create(RootTwoOverPi * 3 * Cubic), root);
        Vector512<float> half = 0.5f * (Vector512<float>.One + tanh);
        return (x * half, half + 0.5f * x * (Vector512<float>.One - tanh * tanh) * inner);
    }

    /// <summary>Loads 16 bfloat16 numbers as floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadBFloat16(ushort* source)
    {
        Vector256<ushort> bits = Vector256.Load(source);
        if (Avx512F.IsSupported)
            return (Avx512F.ConvertToVector512UInt32(bits) << 16).AsSingle();
        return (Vector512.Create(Vector256.WidenLower(bits), Vector256.WidenUpper(bits)) << 16).AsSingle();
    }

    /// <summary>Rounds 16 finite floats to bfloat16 and stores them; ties go to even.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBFloat16(Vector512<float> values, ushort* destination)
    {
        Vector512<uint> bits = RoundToBFloat16(values) >>> 16;
        if (Avx512F.IsSupported)
            Avx512F.ConvertToVector256UInt16(bits).Store(destination);
        else
            Vector256.Narrow(bits.GetLower(), bits.GetUpper()).Store(destination);
    }

    /// <summary>Rounds 16 finite floats to bfloat16 in the upper halves of the lanes; ties go to even. The lower halves contain undefined bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> RoundToBFloat16(Vector512<float> values)
    {
        Vector512<uint> bits = values.AsUInt32();
        return bits + ((bits >>> 16) & Vector512.Create(1u)) + Vector512.Create(0x7fffu);
    }
}
