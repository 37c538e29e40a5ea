using System.Runtime.InteropServices;

namespace Foreword.Data.Shards;

/// <summary>
/// Writes a <see cref="TokenShard"/> token by token: into a file beside the target, which takes the target's name
/// only once it is complete and on disk.
/// </summary>
public sealed class TokenShardWriter : IDisposable
{
    private const string Incomplete = ".partial";

    private readonly string _path;
    private readonly string _partial;
    private readonly int _vocabularySize;
    private readonly bool _wide;
    private readonly FileStream _file;
    private readonly byte[] _buffer = new byte[1 << 16];

    /// <summary>Begins a shard of version 1, or 2 where <paramref name="vocabularySize"/> is above 65,536.</summary>
    /// <exception cref="IOException">The file cannot be made.</exception>
    public TokenShardWriter(string path, int vocabularySize) : this(path, vocabularySize, FileMode.Create) => WriteHeader();

    private TokenShardWriter(string path, int vocabularySize, FileMode mode)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, 1);
        _path = path;
        _partial = path + Incomplete;
        _vocabularySize = vocabularySize;
        _wide = vocabularySize > TokenShard.LargestNarrowVocabulary;
        _file = new FileStream(_partial, mode, FileAccess.Write, FileShare.Read, bufferSize: 0);
    }

    /// <summary>Goes on with a shard that was left incomplete: keeps its first tokens and drops what follows them.</summary>
    /// <exception cref="IOException">The incomplete file is not there, or has fewer tokens.</exception>
    internal static TokenShardWriter Resume(string path, int vocabularySize, int count)
    {
        if (!File.Exists(path + Incomplete))
            File.Move(path, path + Incomplete); // completed after the journal was written
        TokenShardWriter shard = new(path, vocabularySize, FileMode.Open);
        long length = TokenShard.HeaderBytes + (long)count * (shard._wide ? sizeof(uint) : sizeof(ushort));
        if (shard._file.Length < length)
        {
            shard.Suspend();
            throw new IOException($"{shard._partial} has fewer than {count} tokens");
        }

        shard._file.SetLength(length);
        shard._file.Position = length;
        shard.Count = count;
        return shard;
    }

    /// <summary>Tokens so far; at most 2^31 - 1, which is what the header's field holds.</summary>
    public int Count { get; private set; }

    /// <summary>Appends ids, each at least 0 and below the vocabulary size.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is outside the vocabulary.</exception>
    /// <exception cref="InvalidOperationException">The shard would hold more than 2^31 - 1 tokens.</exception>
    public void Append(ReadOnlySpan<int> ids)
    {
        if (ids.Length > int.MaxValue - Count)
            throw new InvalidOperationException($"{_path} would hold more than {int.MaxValue} tokens");
        int perBlock = _buffer.Length / (_wide ? sizeof(uint) : sizeof(ushort));
        while (!ids.IsEmpty)
        {
            ReadOnlySpan<int> block = ids[..Math.Min(perBlock, ids.Length)];
            _file.Write(Encode(block));
            Count += block.Length;
            ids = ids[block.Length..];
        }
    }

    /// <summary>Writes the header, waits until the disk has everything, and gives the file its name.</summary>
    public void Complete()
    {
        _file.Position = 0;
        WriteHeader();
        _file.Flush(flushToDisk: true);
        _file.Dispose();
        File.Move(_partial, _path, overwrite: true);
    }

    /// <summary>Waits until the disk has what was appended; the shard is not complete yet.</summary>
    internal void Flush() => _file.Flush(flushToDisk: true);

    /// <summary>Closes the file and leaves it incomplete, for <see cref="Resume"/>.</summary>
    internal void Suspend() => _file.Dispose();

    /// <summary>Closes the file; one that was not completed is deleted.</summary>
    public void Dispose()
    {
        _file.Dispose();
        File.Delete(_partial);
    }

    private void WriteHeader()
    {
        Span<int> header = stackalloc int[TokenShard.HeaderBytes / sizeof(int)];
        header.Clear();
        (header[0], header[1], header[2]) = (TokenShard.Magic, _wide ? 2 : 1, Count);
        _file.Write(MemoryMarshal.AsBytes(header));
    }

    private ReadOnlySpan<byte> Encode(ReadOnlySpan<int> ids)
    {
        foreach (int id in ids)
        {
            if ((uint)id >= (uint)_vocabularySize)
                throw new ArgumentOutOfRangeException(nameof(ids), $"token id {id} is outside the vocabulary of {_vocabularySize}");
        }

        if (_wide)
        {
            MemoryMarshal.AsBytes(ids).CopyTo(_buffer);
            return _buffer.AsSpan(0, ids.Length * sizeof(uint));
        }

        Span<ushort> narrow = MemoryMarshal.Cast<byte, ushort>(_buffer.AsSpan());
        for (int i = 0; i < ids.Length; i++)
            narrow[i] = (ushort)ids[i];
        return _buffer.AsSpan(0, ids.Length * sizeof(ushort));
    }
}
