using System.Buffers.Binary;
using System.Numerics;

namespace Foreword.Weights.OpenAi;

/// <summary>Computes CRC-32C (Castagnoli) checksums, and the masked form that leveldb and TensorFlow store (leveldb, util/crc32c.h).</summary>
internal static class Crc32C
{
    private const uint MaskDelta = 0xA282EAD8;

    /// <summary>Extends a checksum by further bytes.</summary>
    /// <param name="crc">The checksum of the preceding bytes, or 0 if there are none.</param>
    /// <param name="bytes">The bytes to add.</param>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        crc = ~crc;
        for (; bytes.Length >= 8; bytes = bytes[8..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte value in bytes)
            crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }

    /// <summary>Returns the masked checksum, which is the form that is stored.</summary>
    public static uint Mask(uint crc) => BitOperations.RotateRight(crc, 15) + MaskDelta;
}
