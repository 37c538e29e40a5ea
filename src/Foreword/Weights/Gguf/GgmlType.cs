namespace Foreword.Weights.Gguf;

/// <summary>The element types of GGUF files that Foreword reads and writes; values as in the file (ggml.h, <c>enum ggml_type</c>).</summary>
internal enum GgmlType
{
    /// <summary>IEEE 754 single precision.</summary>
    F32 = 0,

    /// <summary>IEEE 754 half precision.</summary>
    F16 = 1,

    /// <summary>Blocks of 32 elements of a row: a half-precision scale, then 32 signed bytes.</summary>
    Q8_0 = 8,

    /// <summary>The upper half of an F32.</summary>
    BF16 = 30,
}

/// <summary>Sizes of ggml's element types.</summary>
internal static class GgmlTypes
{
    /// <summary>Elements that are stored together; a row holds whole blocks.</summary>
    public static int BlockLength(this GgmlType type) => type == GgmlType.Q8_0 ? Q8Block.Length : 1;

    /// <summary>Bytes of a block.</summary>
    public static int BlockBytes(this GgmlType type) => type == GgmlType.Q8_0 ? Q8Block.Bytes : type.DType().Size();

    /// <summary>The same type in safetensors files.</summary>
    /// <exception cref="ArgumentException">There it has none.</exception>
    public static TensorDType DType(this GgmlType type) => type switch
    {
        GgmlType.F32 => TensorDType.F32,
        GgmlType.F16 => TensorDType.F16,
        GgmlType.BF16 => TensorDType.BF16,
        _ => throw new ArgumentException($"{type} is no type of single elements"),
    };
}
