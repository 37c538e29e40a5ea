using System.Runtime.InteropServices;
using Foreword.IO;

namespace Foreword.Data.Shards;

/// <summary>
/// Writes a <see cref="TokenShard"/> in several steps. It writes to a temporary file next to the target. The file gets the target's name only when it
/// is complete and on disk.
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

    /// <summary>Creates a shard of version 1, or of version 2 if <paramref name="vocabSize"/> is above 65,536.</summary>
    /// <param name="path">The path of the shard.</param>
    /// <param name="vocabSize">The number of ids, 1 or more.</param>
    /// <exception cref="IOException">The file cannot be created.</exception>
    public TokenShardWriter(string path, int vocabSize) : this(path, vocabSize, FileMode.Create) => WriteHeader();

    private TokenShardWriter(string path, int vocabSize, FileMode mode)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabSize, 1);
        _path = path;
        _partial = path + Incomplete;
        _vocabularySize = vocabSize;
        _wide = vocabSize > TokenShard.LargestNarrowVocabulary;
        _file = new FileStream(_partial, mode, FileAccess.Write, FileShare.Read, bufferSize: 0);
    }

    /// <summary>Continues a shard that was left incomplete. Keeps its first <paramref name="count"/> tokens and removes those after them.</summary>
    /// <exception cref="IOException">The incomplete file is missing, or has fewer tokens.</exception>
    internal static TokenShardWriter Resume(string path, int vocabSize, int count)
    {
        if (!File.Exists(path + Incomplete))
            File.Move(path, path + Incomplete); // the shard was completed after the journal was written
        TokenShardWriter shard = new(path, vocabSize, FileMode.Open);
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

    /// <summary>Gets the number of tokens so far. The maximum is 2^31 - 1, because the header stores it as int32.</summary>
    public int Count { get; private set; }

    /// <summary>Appends ids.</summary>
    /// <param name="ids">The ids, each at least 0 and below the vocabulary size.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is outside the vocabulary.</exception>
    /// <exception cref="InvalidOperationException">The shard would have more than 2^31 - 1 tokens.</exception>
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

    /// <summary>Writes the header, waits until everything is on disk, and renames the file to its final name.</summary>
    public void Complete()
    {
        _file.Position = 0;
        WriteHeader();
        DurableFile.Complete(_file, _path);
    }

    /// <summary>Waits until the appended ids are on disk. The shard is not complete afterwards.</summary>
    internal void Flush() => _file.Flush(flushToDisk: true);

    /// <summary>Closes the file and leaves it incomplete, for <see cref="Resume"/>.</summary>
    internal void Suspend() => _file.Dispose();

    /// <summary>Closes the file. A file that is not complete is deleted.</summary>
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
