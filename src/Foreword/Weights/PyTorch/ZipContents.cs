using System.Buffers.Binary;
using System.Text;
using Foreword.IO;

namespace Foreword.Weights.PyTorch;

/// <summary>
/// Finds the files of an uncompressed zip archive, so that their bytes can be read in place. PyTorch stores its archives uncompressed. Zip64 is
/// supported (APPNOTE.TXT, sections 4.3.7 to 4.3.16).
/// </summary>
internal static class ZipContents
{
    private const uint EndMark = 0x0605_4B50;
    private const uint End64Mark = 0x0606_4B50;
    private const uint Locator64Mark = 0x0706_4B50;
    private const uint EntryMark = 0x0201_4B50;
    private const uint LocalMark = 0x0403_4B50;
    private const int EndBytes = 22;
    private const int LocatorBytes = 20;
    private const int EntryBytes = 46;
    private const int LocalBytes = 30;

    /// <summary>The position of a file's bytes in the archive.</summary>
    /// <param name="Offset">The offset of the first byte from the start of the archive.</param>
    /// <param name="Length">The number of bytes.</param>
    public readonly record struct Place(long Offset, long Length);

    /// <summary>Reads the directory of the archive.</summary>
    /// <returns>The position of each file, by name.</returns>
    /// <exception cref="InvalidDataException">The archive is damaged, or a file in it is compressed or encrypted.</exception>
    public static Dictionary<string, Place> Read(MappedFile file)
    {
        (long at, long count) = FindDirectory(file);
        Dictionary<string, Place> places = new(StringComparer.Ordinal);
        for (long i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = Bytes(file, at, EntryBytes);
            if (U32(entry) != EntryMark)
                throw Broken(file, $"entry {i + 1} of its directory has no valid signature");
            int nameLength = U16(entry[28..]), extraLength = U16(entry[30..]), commentLength = U16(entry[32..]);
            ReadOnlySpan<byte> nameBytes = Bytes(file, at + EntryBytes, nameLength);
            string name = Encoding.UTF8.GetString(nameBytes);
            if ((U16(entry[8..]) & 1) != 0)
                throw Broken(file, $"'{name}' in it is encrypted");
            if (U16(entry[10..]) != 0)
                throw Broken(file, $"'{name}' in it is compressed (method {U16(entry[10..])}); weights must be stored without compression");
            (long size, long offset) = Sizes(file, entry, Bytes(file, at + EntryBytes + nameLength, extraLength));
            ReadOnlySpan<byte> local = Bytes(file, offset, LocalBytes);
            long data = offset + LocalBytes + U16(local[26..]) + U16(local[28..]);
            if (U32(local) != LocalMark || size > file.Length - data)
                throw Broken(file, $"'{name}' in it is not where its directory says");
            if (!places.TryAdd(name, new Place(data, size)))
                throw Broken(file, $"holds '{name}' twice");
            at += EntryBytes + nameLength + extraLength + commentLength;
        }

        return places;
    }

    /// <summary>Finds the central directory.</summary>
    /// <returns>The offset and the number of its entries, from the end record or from the Zip64 record before it.</returns>
    private static (long Offset, long Count) FindDirectory(MappedFile file)
    {
        int tail = (int)Math.Min(file.Length, EndBytes + ushort.MaxValue); // a comment may follow
        ReadOnlySpan<byte> last = file.Bytes(file.Length - tail, tail);
        for (int i = tail - EndBytes; i >= 0; i--)
        {
            if (U32(last[i..]) != EndMark || i + EndBytes + U16(last[(i + 20)..]) != tail)
                continue;
            long end = file.Length - tail + i;
            (long offset, long count) = (U32(last[(i + 16)..]), U16(last[(i + 10)..]));
            if (end >= LocatorBytes && U32(file.Bytes(end - LocatorBytes, LocatorBytes)) == Locator64Mark)
            {
                ReadOnlySpan<byte> end64 = Bytes(file, I64(file, file.Bytes(end - LocatorBytes + 8, 8)), 56);
                if (U32(end64) != End64Mark)
                    throw Broken(file, "its 64-bit directory is not where its end record says");
                (offset, count) = (I64(file, end64[48..]), I64(file, end64[32..]));
            }

            return count <= file.Length / EntryBytes ? (offset, count) : throw Broken(file, $"{count} entries do not fit into it");
        }

        throw Broken(file, "it has no end record: it is incomplete or not a zip archive");
    }

    /// <summary>
    /// Returns the size of a file and the offset of its local header. The value 0xFFFFFFFF means that a 64-bit number in the extra field 1 replaces
    /// it.
    /// </summary>
    private static (long Size, long Offset) Sizes(MappedFile file, ReadOnlySpan<byte> entry, ReadOnlySpan<byte> extra)
    {
        long compressed = U32(entry[20..]), size = U32(entry[24..]), offset = U32(entry[42..]);
        while (extra.Length >= 4)
        {
            int id = U16(extra), length = U16(extra[2..]);
            if (length > extra.Length - 4)
                break;
            ReadOnlySpan<byte> field = extra.Slice(4, length);
            extra = extra[(4 + length)..];
            if (id != 1)
                continue;
            size = Wide(file, size, ref field);
            compressed = Wide(file, compressed, ref field);
            offset = Wide(file, offset, ref field);
        }

        return compressed == size ? (size, offset) : throw Broken(file, "a stored file in it has two different sizes");
    }

    private static long Wide(MappedFile file, long narrow, ref ReadOnlySpan<byte> field)
    {
        if (narrow != uint.MaxValue)
            return narrow;
        if (field.Length < 8)
            throw Broken(file, "a 64-bit size in it is missing");
        long wide = I64(file, field);
        field = field[8..];
        return wide;
    }

    private static ReadOnlySpan<byte> Bytes(MappedFile file, long offset, int count) =>
        offset >= 0 && offset <= file.Length - count ? file.Bytes(offset, count) : throw Broken(file, "its directory extends beyond its end");

    private static int U16(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    private static uint U32(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    private static long I64(MappedFile file, ReadOnlySpan<byte> bytes) =>
        BinaryPrimitives.ReadInt64LittleEndian(bytes) is >= 0 and var number && number <= file.Length ? number : throw Broken(file, "a size in it is larger than the archive");

    private static InvalidDataException Broken(MappedFile file, string fault) => new($"{file.Path}: the zip archive is broken: {fault}");
}
