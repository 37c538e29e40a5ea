using System.Buffers.Binary;
using System.Numerics;

namespace Foreword.Weights.OpenAi;

/// <summary>CRC-32C (Castagnoli), and the mask that leveldb and TensorFlow put over it (leveldb, util/crc32c.h).</summary>
internal static class Crc32C
{
    private const uint MaskDelta = 0xA282EAD8;

    /// <summary>The checksum of the bytes that gave <paramref name="crc"/> followed by these; 0 is that of none.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        crc = ~crc;
        for (; bytes.Length >= 8; bytes = bytes[8..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte value in bytes)
            crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }

    /// <summary>The checksum as it is stored.</summary>
    public static uint Mask(uint crc) => BitOperations.RotateRight(crc, 15) + MaskDelta;
}
