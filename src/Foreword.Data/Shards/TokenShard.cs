using System.IO.MemoryMappedFiles;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Foreword.Data.Shards;

/// <summary>Reads a memory-mapped file of token ids in llm.c's layout. Several threads may read at the same time.</summary>
/// <remarks>
/// The file begins with a header of 256 little-endian int32: magic 20240520, version, number of tokens, then zeros. The ids follow. They are uint16
/// in version 1, which is llm.c's version. Version 2 is an extension by Foreword with uint32, for vocabularies above 65,536.
/// </remarks>
public sealed class TokenShard : IDisposable
{
    /// <summary>The first number of the header.</summary>
    internal const int Magic = 20240520;

    /// <summary>The number of bytes before the first id.</summary>
    internal const int HeaderBytes = 256 * sizeof(int);

    /// <summary>The largest vocabulary whose ids fit into uint16.</summary>
    internal const int LargestNarrowVocabulary = ushort.MaxValue + 1;

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

    /// <summary>Gets the path of the file as the caller supplied it.</summary>
    public string Path { get; }

    /// <summary>Gets the version: 1 (uint16 ids) or 2 (uint32 ids).</summary>
    public int Version { get; }

    /// <summary>Gets the number of tokens.</summary>
    public long Count { get; }

    /// <summary>Gets the number of bytes per token, 2 or 4.</summary>
    public int BytesPerToken => Version == 1 ? sizeof(ushort) : sizeof(uint);

    /// <summary>Maps a shard into memory and checks its header against the length of the file. The ids are not read.</summary>
    /// <param name="path">The path of the shard.</param>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is not a shard, has an unknown version, or is shorter or longer than its header states.
    /// </exception>
    public static TokenShard Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path))
            throw new FileNotFoundException($"token shard {path} does not exist", path);
        int[] header = new int[HeaderBytes / sizeof(int)];
        using FileStream stream = File.OpenRead(path); // checks and maps the same file, even if another file takes this path meanwhile
        long length = stream.Length;
        int read = stream.ReadAtLeast(MemoryMarshal.AsBytes(header.AsSpan()), HeaderBytes, throwOnEndOfStream: false);
        if (read < HeaderBytes)
            throw new InvalidDataException($"{path} is not a token shard: it has {length} bytes, but the header alone has {HeaderBytes}");

        (int magic, int version, int count) = (header[0], header[1], header[2]);
        if (magic != Magic)
            throw new InvalidDataException($"{path} is not a token shard: it begins with {magic}, but a shard begins with {Magic}");
        if (version is not (1 or 2))
            throw new InvalidDataException($"{path} is a token shard of version {version}; supported: 1 (uint16 ids), 2 (uint32 ids)");
        long expected = HeaderBytes + ((long)count * (version == 1 ? sizeof(ushort) : sizeof(uint)));
        if (count < 0 || length != expected)
            throw new InvalidDataException($"{path} declares {count} tokens of version {version}, which need {expected} bytes; the file has {length}");
        MemoryMappedFile file = MemoryMappedFile.CreateFromFile(stream, mapName: null, capacity: 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        return new TokenShard(path, file, version, count);
    }

    /// <summary>Copies ids from the shard.</summary>
    /// <param name="start">The position of the first id, from 0.</param>
    /// <param name="destination">Receives the ids. Its length is the number of ids to copy.</param>
    /// <exception cref="ArgumentOutOfRangeException">A part of the range is outside the shard.</exception>
    public void Read(long start, Span<int> destination) => Copy(start, destination);

    /// <inheritdoc cref="Read(long, Span{int})"/>
    public void Read(long start, Span<long> destination) => Copy(start, destination);

    /// <summary>Closes the memory-mapped file.</summary>
    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
    }

    private unsafe void Copy<T>(long start, Span<T> destination) where T : IBinaryInteger<T>
    {
        TokenRange.Check(start, destination.Length, Count, Path);
        byte* view = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref view); // keeps the mapping alive if another thread disposes it
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

/// <summary>Checks a range of tokens, for shards and datasets.</summary>
internal static class TokenRange
{
    public static void Check(long start, int length, long count, string name)
    {
        if (start < 0 || start > count - length)
            throw new ArgumentOutOfRangeException(nameof(start), $"tokens {start} to {start + length} were requested; {name} has {count}");
    }
}
