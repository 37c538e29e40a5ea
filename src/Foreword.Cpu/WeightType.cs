using System.Diagnostics.CodeAnalysis;
using Foreword.Cpu.Matrices;
using Foreword.Cpu.Threading;

namespace Foreword.Cpu;

/// <summary>
/// Specifies the number format of a model's matrices in memory. Embeddings, biases, norms, the residual stream and all sums are always float32.
/// </summary>
[SuppressMessage("Naming", "CA1720", Justification = "What these formats are called.")]
public enum WeightType
{
    /// <summary>
    /// float32: the same numbers as in training, bit for bit. On processors with AVX-512 VBMI, a weight is stored in 28 bits, from which all 32 are
    /// restored.
    /// </summary>
    F32,

    /// <summary>bfloat16: half the memory. The inputs of products are rounded to bfloat16 too, and their sums are float32.</summary>
    Bf16,

    /// <summary>8 bits with a scale for each block of 64 inputs: 8.25 bits per weight. Inputs are quantized to 8 bits too.</summary>
    Int8,

    /// <summary>
    /// 4 bits with a scale for each block of 32 inputs: 4.5 bits per weight. The output layer has 8 bits, because it is the most sensitive matrix.
    /// </summary>
    Int4,
}

/// <summary>Maps a weight type to the format of each matrix.</summary>
internal static class WeightTypes
{
    /// <summary>Returns the quantized format of a matrix, or null if the type does not quantize.</summary>
    public static QuantizedFormat? Format(this WeightType type, bool isHead) => type switch
    {
        WeightType.Int8 => QuantizedFormat.Int8,
        WeightType.Int4 => isHead ? QuantizedFormat.Int8 : QuantizedFormat.Int4,
        _ => null,
    };

    /// <summary>
    /// Returns the default format of keys and values: float32 with float32 weights. Other weights round the inputs of products to 8 bits of mantissa or
    /// less anyway, so half the memory (bfloat16) is enough.
    /// </summary>
    public static CacheType Cache(this WeightType type) => type == WeightType.F32 ? CacheType.F32 : CacheType.Bf16;

    /// <summary>Reads a weight matrix in the type's format.</summary>
    public static PanelMatrix Read(this WeightType type, PanelReader reader, Workers workers) => type switch
    {
        WeightType.F32 when PackedFloatMatrix.CanHold(reader.Inputs) => PackedFloatMatrix.Read(reader, workers),
        WeightType.F32 => FloatMatrix.Read(reader, workers),
        WeightType.Bf16 => BFloat16Matrix.Read(reader, workers),
        _ => QuantizedMatrix.Read(reader, type.Format(reader.IsHead)!, workers),
    };
}
