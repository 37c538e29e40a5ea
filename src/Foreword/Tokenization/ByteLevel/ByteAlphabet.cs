namespace Foreword.Tokenization.ByteLevel;

/// <summary>Which ids the 256 single-byte tokens have.</summary>
public enum ByteOrder
{
    /// <summary>The order of GPT-2's vocabulary: printable bytes first, <c>!</c> is 0 and the space 220.</summary>
    Gpt2,

    /// <summary>The id of a byte is its value.</summary>
    Value,
}

/// <summary>
/// GPT-2's printable alphabet: one character for each byte, so that vocabulary files hold no white space or control
/// characters (<c>bytes_to_unicode</c> in openai/gpt-2, encoder.py). Bytes that Latin-1 prints stand for themselves, the
/// other 68 take U+0100 onward in ascending order; the space is U+0120 and the line feed U+010A.
/// </summary>
public static class ByteAlphabet
{
    private static readonly byte[] Gpt2Order = BytesInGpt2Order();
    private static readonly char[] Printable = PrintableCharacters();
    private static readonly short[] Bytes = BytesOfCharacters();

    /// <summary>The byte whose token has the id, for ids 0 to 255.</summary>
    public static byte ByteOfId(int id, ByteOrder order) => order == ByteOrder.Gpt2 ? Gpt2Order[id] : checked((byte)id);

    /// <summary>The bytes in printable characters, one each.</summary>
    public static string Write(ReadOnlySpan<byte> bytes) =>
        string.Create(bytes.Length, bytes, static (text, source) =>
        {
            for (int i = 0; i < text.Length; i++)
                text[i] = Printable[source[i]];
        });

    /// <summary>The bytes that the characters stand for, or null when one is not in the alphabet.</summary>
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
