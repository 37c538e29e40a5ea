using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Foreword.Tokenization;

/// <summary>
/// A cache of the ids of recent chunks of text. It is a table of fixed size with two slots per chunk, where a new chunk evicts the older of
/// the two. It stores chunks of up to <see cref="MaxBytes"/> bytes with up to <see cref="MaxIds"/> ids, which covers nearly all ordinary text.
/// It has one owner at a time and therefore needs no lock.
/// </summary>
internal sealed class ChunkCache
{
    /// <summary>The length in bytes of the longest chunk that fits into a key.</summary>
    public const int MaxBytes = 15;

    /// <summary>The largest number of ids that fits into an entry.</summary>
    public const int MaxIds = 4;

    private const int SizeBits = 15;

    private readonly Entry[] _entries = new Entry[1 << SizeBits]; // 1 MB

    /// <summary>The chunk's bytes, then zeros, with the chunk's length in the last byte. An unused entry has length 0.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public readonly record struct Key(ulong Low, ulong High)
    {
        /// <summary>Creates the key of a chunk from two words that contain the chunk's bytes followed by zeros.</summary>
        public static Key Of(ulong low, ulong high, int length) =>
            // The length goes into byte 15 in memory. Where that byte is inside a word depends on the machine's byte order.
            new(low, high | (BitConverter.IsLittleEndian ? (ulong)length << 56 : (ulong)length));

        /// <summary>Creates the key of an ASCII word. Returns false if the word contains other characters or is too long.</summary>
        public static bool TryAscii(ReadOnlySpan<char> word, out Key key)
        {
            Span<ulong> words = [0, 0];
            bool fits = word.Length <= MaxBytes && Ascii.FromUtf16(word, MemoryMarshal.AsBytes(words), out _) == OperationStatus.Done;
            key = fits ? Of(words[0], words[1], word.Length) : default;
            return fits;
        }

        public int Slot => (int)(((Low ^ (High * 0xC2B2AE3D27D4EB4F)) * 0x9E3779B97F4A7C15) >> (64 - SizeBits));
    }

    /// <summary>A chunk and its ids. Unused places of <see cref="Ids"/> contain -1.</summary>
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

    /// <summary>Appends the chunk's ids. Returns false if the chunk is not in the cache.</summary>
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

    /// <summary>Returns a reference to the chunk's entry, or a null reference if the chunk is not in the cache.</summary>
    private ref readonly Entry Find(Key key)
    {
        int slot = key.Slot;
        ref Entry first = ref _entries[slot];
        if (first.Key == key)
            return ref first;
        ref Entry second = ref _entries[slot ^ 1];
        return ref second.Key == key ? ref second : ref Unsafe.NullRef<Entry>();
    }

    /// <summary>Adds a chunk that is not in the cache yet. A chunk with too many ids is not added.</summary>
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
