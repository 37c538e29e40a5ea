namespace Foreword.Weights.Gguf;

/// <summary>
/// The element types of GGUF files that Foreword reads and writes. The values are those in the file (ggml.h, <c>enum ggml_type</c>).
/// </summary>
internal enum GgmlType
{
    /// <summary>F32: IEEE 754 single precision.</summary>
    F32 = 0,

    /// <summary>F16: IEEE 754 half precision.</summary>
    F16 = 1,

    /// <summary>Q8_0: blocks of 32 elements of a row. A block is a half-precision scale and 32 signed bytes.</summary>
    Q8_0 = 8,

    /// <summary>BF16: the upper 16 bits of an F32.</summary>
    Bf16 = 30,
}

/// <summary>Provides the sizes of ggml's element types.</summary>
internal static class GgmlTypes
{
    /// <summary>Returns the number of elements in a block. A row consists of whole blocks.</summary>
    public static int BlockLength(this GgmlType type) => type == GgmlType.Q8_0 ? Q8Block.Length : 1;

    /// <summary>Returns the number of bytes of a block.</summary>
    public static int BlockBytes(this GgmlType type) => type == GgmlType.Q8_0 ? Q8Block.Bytes : type.DType().Size();

    /// <summary>Returns the same element type in safetensors files.</summary>
    /// <exception cref="ArgumentException">Safetensors files have no such type.</exception>
    public static TensorDType DType(this GgmlType type) => type switch
    {
        GgmlType.F32 => TensorDType.F32,
        GgmlType.F16 => TensorDType.F16,
        GgmlType.Bf16 => TensorDType.Bf16,
        _ => throw new ArgumentException($"{type} is not a type of single elements", nameof(type)),
    };
}
