namespace Foreword.Tokenization.ByteLevel;

/// <summary>Specifies the ids of the 256 single-byte tokens.</summary>
public enum ByteOrder
{
    /// <summary>The order of GPT-2's vocabulary: printable bytes come first, so <c>!</c> is 0 and the space is 220.</summary>
    Gpt2,

    /// <summary>The id of a byte is its value.</summary>
    Value,
}

/// <summary>
/// Maps bytes to GPT-2's printable alphabet. It has one character for each byte, so that vocabulary files contain no white space or control
/// characters (<c>bytes_to_unicode</c> in openai/gpt-2, encoder.py). A byte that is printable in Latin-1 stands for itself. The other 68 bytes
/// are the characters from U+0100 on, in ascending order. For example, the space is U+0120 and the line feed is U+010A.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly byte[] Gpt2Order = BytesInGpt2Order();
    private static readonly char[] Printable = PrintableCharacters();
    private static readonly short[] Bytes = BytesOfCharacters();

    /// <summary>Returns the byte whose token has an id from 0 to 255.</summary>
    public static byte ByteOfId(int id, ByteOrder order) => order == ByteOrder.Gpt2 ? Gpt2Order[id] : checked((byte)id);

    /// <summary>Returns the bytes as printable characters, one per byte.</summary>
    public static string Write(ReadOnlySpan<byte> bytes) =>
        string.Create(bytes.Length, bytes, static (text, source) =>
        {
            for (int i = 0; i < text.Length; i++)
                text[i] = Printable[source[i]];
        });

    /// <summary>Returns the bytes that the characters stand for, or null if a character is not in the alphabet.</summary>
    public static byte[]? Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        byte[] bytes = new byte[text.Length];
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] >= Bytes.Length || Bytes[text[i]] < 0)
                return null;
            bytes[i] = (byte)Bytes[text[i]];
        }

        return bytes;
    }

    private static bool StandsForItself(int value) => value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE;

    private static byte[] BytesInGpt2Order()
    {
        byte[] all = [.. Enumerable.Range(0, 256).Select(value => (byte)value)];
        return [.. all.Where(value => StandsForItself(value)), .. all.Where(value => !StandsForItself(value))];
    }

    private static char[] PrintableCharacters()
    {
        char[] characters = new char[256];
        char next = '\u0100';
        for (int value = 0; value < 256; value++)
            characters[value] = StandsForItself(value) ? (char)value : next++;
        return characters;
    }

    private static short[] BytesOfCharacters()
    {
        short[] bytes = new short[Printable.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (int value = 0; value < 256; value++)
            bytes[Printable[value]] = (short)value;
        return bytes;
    }
}
