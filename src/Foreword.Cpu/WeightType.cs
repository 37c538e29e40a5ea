using System.Diagnostics.CodeAnalysis;
using Foreword.Cpu.Matrices;
using Foreword.Cpu.Threading;

namespace Foreword.Cpu;

/// <summary>The number format of a model's matrices in memory. Embeddings, biases and norms, the residual stream and all sums stay float32.</summary>
[SuppressMessage("Naming", "CA1720", Justification = "What these formats are called.")]
public enum WeightType
{
    /// <summary>float32: the same numbers as training's, bit for bit; with AVX-512 VBMI in 28 bits a weight, from which all 32 are put together again.</summary>
    F32,

    /// <summary>bfloat16: half the memory, products with float32 inputs.</summary>
    BF16,

    /// <summary>8 bits with a scale for each block of 64 inputs, 8.25 bits a weight; inputs are quantised to 8 bits, too.</summary>
    Int8,

    /// <summary>4 bits with a scale for each block of 32 inputs, 4.5 bits a weight; the output layer has 8, for it is the most sensitive one.</summary>
    Int4,
}

/// <summary>What a type means for each matrix.</summary>
internal static class WeightTypes
{
    /// <summary>The quantised format of a matrix, or null where the type does not quantise.</summary>
    public static QuantizedFormat? Format(this WeightType type, bool isHead) => type switch
    {
        WeightType.Int8 => QuantizedFormat.Int8,
        WeightType.Int4 => isHead ? QuantizedFormat.Int8 : QuantizedFormat.Int4,
        _ => null,
    };

    /// <summary>How keys and values are kept unless somebody says otherwise: exactly, but beside quantised inputs, which are rounded more coarsely themselves, in half the memory.</summary>
    public static CacheType Cache(this WeightType type) => type.Format(isHead: false) is null ? CacheType.F32 : CacheType.BF16;

    /// <summary>Reads a weight in the type's format.</summary>
    public static PanelMatrix Read(this WeightType type, PanelReader reader, Workers workers) => type switch
    {
        WeightType.F32 when PackedFloatMatrix.CanHold(reader.Inputs) => PackedFloatMatrix.Read(reader, workers),
        WeightType.F32 => FloatMatrix.Read(reader, workers),
        WeightType.BF16 => BFloat16Matrix.Read(reader, workers),
        _ => QuantizedMatrix.Read(reader, type.Format(reader.IsHead)!, workers),
    };
}
