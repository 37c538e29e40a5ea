using System.Buffers.Binary;
using Foreword.IO;

namespace Foreword.Weights.Gguf;

/// <summary>Describes the type and the position of a metadata value. The elements of an array are read only when they are needed.</summary>
/// <param name="Type">The type of the value, or of the elements of an array.</param>
/// <param name="IsArray">Whether the value is an array.</param>
/// <param name="Count">The number of elements of an array; otherwise, 1.</param>
/// <param name="Offset">The offset of the value, or of the first element, from the start of the file.</param>
internal readonly record struct GgufValue(GgufType Type, bool IsArray, int Count, long Offset)
{
    /// <summary>Reads the type and skips the value.</summary>
    public static GgufValue Read(GgufReader reader, string key)
    {
        GgufType type = ReadType(reader, key);
        if (type != GgufType.Array)
        {
            GgufValue value = new(type, false, 1, reader.Position);
            Skip(reader, type, key);
            return value;
        }

        GgufType element = ReadType(reader, key);
        if (element == GgufType.Array)
            throw reader.Broken(reader.Position, $"'{key}' is an array of arrays, which is not supported");
        int size = SizeOf(element);
        int count = reader.Count($"the number of elements of '{key}'", size == 0 ? sizeof(ulong) : size);
        GgufValue array = new(element, true, count, reader.Position);
        if (size > 0)
        {
            reader.Skip((long)count * size, $"'{key}'");
            return array;
        }

        for (int i = 0; i < count; i++)
            reader.SkipText($"'{key}'");
        return array;
    }

    /// <summary>Returns the value as a whole number, or null if it is of another kind or 2^63 or more.</summary>
    public long? AsInteger(MappedFile file)
    {
        if (IsArray)
            return null;
        ReadOnlySpan<byte> bytes = file.Bytes(Offset, SizeOf(Type));
        return Type switch
        {
            GgufType.UInt8 => bytes[0],
            GgufType.Int8 => (sbyte)bytes[0],
            GgufType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            GgufType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
            GgufType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            GgufType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
            GgufType.UInt64 when BinaryPrimitives.ReadUInt64LittleEndian(bytes) <= long.MaxValue => BinaryPrimitives.ReadInt64LittleEndian(bytes),
            GgufType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
            _ => null,
        };
    }

    /// <summary>Returns the value as a FLOAT32, or null if it is of another kind.</summary>
    public float? AsFloat(MappedFile file) =>
        !IsArray && Type == GgufType.Float32 ? BinaryPrimitives.ReadSingleLittleEndian(file.Bytes(Offset, sizeof(float))) : null;

    /// <summary>Returns the value as a BOOL, or null if it is of another kind.</summary>
    public bool? AsBoolean(MappedFile file) => !IsArray && Type == GgufType.Bool ? file.Bytes(Offset, 1)[0] != 0 : null;

    /// <summary>Returns the value as a text, or null if it is of another kind.</summary>
    public string? AsText(MappedFile file, string key) => !IsArray && Type == GgufType.String ? new GgufReader(file, Offset).Text($"'{key}'") : null;

    /// <summary>Returns the elements of an array of texts, or null if the value is of another kind.</summary>
    public IEnumerable<string>? AsTexts(MappedFile file, string key)
    {
        if (!IsArray || Type != GgufType.String)
            return null;
        GgufReader reader = new(file, Offset);
        return Enumerable.Range(0, Count).Select(_ => reader.Text($"'{key}'"));
    }

    /// <summary>Returns the elements of an array of INT32 or UINT32, or null if the value is of another kind.</summary>
    public int[]? AsIntegers(MappedFile file)
    {
        if (!IsArray || Type is not (GgufType.Int32 or GgufType.UInt32))
            return null;
        int[] numbers = new int[Count];
        for (int i = 0; i < numbers.Length; i++)
            numbers[i] = BinaryPrimitives.ReadInt32LittleEndian(file.Bytes(Offset + (long)i * sizeof(int), sizeof(int)));
        return numbers;
    }

    private static GgufType ReadType(GgufReader reader, string key)
    {
        long at = reader.Position;
        uint type = reader.UInt32($"the type of '{key}'");
        return type <= (uint)GgufType.Float64 ? (GgufType)type : throw reader.Broken(at, $"'{key}' has the unknown type {type}");
    }

    private static void Skip(GgufReader reader, GgufType type, string key)
    {
        if (type == GgufType.String)
            reader.SkipText($"'{key}'");
        else
            reader.Skip(SizeOf(type), $"'{key}'");
    }

    /// <summary>Returns the number of bytes of a value, or 0 if the type has no fixed size.</summary>
    private static int SizeOf(GgufType type) => type switch
    {
        GgufType.UInt8 or GgufType.Int8 or GgufType.Bool => 1,
        GgufType.UInt16 or GgufType.Int16 => 2,
        GgufType.UInt32 or GgufType.Int32 or GgufType.Float32 => 4,
        GgufType.String or GgufType.Array => 0,
        _ => 8,
    };
}
