using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;
using Foreword.IO;

namespace Foreword.Weights.Gguf;

/// <summary>Reads the numbers and texts of a GGUF header in sequence. It rejects lengths and counts that exceed the rest of the file.</summary>
internal sealed class GgufReader(MappedFile file, long position = 0)
{
    /// <summary>The largest number of bytes of a key or name (ggml/docs/gguf.md: keys have at most 65,535 bytes).</summary>
    private const int MaxName = ushort.MaxValue;

    /// <summary>Gets the offset of the next byte to read.</summary>
    public long Position { get; private set; } = position;

    /// <summary>Gets the number of bytes that follow.</summary>
    public long Remaining => file.Length - Position;

    public uint UInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(sizeof(uint), what));

    public ulong UInt64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(sizeof(ulong), what));

    /// <summary>Reads a count of items and checks that the rest of the file can hold them.</summary>
    /// <param name="what">A description of the count, for messages.</param>
    /// <param name="least">The smallest number of bytes of one item.</param>
    public int Count(string what, int least)
    {
        long at = Position;
        ulong count = UInt64(what);
        return count <= (ulong)(Remaining / least) && count <= int.MaxValue ? (int)count : throw Broken(at, $"{what} is {count}, more than the file can hold");
    }

    /// <summary>Reads a key or a name.</summary>
    public string Name(string what)
    {
        long at = Position;
        int length = Count($"the length of {what}", 1);
        if (length is 0 or > MaxName)
            throw Broken(at, $"{what} has {length} bytes; 1 to {MaxName} are possible");
        return Text(length, what);
    }

    /// <summary>Reads a text of any length.</summary>
    public string Text(string what) => Text(Count($"the length of {what}", 1), what);

    /// <summary>Skips a text.</summary>
    public void SkipText(string what) => Skip(Count($"the length of {what}", 1), what);

    /// <summary>Skips bytes.</summary>
    public void Skip(long count, string what)
    {
        if (count > Remaining)
            throw Broken(Position, $"the file ends inside {what}");
        Position += count;
    }

    public InvalidDataException Broken(long at, string fault) => new($"{file.Path}: byte {at}: {fault}");

    private string Text(int length, string what)
    {
        long at = Position;
        ReadOnlySpan<byte> bytes = Bytes(length, what);
        return Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : throw Broken(at, $"{what} is not UTF-8");
    }

    private ReadOnlySpan<byte> Bytes(int count, string what)
    {
        long at = Position;
        Skip(count, what);
        return file.Bytes(at, count);
    }
}
