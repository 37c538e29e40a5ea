namespace Foreword.Weights.Gguf;

/// <summary>Defines the constants of GGUF files and the layout of their tensors (ggml/docs/gguf.md).</summary>
internal static class GgufLayout
{
    /// <summary>The version that is written. The reader also accepts version 2, which does not differ in any feature that is used here.</summary>
    public const uint Version = 3;

    /// <summary>The default alignment of tensors in bytes. The key <c>general.alignment</c> can change it.</summary>
    public const int DefaultAlignment = 32;

    /// <summary>The largest number of dimensions (GGML_MAX_DIMS).</summary>
    public const int MaxDimensions = 4;

    /// <summary>The largest number of bytes of a tensor name, including the zero byte at its end (GGML_MAX_NAME).</summary>
    public const int MaxName = 64;

    /// <summary>Gets the bytes that every file begins with.</summary>
    public static ReadOnlySpan<byte> Magic => "GGUF"u8;

    /// <summary>Rounds an offset up to a multiple of <paramref name="alignment"/>.</summary>
    public static long Align(long offset, long alignment) => (offset + alignment - 1) / alignment * alignment;

    /// <summary>Returns the number of bytes of a tensor with a row-major shape, or null if no tensor can have that type and shape.</summary>
    public static long? ByteCount(GgmlType type, ReadOnlySpan<long> shape)
    {
        if (shape.Length is 0 or > MaxDimensions || shape[^1] % type.BlockLength() != 0)
            return null;
        UInt128 bytes = (uint)type.BlockBytes();
        foreach (long size in shape)
        {
            if (size < 1)
                return null;
            bytes *= (ulong)size;
            if (bytes > long.MaxValue)
                return null;
        }

        return (long)(bytes / (uint)type.BlockLength());
    }
}

/// <summary>The types of metadata values. The values are those in the file.</summary>
internal enum GgufType : uint
{
    UInt8, Int8, UInt16, Int16, UInt32, Int32, Float32, Bool, String, Array, UInt64, Int64, Float64,
}
