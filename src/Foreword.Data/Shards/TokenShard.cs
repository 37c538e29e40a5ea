using System.IO.MemoryMappedFiles;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Foreword.Data.Shards;

/// <summary>
/// A memory-mapped file of token ids in llm.c's layout: a header of 256 little-endian int32 (magic 20240520, version,
/// number of tokens, zeros), then the ids: uint16 in version 1 (llm.c's), uint32 in version 2 (ours, for vocabularies
/// above 65,536). Reading is safe from several threads at once.
/// </summary>
public sealed class TokenShard : IDisposable
{
    /// <summary>The first number of the header.</summary>
    public const int Magic = 20240520;

    /// <summary>Bytes before the first id.</summary>
    public const int HeaderBytes = 256 * sizeof(int);

    /// <summary>The largest vocabulary whose ids fit uint16.</summary>
    public const int LargestNarrowVocabulary = ushort.MaxValue + 1;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;

    private TokenShard(string path, MemoryMappedFile file, int version, int count)
    {
        Path = path;
        Version = version;
        Count = count;
        _file = file;
        _view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
    }

    /// <summary>The file's path as it was given.</summary>
    public string Path { get; }

    /// <summary>1 (uint16 ids) or 2 (uint32 ids).</summary>
    public int Version { get; }

    /// <summary>Number of tokens.</summary>
    public long Count { get; }

    /// <summary>2 or 4.</summary>
    public int BytesPerToken => Version == 1 ? sizeof(ushort) : sizeof(uint);

    /// <summary>Maps a shard and checks its header against the file's length; the ids are not read.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not a shard, of an unknown version, cut off or too long.</exception>
    public static TokenShard Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path))
            throw new FileNotFoundException($"token shard {path} does not exist", path);
        int[] header = new int[HeaderBytes / sizeof(int)];
        using FileStream stream = File.OpenRead(path); // what is checked is what is mapped, whatever takes the path meanwhile
        long length = stream.Length;
        int read = stream.ReadAtLeast(MemoryMarshal.AsBytes(header.AsSpan()), HeaderBytes, throwOnEndOfStream: false);
        if (read < HeaderBytes)
            throw new InvalidDataException($"{path} is no token shard: it has {length} bytes, the header alone has {HeaderBytes}");

        (int magic, int version, int count) = (header[0], header[1], header[2]);
        if (magic != Magic)
            throw new InvalidDataException($"{path} is no token shard: it begins with {magic}, a shard with {Magic}");
        if (version is not (1 or 2))
            throw new InvalidDataException($"{path} is a token shard of version {version}; known are 1 (uint16 ids) and 2 (uint32 ids)");
        long expected = HeaderBytes + ((long)count * (version == 1 ? sizeof(ushort) : sizeof(uint)));
        if (count < 0 || length != expected)
            throw new InvalidDataException($"{path} names {count} tokens of version {version}, which takes {expected} bytes; the file has {length}");
        MemoryMappedFile file = MemoryMappedFile.CreateFromFile(stream, mapName: null, capacity: 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        return new TokenShard(path, file, version, count);
    }

    /// <summary>Copies the ids from position <paramref name="start"/> on, as many as <paramref name="destination"/> holds.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range reaches outside the shard.</exception>
    public void Read(long start, Span<int> destination) => Copy(start, destination);

    /// <inheritdoc cref="Read(long, Span{int})"/>
    public void Read(long start, Span<long> destination) => Copy(start, destination);

    /// <summary>Ends the mapping.</summary>
    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
    }

    private unsafe void Copy<T>(long start, Span<T> destination) where T : IBinaryInteger<T>
    {
        TokenRange.Check(start, destination.Length, Count, Path);
        byte* view = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref view); // keeps the mapping alive should another thread dispose it
        try
        {
            byte* from = view + _view.PointerOffset + HeaderBytes + (start * BytesPerToken);
            if (Version == 1)
                Widen(new ReadOnlySpan<ushort>(from, destination.Length), destination);
            else
                Widen(new ReadOnlySpan<uint>(from, destination.Length), destination);
        }
        finally
        {
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
    }

    private static void Widen<TFrom, TTo>(ReadOnlySpan<TFrom> from, Span<TTo> to)
        where TFrom : IBinaryInteger<TFrom>
        where TTo : IBinaryInteger<TTo>
    {
        for (int i = 0; i < to.Length; i++)
            to[i] = TTo.CreateTruncating(from[i]);
    }
}

/// <summary>The check of a range of tokens that shards and datasets share.</summary>
internal static class TokenRange
{
    public static void Check(long start, int length, long count, string name)
    {
        if (start < 0 || start > count - length)
            throw new ArgumentOutOfRangeException(nameof(start), $"tokens {start} to {start + length} were asked for; {name} has {count}");
    }
}
