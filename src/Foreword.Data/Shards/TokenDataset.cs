using System.Buffers.Binary;
using Foreword.Tokenization;
using Foreword.Tokenization.Catalog;
using Microsoft.Win32.SafeHandles;

namespace Foreword.Data.Shards;

/// <summary>
/// Reads one split of a prepared directory as a single stream of tokens from memory-mapped shards. Several threads may read at the same time.
/// </summary>
public sealed class TokenDataset : IDisposable
{
    /// <summary>The name of the split for training.</summary>
    public const string Train = "train";

    /// <summary>The name of the held-out split.</summary>
    public const string Validation = "validation";

    private readonly TokenShard[] _shards;
    private readonly long[] _starts; // _starts[i] = position of shard i's first token in the stream
    private readonly SafeFileHandle _documentStarts;

    private TokenDataset(string directory, ShardManifest manifest, ManifestSplit split, TokenShard[] shards, SafeFileHandle documentStarts)
    {
        Directory = directory;
        Manifest = manifest;
        Split = split;
        Count = split.Tokens;
        _shards = shards;
        _documentStarts = documentStarts;
        _starts = new long[shards.Length];
        for (int i = 1; i < shards.Length; i++)
            _starts[i] = _starts[i - 1] + shards[i - 1].Count;
    }

    /// <summary>Gets the prepared directory.</summary>
    public string Directory { get; }

    /// <summary>Gets the directory's manifest.</summary>
    public ShardManifest Manifest { get; }

    /// <summary>Gets the part of the manifest that describes this split.</summary>
    public ManifestSplit Split { get; }

    /// <summary>Gets the number of tokens.</summary>
    public long Count { get; }

    /// <summary>Gets the number of ids of the tokenizer. Every id is below it.</summary>
    public int VocabSize => Manifest.Tokenizer.VocabSize;

    /// <summary>Opens a split of a directory that <c>CorpusPreparer</c> wrote.</summary>
    /// <param name="directory">The directory that contains <c>manifest.json</c>.</param>
    /// <param name="split"><see cref="Train"/> or <see cref="Validation"/>.</param>
    /// <exception cref="FileNotFoundException">The manifest, or a file that it names, is missing.</exception>
    /// <exception cref="InvalidDataException">There is no such split, or a file is damaged or does not match the manifest.</exception>
    public static TokenDataset Open(string directory, string split)
    {
        ShardManifest manifest = ShardManifest.Load(directory);
        if (!manifest.Splits.TryGetValue(split, out ManifestSplit? part))
        {
            throw new InvalidDataException(split == Validation && manifest.Validation.Share == 0
                ? $"{directory} has no validation split: it was prepared with a validation share of 0"
                : $"{directory} has no split \"{split}\"; it has {string.Join(", ", manifest.Splits.Keys)}");
        }

        List<TokenShard> shards = [];
        SafeFileHandle? documentStarts = null;
        try
        {
            foreach (ManifestShard entry in part.Shards)
            {
                TokenShard shard = TokenShard.Open(Path.Combine(directory, entry.File));
                shards.Add(shard);
                if (shard.Count != entry.Tokens)
                    throw new InvalidDataException($"{shard.Path} holds {shard.Count} tokens; the manifest says {entry.Tokens}");
            }

            if (shards.Sum(shard => shard.Count) is long sum && sum != part.Tokens)
                throw new InvalidDataException($"the shards of split \"{split}\" in {directory} hold {sum} tokens; the manifest says {part.Tokens}");
            documentStarts = OpenDocumentStarts(Path.Combine(directory, part.DocumentStarts), part.Documents);
            return new TokenDataset(directory, manifest, part, [.. shards], documentStarts);
        }
        catch
        {
            documentStarts?.Dispose();
            shards.ForEach(shard => shard.Dispose());
            throw;
        }
    }

