using System.Text;
using Foreword.IO;
using Foreword.Weights.PyTorch;

namespace Foreword.Tests.Weights.PyTorch;

/// <summary>Tests archives whose directory is written by hand: one file 'a' of 3 bytes.</summary>
public sealed class ZipContentsTests : IDisposable
{
    private const uint Wide = uint.MaxValue;

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    /// <summary>Each number can be in the extra field 1 instead. The numbers that are there have the order size, compressed size, offset.</summary>
    [Theory]
    [InlineData(3, 3, 0, new long[0])]
    [InlineData(Wide, 3, 0, new long[] { 3 })]
    [InlineData(3, Wide, 0, new long[] { 3 })]
    [InlineData(3, 3, Wide, new long[] { 0 })]
    [InlineData(Wide, Wide, Wide, new long[] { 3, 3, 0 })]
    [InlineData(3, 3, 0, new long[] { 9, 9, 9 })]
    public void ANumberOf64BitsReplacesTheShortOne(uint size, uint compressed, uint offset, long[] wide)
    {
        using MappedFile file = Archive(size, compressed, offset, wide);
        (string name, ZipContents.Place place) = Assert.Single(ZipContents.Read(file));
        Assert.Equal("a", name);
        Assert.Equal("abc"u8, file.Bytes(place.Offset, (int)place.Length));
    }

    [Theory]
    [InlineData(Wide, Wide, 0, new long[] { 3 }, 1, "a 64-bit size in it is missing")]
    [InlineData(Wide, 3, 0, new long[] { 999 }, 1, "a size in it is larger than the archive")]
    [InlineData(Wide, 3, 0, new long[] { -1 }, 1, "a size in it is larger than the archive")]
    [InlineData(3, 2, 0, new long[0], 1, "a stored file in it has two different sizes")]
    [InlineData(3, 3, 999, new long[0], 1, "its directory extends beyond its end")]
    [InlineData(3, 3, 0, new long[0], 2, "its directory extends beyond its end")]
    [InlineData(3, 3, 1, new long[0], 1, "'a' in it is not where its directory says")]
    [InlineData(3, 3, 0, new long[0], 9, "9 entries do not fit into it")]
    public void ADirectoryThatDoesNotFitIsRefused(uint size, uint compressed, uint offset, long[] wide, int count, string fault)
    {
        using MappedFile file = Archive(size, compressed, offset, wide, count);
        Assert.Equal($"{file.Path}: the zip archive is broken: {fault}", Assert.Throws<InvalidDataException>(() => ZipContents.Read(file)).Message);
    }

    /// <summary>Writes an archive with the layout of APPNOTE.TXT, sections 4.3.7, 4.3.12, 4.5.3 and 4.3.16.</summary>
    private MappedFile Archive(uint size, uint compressed, uint offset, long[] wide, int count = 1)
    {
        using MemoryStream bytes = new();
        using (BinaryWriter writer = new(bytes, Encoding.ASCII, leaveOpen: true))
        {
            writer.Write(0x0403_4B50);
            writer.Write(new byte[22]);
            writer.Write((short)1);
            writer.Write((short)0);
            writer.Write("aabc"u8); // the name and the content
            int directory = (int)bytes.Position;
            writer.Write(0x0201_4B50);
            writer.Write(new byte[16]); // versions, flags, method 0, time, checksum
            writer.Write(compressed);
            writer.Write(size);
            writer.Write((short)1);
            writer.Write((short)(wide.Length == 0 ? 0 : 4 + 8 * wide.Length));
            writer.Write(new byte[10]); // comment, disk, attributes
            writer.Write(offset);
            writer.Write((byte)'a');
            if (wide.Length > 0)
            {
                writer.Write((short)1);
                writer.Write((short)(8 * wide.Length));
                foreach (long number in wide)
                    writer.Write(number);
            }

            int length = (int)bytes.Position - directory;
            writer.Write(0x0605_4B50);
            writer.Write(0);
            writer.Write((short)count);
            writer.Write((short)count);
            writer.Write(length);
            writer.Write(directory);
            writer.Write((short)0);
        }

        string path = _directory.File("archive.zip");
        File.WriteAllBytes(path, bytes.ToArray());
        return MappedFile.Open(path);
    }
}
