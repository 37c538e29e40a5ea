using System.Buffers.Binary;
using Foreword.IO;

namespace Foreword.Weights.Gguf;

/// <summary>A metadata value: its type and where it lies. Arrays are not read until they are asked for.</summary>
/// <param name="Type">Its type, or that of its elements.</param>
/// <param name="IsArray">Whether it is an array.</param>
/// <param name="Count">Elements of an array; else 1.</param>
/// <param name="Offset">The first byte of the value or of the first element.</param>
internal readonly record struct GgufValue(GgufType Type, bool IsArray, int Count, long Offset)
{
    /// <summary>Reads the type and passes over the value.</summary>
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

    /// <summary>The whole number, or null where it is another kind of value or above 2^63.</summary>
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

    /// <summary>The FLOAT32, or null where it is another kind of value.</summary>
    public float? AsFloat(MappedFile file) =>
        !IsArray && Type == GgufType.Float32 ? BinaryPrimitives.ReadSingleLittleEndian(file.Bytes(Offset, sizeof(float))) : null;

    /// <summary>The BOOL, or null where it is another kind of value.</summary>
    public bool? AsBoolean(MappedFile file) => !IsArray && Type == GgufType.Bool ? file.Bytes(Offset, 1)[0] != 0 : null;

    /// <summary>The text, or null where it is another kind of value.</summary>
    public string? AsText(MappedFile file, string key) => !IsArray && Type == GgufType.String ? new GgufReader(file, Offset).Text($"'{key}'") : null;

    /// <summary>The texts, or null where it is no array of them.</summary>
    public IEnumerable<string>? AsTexts(MappedFile file, string key)
    {
        if (!IsArray || Type != GgufType.String)
            return null;
        GgufReader reader = new(file, Offset);
        return Enumerable.Range(0, Count).Select(_ => reader.Text($"'{key}'"));
    }

    /// <summary>The numbers of an array of INT32 or UINT32, or null where it is none.</summary>
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

    /// <summary>Bytes of a value; 0 for those of no fixed size.</summary>
    private static int SizeOf(GgufType type) => type switch
    {
        GgufType.UInt8 or GgufType.Int8 or GgufType.Bool => 1,
        GgufType.UInt16 or GgufType.Int16 => 2,
        GgufType.UInt32 or GgufType.Int32 or GgufType.Float32 => 4,
        GgufType.String or GgufType.Array => 0,
        _ => 8,
    };
}
