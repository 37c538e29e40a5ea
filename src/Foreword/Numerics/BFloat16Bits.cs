namespace Foreword.Numerics;

/// <summary>Converts single numbers between float32 and bfloat16, which is the upper half of a float32. Vectors are converted by the kernels.</summary>
internal static class BFloat16Bits
{
    /// <summary>Returns the float32 with the same value.</summary>
    public static float ToSingle(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>Rounds to the nearest bfloat16; ties go to even. A NaN keeps its upper bits and remains a NaN.</summary>
    public static ushort Nearest(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value))
            return (ushort)((bits >> 16) | ((bits & 0x7F_0000) == 0 ? 0x40u : 0));
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>Returns the smallest bfloat16 that is not less than a finite value; the value is 0 or greater.</summary>
    public static ushort Up(float value) => (ushort)((BitConverter.SingleToUInt32Bits(value) + 0xFFFF) >> 16);
}
