using System.Diagnostics.CodeAnalysis;

namespace Foreword.Cpu;

/// <summary>The number format in which keys and values of the tokens read so far are kept.</summary>
[SuppressMessage("Naming", "CA1720", Justification = "What these formats are called.")]
public enum CacheType
{
    /// <summary>float32: what was computed, exactly; reading with a cache equals reading without.</summary>
    F32,

    /// <summary>bfloat16: half the memory, keys and values rounded to 8 bits of mantissa; what is computed from them is float32.</summary>
    BF16,
}
