using System.Diagnostics.CodeAnalysis;

namespace Foreword.Cpu;

/// <summary>Specifies the number format in which the keys and values of the tokens read so far are kept.</summary>
[SuppressMessage("Naming", "CA1720", Justification = "What these formats are called.")]
public enum CacheType
{
    /// <summary>float32: exactly the computed numbers. Reading with a cache returns the same results as reading without one.</summary>
    F32,

    /// <summary>bfloat16: half the memory. Keys and values are rounded to 8 bits of mantissa; computations with them are in float32.</summary>
    Bf16,
}
