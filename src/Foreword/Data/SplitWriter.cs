using System.Globalization;

namespace Foreword.Data;

/// <summary>Writes the shards and document boundaries of one split.</summary>
internal sealed class SplitWriter : IDisposable
{
    private readonly string _directory;
    private readonly string _name;
    private readonly int _vocabularySize;
    private readonly int _shardTokens;
    private readonly FileStream _documentStarts;
    private readonly BinaryWriter _starts; // little-endian on every machine
    private readonly List<ManifestShard> _shards = [];
    private TokenShardWriter? _shard;
    private bool _insideDocument;

    public SplitWriter(string directory, string name, int vocabularySize, int shardTokens)
    {
        _directory = directory;
        _name = name;
        _vocabularySize = vocabularySize;
        _shardTokens = shardTokens;
        _documentStarts = new FileStream(Path.Combine(directory, DocumentStartsFile), FileMode.CreateNew);
        _starts = new BinaryWriter(_documentStarts);
    }

    public long Tokens { get; private set; }

    public long Documents { get; private set; }

    public long TextBytes { get; private set; }

    private string DocumentStartsFile => $"{_name}.idx";

    /// <summary>Appends ids of the current document, or of a new one after <see cref="EndDocument"/>.</summary>
    public void Append(ReadOnlySpan<int> ids, long textBytes)
    {
        if (!_insideDocument)
        {
            _starts.Write(Tokens);
            Documents++;
            _insideDocument = true;
        }

        TextBytes += textBytes;
        AppendTokens(ids);
    }

    /// <summary>Ends the current document with <paramref name="endOfText"/>, where the tokenizer has such a token.</summary>
    public void EndDocument(int? endOfText)
    {
        if (endOfText is { } id)
            AppendTokens([id]);
        _insideDocument = false;
    }

    /// <summary>Completes every file and describes the split.</summary>
    public ManifestSplit Complete()
    {
        CompleteShard();
        _starts.Flush();
        _documentStarts.Flush(flushToDisk: true);
        return new ManifestSplit
        {
            Tokens = Tokens,
            Documents = Documents,
            TextBytes = TextBytes,
            DocumentStarts = DocumentStartsFile,
            Shards = _shards,
        };
    }

    public void Dispose()
    {
        _shard?.Dispose();
        _starts.Dispose();
    }

    private void AppendTokens(ReadOnlySpan<int> ids)
    {
        while (!ids.IsEmpty)
        {
            _shard ??= new TokenShardWriter(Path.Combine(_directory, ShardFile), _vocabularySize);
            ReadOnlySpan<int> fitting = ids[..Math.Min(ids.Length, _shardTokens - _shard.Count)];
            _shard.Append(fitting);
            Tokens += fitting.Length;
            ids = ids[fitting.Length..];
            if (_shard.Count == _shardTokens)
                CompleteShard();
        }
    }

    private string ShardFile => string.Create(CultureInfo.InvariantCulture, $"{_name}-{_shards.Count:D5}.bin");

    private void CompleteShard()
    {
        if (_shard is null)
            return;
        _shards.Add(new ManifestShard { File = ShardFile, Tokens = _shard.Count });
        _shard.Complete();
        _shard.Dispose();
        _shard = null;
    }
}
