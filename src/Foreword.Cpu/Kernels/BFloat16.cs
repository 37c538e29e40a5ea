namespace Foreword.Cpu.Kernels;

/// <summary>bfloat16: the upper half of a float32.</summary>
internal static class BFloat16
{
    public static float ToSingle(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>The nearest, ties to even.</summary>
    public static ushort Nearest(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)0x7fc0 : (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>The least that is not below a finite value of at least 0.</summary>
    public static ushort Up(float value) => (ushort)((BitConverter.SingleToUInt32Bits(value) + 0xffff) >> 16);
}
