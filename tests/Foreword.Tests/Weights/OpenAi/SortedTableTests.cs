using Foreword.IO;
using Foreword.Weights.OpenAi;

namespace Foreword.Tests.Weights.OpenAi;

/// <summary>Tests tables whose bytes are written by hand (leveldb, doc/table_format.md).</summary>
public sealed class SortedTableTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();
    private int _tables;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void AKeyBeginsWithThePrefixThatItSharesWithTheKeyBefore()
    {
        List<(string Key, byte[] Value)> entries = [];
        using MappedFile file = Table([[0, 2, 1, .. "ab"u8, 7], [1, 2, 0, .. "cd"u8], [3, 0, 2, 8, 9], [0, 1, 0, (byte)'x']]);
        SortedTable.Read(file, (key, value) => entries.Add((key, value.ToArray())));
        Assert.Equal(["ab", "acd", "acd", "x"], entries.Select(entry => entry.Key));
        Assert.Equal([[7], [], [8, 9], []], entries.Select(entry => entry.Value));
    }

    /// <summary>An entry of 3 bytes repeats up to the whole key before it. The keys may take twice the size of the file, and no byte more.</summary>
    [Fact]
    public void NearlyEqualKeysMayNotFillTheMemory()
    {
        const int Length = 60, Repetitions = 4;
        byte[][] same = [[0, Length, 0, .. Enumerable.Repeat((byte)'k', Length)], .. Enumerable.Repeat<byte[]>([Length, 0, 0], Repetitions)];
        long size = Length * (1 + Repetitions);
        using MappedFile smaller = Table([.. same, [0, 0, 0]]);
        int last = (int)(2 * smaller.Length - size); // the length of the last key; the size of the file does not depend on it
        Assert.InRange(last, 1, Length - 1);

        using MappedFile allowed = Table([.. same, [(byte)last, 0, 0]]);
        long read = 0;
        SortedTable.Read(allowed, (key, _) => read += key.Length);
        Assert.Equal(2 * allowed.Length, read);
        using MappedFile larger = Table([.. same, [(byte)(last + 1), 0, 0]]);
        Assert.Equal($"{larger.Path}: the table is broken: its keys are longer than the file allows", Assert.Throws<InvalidDataException>(() => SortedTable.Read(larger, (_, _) => { })).Message);
    }

    private MappedFile Table(byte[][] entries)
    {
        byte[] block = Block(entries), list = Block([[0, 5, 3, .. "model"u8, 0, .. Varint(block.Length - 5)]]);
        byte[] handles = [0, 0, .. Varint(block.Length), .. Varint(list.Length - 5)];
        string path = _directory.File($"{_tables++}.index");
        File.WriteAllBytes(path, [.. block, .. list, .. handles, .. new byte[40 - handles.Length], .. BitConverter.GetBytes(0xDB47_7524_8B80_FB57)]);
        return MappedFile.Open(path);

        static byte[] Block(byte[][] entries)
        {
            byte[] block = [.. entries.SelectMany(entry => entry), 0, 0, 0, 0, 0]; // no restarts; not compressed
            return [.. block, .. BitConverter.GetBytes(Crc32C.Mask(Crc32C.Append(0, block)))];
        }
    }

    /// <summary>Writes a number of two base-128 digits, the lower one first.</summary>
    private static byte[] Varint(int number) => [(byte)(number & 0x7F | 0x80), (byte)(number >> 7)];
}
