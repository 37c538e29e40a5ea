namespace Foreword.Weights.Gguf;

/// <summary>The constants of GGUF files and how tensors lie in them (ggml/docs/gguf.md).</summary>
internal static class GgufLayout
{
    /// <summary>The version that is written; the reader takes 2 as well, which differs in nothing that is used here.</summary>
    public const uint Version = 3;

    /// <summary>Tensors begin at multiples of it unless <c>general.alignment</c> says otherwise.</summary>
    public const int DefaultAlignment = 32;

    /// <summary>GGML_MAX_DIMS.</summary>
    public const int MaxDimensions = 4;

    /// <summary>GGML_MAX_NAME: bytes of a tensor's name and the zero behind it.</summary>
    public const int MaxName = 64;

    /// <summary>What a file begins with.</summary>
    public static ReadOnlySpan<byte> Magic => "GGUF"u8;

    /// <summary>The next multiple of <paramref name="alignment"/>.</summary>
    public static long Align(long offset, long alignment) => (offset + alignment - 1) / alignment * alignment;

    /// <summary>Bytes of a tensor of that row-major shape, or null where no such tensor can be.</summary>
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

/// <summary>The types of metadata values; values as in the file.</summary>
internal enum GgufType : uint
{
    UInt8, Int8, UInt16, Int16, UInt32, Int32, Float32, Bool, String, Array, UInt64, Int64, Float64,
}