    /// <summary>Copies ids from the stream, also across shards.</summary>
    /// <param name="start">The position of the first id, from 0.</param>
    /// <param name="destination">Receives the ids. Its length is the number of ids to copy.</param>
    /// <exception cref="ArgumentOutOfRangeException">A part of the range is outside the dataset.</exception>
    public void Read(long start, Span<int> destination)
    {
        TokenRange.Check(start, destination.Length, Count, Directory);
        while (!destination.IsEmpty)
        {
            (int shard, long offset, int length) = Part(start, destination.Length);
            _shards[shard].Read(offset, destination[..length]);
            destination = destination[length..];
            start += length;
        }
    }

    /// <inheritdoc cref="Read(long, Span{int})"/>
    public void Read(long start, Span<long> destination)
    {
        TokenRange.Check(start, destination.Length, Count, Directory);
        while (!destination.IsEmpty)
        {
            (int shard, long offset, int length) = Part(start, destination.Length);
            _shards[shard].Read(offset, destination[..length]);
            destination = destination[length..];
            start += length;
        }
    }

    /// <summary>Loads the copy of the tokenizer that is stored with the shards.</summary>
    /// <exception cref="IOException">The copy is missing.</exception>
    /// <exception cref="InvalidDataException">The copy is damaged, or is not the tokenizer that produced the shards.</exception>
    public Tokenizer LoadTokenizer()
    {
        string copy = Path.Combine(Directory, Manifest.Tokenizer.Directory);
        Tokenizer tokenizer = TokenizerFiles.Load(copy);
        return tokenizer.Fingerprint == Manifest.Tokenizer.Fingerprint
            ? tokenizer
            : throw new InvalidDataException($"{copy} is not the tokenizer that made the shards: its fingerprint is {tokenizer.Fingerprint}, the manifest says {Manifest.Tokenizer.Fingerprint}");
    }

    /// <summary>Finds the shard of a position in the stream.</summary>
    /// <param name="position">The position, from 0.</param>
    /// <returns>The shard's file name and the token's index in that shard.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The position is outside the dataset.</exception>
    internal ShardPosition Locate(long position)
    {
        TokenRange.Check(position, 1, Count, Directory);
        (int shard, long offset, _) = Part(position, 1);
        return new ShardPosition(Split.Shards[shard].File, offset);
    }

    /// <summary>Returns the position of the first token of a document.</summary>
    /// <param name="document">The index of the document, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such document.</exception>
    public long DocumentStart(long document)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(document);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(document, Split.Documents);
        Span<byte> number = stackalloc byte[sizeof(long)];
        _ = RandomAccess.Read(_documentStarts, number, document * sizeof(long)); // the length was checked when the file was opened
        return BinaryPrimitives.ReadInt64LittleEndian(number);
    }

    /// <summary>Closes the memory-mapped files.</summary>
    public void Dispose()
    {
        _documentStarts.Dispose();
        foreach (TokenShard shard in _shards)
            shard.Dispose();
    }

    private static SafeFileHandle OpenDocumentStarts(string path, long documents)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException($"the document boundaries {path} are missing", path);
        SafeFileHandle file = File.OpenHandle(path);
        long length = RandomAccess.GetLength(file);
        Int128 wanted = (Int128)documents * sizeof(long);
        if (length == wanted)
            return file;
        file.Dispose();
        throw new InvalidDataException($"{path} has {length} bytes; the boundaries of {documents} documents need {wanted}");
    }

    /// <summary>Returns the part of a range that is stored in the shard of its first token.</summary>
    private (int Shard, long Offset, int Length) Part(long start, int length)
    {
        int shard = Array.BinarySearch(_starts, start);
        if (shard < 0)
            shard = ~shard - 1;
        while (_shards[shard].Count == 0) // an empty shard has the same start as the next one
            shard++;
        long offset = start - _starts[shard];
        return (shard, offset, (int)Math.Min(length, _shards[shard].Count - offset));
    }
}

/// <summary>The location of a token on disk.</summary>
/// <param name="Shard">The shard's file name.</param>
/// <param name="Offset">The index of the token in that shard, from 0.</param>
internal readonly record struct ShardPosition(string Shard, long Offset)
{
    /// <summary>Returns a text such as "shard train-00000.bin, token 12345".</summary>
    public override string ToString() => $"shard {Shard}, token {Offset}";
}
