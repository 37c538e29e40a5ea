using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Foreword.Numerics;

namespace Foreword.Torch.Kernels;

/// <summary>
/// Defines the number format of products and saved activations, float32 or bfloat16. Every kernel is written once for both. Sums, norms, softmax and
/// gradients of weights are float32 in both.
/// </summary>
/// <remarks>
/// <see cref="Float32"/> uses .NET's portable vectors and runs on every processor. <see cref="BFloat16"/> uses AVX-512F and AVX-512BW instructions for
/// packing; the fused kernels use it only on processors that have them.
/// </remarks>
internal unsafe interface IElement<T> where T : unmanaged, IElement<T>
{
    /// <summary>Gets the number of elements in 32 bits, the unit that transposing and packing move: 2 or 1.</summary>
    static abstract int PerWord { get; }

    /// <summary>Loads 16 elements as floats.</summary>
    static abstract Vector512<float> Load(T* source);

    /// <summary>Rounds 16 floats to elements and stores them.</summary>
    static abstract void Store(Vector512<float> values, T* destination);

    /// <summary>Returns one element as a float.</summary>
    static abstract float Get(T* source);

    /// <summary>Rounds one float to an element and stores it.</summary>
    static abstract void Set(float value, T* destination);

    /// <summary>Loads one word for each of 16 columns. A word consists of the elements of <see cref="PerWord"/> consecutive rows.</summary>
    /// <param name="source">The first element of the upper row.</param>
    /// <param name="stride">Elements from row to row.</param>
    static abstract Vector512<uint> LoadWords(T* source, long stride);

    /// <summary>Rounds float32 rows and returns their words like <see cref="LoadWords"/>.</summary>
    static abstract Vector512<uint> RoundRows(float* source, long stride);

    /// <summary>Rounds consecutive elements of one float32 row and returns them as 16 words.</summary>
    static abstract Vector512<uint> RoundRow(float* source);

    /// <summary>Computes C [M, N] = A [M, K] B, or C += A B with <paramref name="add"/>. B is packed in words: [K / PerWord][ldb].</summary>
    static abstract void Multiply(long M, long N, long K, T* a, long lda, T* b, long ldb, float* c, long ldc, bool add);
}

/// <summary>A bfloat16 number: the upper half of a float32.</summary>
[StructLayout(LayoutKind.Sequential, Size = sizeof(ushort))]
internal readonly unsafe struct BFloat16 : IElement<BFloat16>
{
    public static int PerWord => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(BFloat16* source) => VectorMath.LoadBFloat16((ushort*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> values, BFloat16* destination) => VectorMath.StoreBFloat16(values, (ushort*)destination);

    public static float Get(BFloat16* source) => BFloat16Bits.ToSingle(*(ushort*)source);

    public static void Set(float value, BFloat16* destination) => *(ushort*)destination = BFloat16Bits.Nearest(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> LoadWords(BFloat16* source, long stride)
    {
        Vector512<uint> upper = Avx512F.ConvertToVector512UInt32(Vector256.Load((ushort*)source));
        Vector512<uint> lower = Avx512F.ConvertToVector512UInt32(Vector256.Load((ushort*)(source + stride)));
        return upper | (lower << 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> RoundRows(float* source, long stride) =>
        (VectorMath.RoundToBFloat16(Vector512.Load(source)) >>> 16) | (VectorMath.RoundToBFloat16(Vector512.Load(source + stride)) & Vector512.Create(0xffff0000u));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> RoundRow(float* source)
    {
        Vector512<uint> first = VectorMath.RoundToBFloat16(Vector512.Load(source)), second = VectorMath.RoundToBFloat16(Vector512.Load(source + Vector512<float>.Count));
        return Avx512BW.PermuteVar32x16x2(first.AsUInt16(), Vector512<ushort>.Indices * 2 + Vector512<ushort>.One, second.AsUInt16()).AsUInt32(); // takes the upper halves
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(long M, long N, long K, BFloat16* a, long lda, BFloat16* b, long ldb, float* c, long ldc, bool add) =>
        MicroKernel.BFloat16(M, N, K, lda, ldb, ldc, add ? (byte)1 : (byte)0, a, b, c, 1);
}

/// <summary>A float32 number.</summary>
[StructLayout(LayoutKind.Sequential, Size = sizeof(float))]
internal readonly unsafe struct Float32 : IElement<Float32>
{
    public static int PerWord => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(Float32* source) => Vector512.Load((float*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> values, Float32* destination) => values.Store((float*)destination);

    public static float Get(Float32* source) => *(float*)source;

    public static void Set(float value, Float32* destination) => *(float*)destination = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> LoadWords(Float32* source, long stride) => Vector512.Load((uint*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> RoundRows(float* source, long stride) => Vector512.Load((uint*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> RoundRow(float* source) => Vector512.Load((uint*)source);

    public static void Multiply(long M, long N, long K, Float32* a, long lda, Float32* b, long ldb, float* c, long ldc, bool add)
    {
        if (MicroKernel.Float32 is not null)
            MicroKernel.Float32(M, N, K, lda, ldb, ldc, add ? (byte)1 : (byte)0, a, b, c, 0);
        else
            Float32Tiles.Multiply((int)M, (int)N, (int)K, (float*)a, lda, (float*)b, ldb, c, ldc, add);
    }
}
