namespace Foreword.Weights.OpenAi;

/// <summary>Reads the fields of one Protocol Buffers message (protobuf.dev, "Encoding").</summary>
internal ref struct ProtoReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> _rest = message;

    /// <summary>Gets the number of the field.</summary>
    public int Field { get; private set; }

    /// <summary>Gets the value of a varint or fixed-size field.</summary>
    public ulong Number { get; private set; }

    /// <summary>Gets the bytes of a length-delimited field.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>Reads the next field.</summary>
    /// <returns>false at the end of the message; otherwise, true.</returns>
    /// <exception cref="InvalidDataException">The message is damaged. The caller adds the position.</exception>
    public bool Read()
    {
        if (_rest.IsEmpty)
            return false;
        ulong tag = Varint(ref _rest);
        Field = (int)Math.Min(tag >> 3, int.MaxValue);
        Number = 0;
        Bytes = default;
        switch (tag & 7)
        {
            case 0:
                Number = Varint(ref _rest);
                return true;
            case 1:
                Number = BitConverter.ToUInt64(Take(8));
                return true;
            case 2:
                Bytes = Take(Varint(ref _rest));
                return true;
            case 5:
                Number = BitConverter.ToUInt32(Take(4));
                return true;
            case var type:
                throw new InvalidDataException($"field {Field} has the wire type {type}");
        }
    }

    /// <summary>Reads a base-128 number of up to 64 bits from the start of <paramref name="bytes"/>, and removes it from the span.</summary>
    /// <exception cref="InvalidDataException">The number does not end.</exception>
    public static ulong Varint(ref ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (int i = 0; i < Math.Min(10, bytes.Length); i++)
        {
            value |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] < 0x80)
            {
                bytes = bytes[(i + 1)..];
                return value;
            }
        }

        throw new InvalidDataException("a number does not end");
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)_rest.Length)
            throw new InvalidDataException($"a field of {count} bytes is cut off");
        ReadOnlySpan<byte> taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }
}
