using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text.Unicode;
using Foreword.Tokenization.Bpe;

namespace Foreword.Tokenization.ByteLevel;

/// <summary>
/// Encodes plain text chunk by chunk. It looks a chunk up in the cache first, and merges its bytes if it is not there. The encoder owns the cache
/// and working memory, so one thread uses it at a time. <see cref="ByteLevelBpe"/> manages the encoders.
/// </summary>
internal sealed class ChunkEncoder(MergeTable merges)
{
    /// <summary>The largest number of bytes of working memory that is kept after a call.</summary>
    private const int LargestKept = 1 << 20;

    private readonly ChunkCache _cache = new();
    private readonly BpeMerger _merger = new(merges);
    private byte[] _bytes = new byte[256];

    /// <summary>Appends the ids of text that contains no added token.</summary>
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

            if (keyed && _cache.TryAppend(key, ids))
                continue;
            if (keyed)
                MemoryMarshal.Write(_bytes, key);
            ReadOnlySpan<int> merged = Merge(length);
            ids.AddRange(merged);
            if (keyed)
                _cache.Add(key, merged);
        }
    }

    /// <summary>Releases working memory that an unusually long chunk needed.</summary>
    public void Trim()
    {
        _merger.Trim();
        if (_bytes.Length > LargestKept)
            _bytes = new byte[256];
    }

    /// <summary>
    /// Creates the key of an ASCII chunk with vector instructions. They read 16 characters of text from the chunk's start on. Returns false for a chunk
    /// that is not ASCII, is too long or is too near the end of the text.
    /// </summary>
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
        key = ChunkCache.Key.Of(words[0], words[1], length);
        return true;
    }

    /// <summary>Gets 16 ones, then 16 zeros. A load from offset 16 - n is a mask of the first n bytes.</summary>
    private static ReadOnlySpan<byte> Masks =>
    [
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    private ChunkCache.Key KeyOfBytes(int length)
    {
        _bytes.AsSpan(length, ChunkCache.MaxBytes + 1 - length).Clear();
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(_bytes.AsSpan(0, ChunkCache.MaxBytes + 1));
        return ChunkCache.Key.Of(words[0], words[1], length);
    }

    /// <summary>Writes the chunk's UTF-8 to <see cref="_bytes"/> and returns its length. Each lone surrogate becomes U+FFFD.</summary>
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
        _bytes = new byte[Math.Max(bytes, (int)Math.Min(Array.MaxLength, 2L * _bytes.Length))];
    }

    /// <summary>Returns the ids that the first <paramref name="length"/> bytes of <see cref="_bytes"/> become.</summary>
    private ReadOnlySpan<int> Merge(int length)
    {
        Span<int> ids = _merger.Start(length);
        for (int i = 0; i < length; i++)
            ids[i] = merges.ByteId(_bytes[i]);
        return _merger.Merge(length);
    }
}
