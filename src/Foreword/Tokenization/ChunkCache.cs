using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Foreword.Tokenization;

/// <summary>
/// The ids of chunks met before: a table of fixed size, two places a chunk, the older of the two gives way. Holds chunks
/// of up to <see cref="MaxBytes"/> bytes with up to <see cref="MaxIds"/> ids, which is nearly all of running text.
/// Has one owner at a time, so that nothing in it needs a lock.
/// </summary>
internal sealed class ChunkCache
{
    /// <summary>Longest chunk that fits a key.</summary>
    public const int MaxBytes = 15;

    /// <summary>Most ids that fit an entry.</summary>
    public const int MaxIds = 4;

    private const int SizeBits = 15;

    private readonly Entry[] _entries = new Entry[1 << SizeBits]; // 1 MB

    /// <summary>The chunk's bytes, zeros after them, and its length in the last byte; an unused entry has length 0.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public readonly record struct Key(ulong Low, ulong High)
    {
        /// <summary>The key of a chunk whose bytes, and zeros after them, are the two words.</summary>
        public static Key Of(ulong low, ulong high, int length) =>
            // Byte 15 of the chunk's memory, wherever the machine keeps it in a word.
            new(low, high | (BitConverter.IsLittleEndian ? (ulong)length << 56 : (ulong)length));

        /// <summary>The key of a word of ASCII; false where it has other characters or is too long.</summary>
        public static bool TryAscii(ReadOnlySpan<char> word, out Key key)
        {
            Span<ulong> words = [0, 0];
            bool fits = word.Length <= MaxBytes && Ascii.FromUtf16(word, MemoryMarshal.AsBytes(words), out _) == OperationStatus.Done;
            key = fits ? Of(words[0], words[1], word.Length) : default;
            return fits;
        }

        public int Slot => (int)(((Low ^ (High * 0xC2B2AE3D27D4EB4F)) * 0x9E3779B97F4A7C15) >> (64 - SizeBits));
    }

    /// <summary>A chunk and its ids; places without an id hold -1.</summary>
    public struct Entry
    {
        public Key Key;
        public Ids Ids;
    }

    [InlineArray(MaxIds)]
    public struct Ids
    {
        private int _first;
    }

    /// <summary>Appends the chunk's ids; false when it is not here.</summary>
    public bool TryAppend(Key key, List<int> ids)
    {
        ref readonly Entry entry = ref Find(key);
        if (Unsafe.IsNullRef(in entry))
            return false;
        ids.Add(entry.Ids[0]);
        for (int i = 1; i < MaxIds && entry.Ids[i] >= 0; i++)
            ids.Add(entry.Ids[i]);
        return true;
    }

    /// <summary>The entry of the chunk, or a null reference when it is not here.</summary>
    private ref readonly Entry Find(Key key)
    {
        int slot = key.Slot;
        ref Entry first = ref _entries[slot];
        if (first.Key == key)
            return ref first;
        ref Entry second = ref _entries[slot ^ 1];
        return ref second.Key == key ? ref second : ref Unsafe.NullRef<Entry>();
    }

    /// <summary>Remembers a chunk that is not here yet; a chunk with too many ids is left out.</summary>
    public void Add(Key key, ReadOnlySpan<int> ids)
    {
        if (ids.Length > MaxIds)
            return;
        int slot = key.Slot;
        ref Entry newest = ref _entries[slot];
        _entries[slot ^ 1] = newest;
        newest.Key = key;
        for (int i = 0; i < MaxIds; i++)
            newest.Ids[i] = i < ids.Length ? ids[i] : -1;
    }
}
