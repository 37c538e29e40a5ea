using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Foreword.Cpu.Kernels;

/// <summary>
/// Converts vectors between float32 and bfloat16, which is the upper half of a float32. Conversions of 16 numbers use AVX-512F instructions where the processor
/// has them, and otherwise the portable 256-bit vectors of .NET.
/// </summary>
internal static class BFloat16
{
    /// <summary>Loads 16 bfloat16 numbers as float32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Vector512<float> Load(ushort* numbers)
    {
        if (Avx512F.IsSupported)
            return (Avx512F.ConvertToVector512UInt32(Vector256.Load(numbers)) << 16).AsSingle();
        (Vector256<float> lower, Vector256<float> upper) = LoadHalves(numbers);
        return Vector512.Create(lower, upper);
    }

    /// <summary>Loads 16 bfloat16 numbers as two vectors of eight float32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe (Vector256<float> Lower, Vector256<float> Upper) LoadHalves(ushort* numbers)
    {
        Vector256<ushort> sixteen = Vector256.Load(numbers);
        return ((Vector256.WidenLower(sixteen) << 16).AsSingle(), (Vector256.WidenUpper(sixteen) << 16).AsSingle());
    }

    /// <summary>Rounds 16 numbers to the nearest bfloat16 values and returns them as float32; ties go to even.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Round(Vector512<float> values)
    {
        Vector512<uint> bits = values.AsUInt32();
        Vector512<uint> rounded = (bits + Vector512.Create(0x7fffu) + ((bits >>> 16) & Vector512<uint>.One)) & Vector512.Create(0xffff0000u);
        return Vector512.ConditionalSelect(Vector512.IsNaN(values), Vector512.Create(float.NaN), rounded.AsSingle());
    }

    /// <summary>Writes 16 numbers as the nearest bfloat16; ties go to even.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Store(Vector512<float> values, ushort* numbers)
    {
        Vector512<uint> upper = Round(values).AsUInt32() >>> 16;
        (Avx512F.IsSupported ? Avx512F.ConvertToVector256UInt16(upper) : Vector256.Narrow(upper.GetLower(), upper.GetUpper())).Store(numbers);
    }
}
