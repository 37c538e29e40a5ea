using System.Buffers.Binary;
using System.Text;
using Foreword.IO;

namespace Foreword.Weights.OpenAi;

/// <summary>Reads a leveldb table, the format of the index of a TensorFlow checkpoint (leveldb, doc/table_format.md).</summary>
/// <remarks>
/// The table consists of blocks of prefix-compressed keys with their values, a block that lists these blocks, and a footer with the position of that
/// list. The CRC-32C of each block is verified. Compressed blocks are rejected. TensorFlow does not write them in an index.
/// </remarks>
internal static class SortedTable
{
    private const ulong Magic = 0xDB47_7524_8B80_FB57;
    private const int FooterBytes = 48;

    /// <summary>The number of bytes after every block: a type and a checksum.</summary>
    private const int TrailerBytes = 5;

    /// <summary>Processes one entry. The span is valid only during the call.</summary>
    public delegate void Visit(string key, ReadOnlySpan<byte> value);

    /// <summary>Passes every entry to <paramref name="visit"/>, in the order of the file.</summary>
    /// <exception cref="InvalidDataException">The table is damaged. The message names the path and the position.</exception>
    public static void Read(MappedFile file, Visit visit)
    {
        if (file.Length < FooterBytes || BinaryPrimitives.ReadUInt64LittleEndian(file.Bytes(file.Length - 8, 8)) != Magic)
            throw new InvalidDataException($"{file.Path}: not an index of a TensorFlow checkpoint: its last 8 bytes are not the signature of a table");
        ReadOnlySpan<byte> footer = file.Bytes(file.Length - FooterBytes, FooterBytes - 8);
        long keyBytes = 0;
        try
        {
            _ = Handle(ref footer); // the position of the meta index, which holds nothing of use here
            ReadBlock(file, Handle(ref footer), (_, handle) =>
            {
                ReadOnlySpan<byte> rest = handle;
                ReadBlock(file, Handle(ref rest), (key, value) =>
                {
                    keyBytes += key.Length;
                    if (keyBytes > 2 * file.Length) // nearly equal keys could fill the memory; real keys take less than the file
                        throw new InvalidDataException("its keys are longer than the file allows");
                    visit(key, value);
                });
            });
        }
        catch (InvalidDataException problem) when (!problem.Message.StartsWith(file.Path, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"{file.Path}: the table is broken: {problem.Message}", problem);
        }
    }

    private static (long Offset, int Length) Handle(ref ReadOnlySpan<byte> bytes)
    {
        ulong offset = ProtoReader.Varint(ref bytes), length = ProtoReader.Varint(ref bytes);
        return offset <= long.MaxValue && length <= int.MaxValue - TrailerBytes ? ((long)offset, (int)length) : throw new InvalidDataException($"a block of {length} bytes at {offset}");
    }

    private static void ReadBlock(MappedFile file, (long Offset, int Length) handle, Visit visit)
    {
        if (handle.Length + TrailerBytes > file.Length || handle.Offset > file.Length - handle.Length - TrailerBytes)
            throw new InvalidDataException($"the block of {handle.Length} bytes at {handle.Offset} lies outside the file of {file.Length}");
        ReadOnlySpan<byte> block = file.Bytes(handle.Offset, handle.Length);
        ReadOnlySpan<byte> trailer = file.Bytes(handle.Offset + handle.Length, TrailerBytes);
        if (Crc32C.Mask(Crc32C.Append(Crc32C.Append(0, block), trailer[..1])) != BinaryPrimitives.ReadUInt32LittleEndian(trailer[1..]))
            throw new InvalidDataException($"the block at {handle.Offset} does not match its checksum");
        if (trailer[0] != 0)
            throw new InvalidDataException($"the block at {handle.Offset} is compressed (type {trailer[0]}), which is not supported");
        ReadEntries(block, visit);
    }

    /// <summary>
    /// Reads the entries of a block. An entry consists of the length of the prefix shared with the previous key, the length of the rest of the key,
    /// the length of the value, the rest of the key, and the value. The restart points follow the entries.
    /// </summary>
    private static void ReadEntries(ReadOnlySpan<byte> block, Visit visit)
    {
        if (block.Length < 4)
            throw new InvalidDataException("a block without restarts");
        uint restarts = BinaryPrimitives.ReadUInt32LittleEndian(block[^4..]);
        if (restarts > (block.Length - 4) / 4)
            throw new InvalidDataException($"a block of {block.Length} bytes with {restarts} restarts");
        ReadOnlySpan<byte> rest = block[..^(4 + 4 * (int)restarts)];
        byte[] key = [];
        while (!rest.IsEmpty)
        {
            ulong shared = ProtoReader.Varint(ref rest), own = ProtoReader.Varint(ref rest), length = ProtoReader.Varint(ref rest);
            if (shared > (ulong)key.Length || own > (ulong)rest.Length || length > (ulong)rest.Length - own)
                throw new InvalidDataException("an entry extends beyond its block");
            key = [.. key.AsSpan(0, (int)shared), .. rest[..(int)own]];
            ReadOnlySpan<byte> value = rest.Slice((int)own, (int)length);
            rest = rest[(int)(own + length)..];
            visit(Encoding.UTF8.GetString(key), value);
        }
    }
}
