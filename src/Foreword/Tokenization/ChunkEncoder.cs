using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text.Unicode;

namespace Foreword.Tokenization;

/// <summary>
/// Encodes plain text chunk by chunk: cache first, merges where that misses. Holds the cache and working memory, so one
/// thread uses it at a time; <see cref="ByteLevelBpe"/> hands them out.
/// </summary>
internal sealed class ChunkEncoder(MergeTable merges)
{
    /// <summary>Chunks up to this many bytes are merged by plain scans; longer ones need the heap to stay far from n².</summary>
    private const int LongestScan = 48;

    /// <summary>Working memory above this many bytes a chunk is given back after the call.</summary>
    private const int LargestKept = 1 << 20;

    private readonly ChunkCache _cache = new();
    private byte[] _bytes = new byte[256];
    private int[] _ids = new int[256];
    private int[] _ranks = new int[256];
    private HeapMerge? _heap;

    /// <summary>Appends the ids of text that holds no added token.</summary>
    public void Encode(ReadOnlySpan<char> text, List<int> ids)
    {
        for (int start = 0, end; start < text.Length; start = end)
        {
            end = Gpt2Pattern.ChunkEnd(text, start);
            bool keyed = TryAsciiKey(text, start, end - start, out ChunkCache.Key key);
            int length = keyed ? end - start : 0;
            if (!keyed)
            {
                length = Transcode(text[start..end]);
                keyed = length <= ChunkCache.MaxBytes;
                if (keyed)
                    key = KeyOfBytes(length);
            }

            if (keyed && TryCached(key, ids))
                continue;
            if (keyed)
                MemoryMarshal.Write(_bytes, key);
            ReadOnlySpan<int> merged = _ids.AsSpan(0, Merge(length));
            ids.AddRange(merged);
            if (keyed)
                _cache.Add(key, merged);
        }
    }

    /// <summary>Gives back working memory that an unusually long chunk asked for.</summary>
    public void Trim()
    {
        if (_bytes.Length <= LargestKept)
            return;
        (_bytes, _ids, _ranks, _heap) = (new byte[256], new int[256], new int[256], null);
    }

    private bool TryCached(ChunkCache.Key key, List<int> ids)
    {
        ref readonly ChunkCache.Entry entry = ref _cache.Find(key);
        if (Unsafe.IsNullRef(in entry))
            return false;
        ids.Add(entry.Ids[0]);
        for (int i = 1; i < ChunkCache.MaxIds && entry.Ids[i] >= 0; i++)
            ids.Add(entry.Ids[i]);
        return true;
    }

    /// <summary>The key of an ASCII chunk with 16 characters of text from its start on, read in one go; false for other chunks.</summary>
    private static bool TryAsciiKey(ReadOnlySpan<char> text, int start, int length, out ChunkCache.Key key)
    {
        key = default;
        if (length > ChunkCache.MaxBytes || text.Length - start < Vector128<byte>.Count)
            return false;
        ref ushort first = ref Unsafe.As<char, ushort>(ref MemoryMarshal.GetReference(text[start..]));
        Vector128<byte> narrow = Vector128.NarrowWithSaturation(Vector128.LoadUnsafe(ref first), Vector128.LoadUnsafe(ref first, 8));
        narrow &= Vector128.LoadUnsafe(in MemoryMarshal.GetReference(Masks), (nuint)(Vector128<byte>.Count - length));
        if (narrow.ExtractMostSignificantBits() != 0)
            return false;
        Vector128<ulong> words = narrow.AsUInt64();
        key = Key(words[0], words[1], length);
        return true;
    }

    /// <summary>16 ones, then 16 zeros: read from 16 - n on, a mask of the first n bytes.</summary>
    private static ReadOnlySpan<byte> Masks =>
    [
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    private ChunkCache.Key KeyOfBytes(int length)
    {
        _bytes.AsSpan(length, ChunkCache.MaxBytes + 1 - length).Clear();
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(_bytes.AsSpan(0, ChunkCache.MaxBytes + 1));
        return Key(words[0], words[1], length);
    }

    private static ChunkCache.Key Key(ulong low, ulong high, int length) =>
        // Byte 15 of the chunk's memory, wherever the machine keeps it in a word.
        new(low, high | (BitConverter.IsLittleEndian ? (ulong)length << 56 : (ulong)length));

    /// <summary>Writes the chunk's UTF-8 to <see cref="_bytes"/>, each lone surrogate as U+FFFD, and returns its length.</summary>
    private int Transcode(ReadOnlySpan<char> chunk)
    {
        EnsureCapacity(checked(chunk.Length * 3));
        OperationStatus status = Utf8.FromUtf16(chunk, _bytes, out _, out int written);
        return status == OperationStatus.Done ? written : throw new InvalidOperationException($"UTF-8 transcoding ended with {status}");
    }

    private void EnsureCapacity(int bytes)
    {
        if (_bytes.Length >= bytes)
            return;
        int capacity = Math.Max(bytes, (int)Math.Min(Array.MaxLength, 2L * _bytes.Length));
        (_bytes, _ids, _ranks) = (new byte[capacity], new int[capacity], new int[capacity]);
    }

    /// <summary>Merges the first <paramref name="length"/> of <see cref="_bytes"/> into <see cref="_ids"/>; returns how many ids remain.</summary>
    private int Merge(int length)
    {
        Span<int> ids = _ids.AsSpan(0, length);
        for (int i = 0; i < length; i++)
            ids[i] = merges.ByteId(_bytes[i]);
        return length <= LongestScan ? ScanMerge(ids) : (_heap ??= new HeapMerge(merges)).Merge(ids, _ranks);
    }

    /// <summary>The lowest rank first, the leftmost of equals, until no pair has one: for chunks as short as words.</summary>
    private int ScanMerge(Span<int> ids)
    {
        Span<int> ranks = _ranks.AsSpan(0, ids.Length); // of the pair that starts here
        for (int i = 0; i + 1 < ids.Length; i++)
            ranks[i] = merges.Rank(ids[i], ids[i + 1]);
        int count = ids.Length;
        while (count > 1)
        {
            int at = 0;
            for (int i = 1; i < count - 1; i++)
            {
                if (ranks[i] < ranks[at])
                    at = i;
            }

            if (ranks[at] == MergeTable.None)
                break;
            ids[at] = merges.Result(ranks[at]);
            count--;
            ids[(at + 2)..(count + 1)].CopyTo(ids[(at + 1)..]);
            if (at + 1 < count)
            {
                ranks[(at + 2)..count].CopyTo(ranks[(at + 1)..]);
                ranks[at] = merges.Rank(ids[at], ids[at + 1]);
            }

            if (at > 0)
                ranks[at - 1] = merges.Rank(ids[at - 1], ids[at]);
        }

        return count;
    }
}
