using System.Globalization;
using Foreword.Data.Shards;
using Foreword.IO;
using Foreword.Tokenization;

namespace Foreword.Data.Preparing;

/// <summary>Writes the shards and document boundaries of one split.</summary>
internal sealed class SplitWriter : IDisposable
{
    private readonly string _directory;
    private readonly string _name;
    private readonly Tokenizer _tokenizer;
    private readonly int _shardTokens;
    private readonly FileStream _documentStarts;
    private readonly BinaryWriter _starts; // little-endian on every machine
    private readonly List<ManifestShard> _shards = [];
    private TokenShardWriter? _shard;
    private bool _insideDocument;

    public SplitWriter(string directory, string name, Tokenizer tokenizer, int shardTokens) : this(directory, name, tokenizer, shardTokens, FileMode.CreateNew)
    {
    }

    private SplitWriter(string directory, string name, Tokenizer tokenizer, int shardTokens, FileMode mode)
    {
        _directory = directory;
        _name = name;
        _tokenizer = tokenizer;
        _shardTokens = shardTokens;
        _documentStarts = new FileStream(Path.Combine(directory, DocumentStartsFile), mode);
        _starts = new BinaryWriter(_documentStarts);
    }

    /// <summary>Continues from the state that a journal recorded. Data written after that state is removed.</summary>
    /// <exception cref="IOException">The files are shorter than the recorded state.</exception>
    public static SplitWriter Resume(string directory, string name, Tokenizer tokenizer, int shardTokens, SplitProgress progress)
    {
        SplitWriter writer = new(directory, name, tokenizer, shardTokens, FileMode.Open);
        try
        {
            writer._documentStarts.SetLength(progress.Documents * sizeof(long));
            writer._documentStarts.Seek(0, SeekOrigin.End);
            (writer.Tokens, writer.Documents, writer.TextBytes, writer._insideDocument) = (progress.Tokens, progress.Documents, progress.TextBytes, progress.InsideDocument);
            writer.UnknownTokens = progress.UnknownTokens;
            writer._shards.AddRange(progress.Shards);
            if (progress.OpenTokens is { } count)
                writer._shard = TokenShardWriter.Resume(Path.Combine(directory, writer.ShardFile), tokenizer.VocabSize, count);
            return writer;
        }
        catch
        {
            writer.Suspend();
            throw;
        }
    }

    /// <summary>Gets the number of completed shards.</summary>
    public int CompletedShards => _shards.Count;

    public long Tokens { get; private set; }

    public long Documents { get; private set; }

    public long TextBytes { get; private set; }

    public long UnknownTokens { get; private set; }

    private string DocumentStartsFile => $"{_name}.idx";

    /// <summary>Appends ids to the current document, or to a new one after <see cref="EndDocument"/>.</summary>
    public void Append(ReadOnlySpan<int> ids, long textBytes)
    {
        if (!_insideDocument)
        {
            _starts.Write(Tokens);
            Documents++;
            _insideDocument = true;
        }

        TextBytes += textBytes;
        UnknownTokens += Tokenization.UnknownTokens.Count(_tokenizer, ids);
        AppendTokens(ids);
    }

    /// <summary>
    /// Ends the current document with <paramref name="endOfText"/>; null writes no token, for a tokenizer without an end-of-text token.
    /// </summary>
    public void EndDocument(int? endOfText)
    {
        if (endOfText is { } id)
            AppendTokens([id]);
        _insideDocument = false;
    }

    /// <summary>Completes every file and returns the description of the split.</summary>
    public ManifestSplit Complete()
    {
        CompleteShard();
        _starts.Flush();
        _documentStarts.Flush(flushToDisk: true);
        _starts.Dispose();
        return new ManifestSplit
        {
            Tokens = Tokens,
            Documents = Documents,
            TextBytes = TextBytes,
            UnknownTokens = UnknownTokens,
            DocumentStarts = DocumentStartsFile,
            DocumentStartsSha256 = FileHash.Of(Path.Combine(_directory, DocumentStartsFile)),
            Shards = _shards,
        };
    }

    /// <summary>Waits until everything written so far is on disk, and returns that state.</summary>
    public SplitProgress Flush()
    {
        _shard?.Flush();
        _starts.Flush();
        _documentStarts.Flush(flushToDisk: true);
        return new SplitProgress(Tokens, Documents, TextBytes, _insideDocument, [.. _shards], _shard?.Count, UnknownTokens);
    }

    /// <summary>Closes the files and leaves them incomplete, for <see cref="Resume"/>.</summary>
    public void Suspend()
    {
        _shard?.Suspend();
        _shard = null;
        _starts.Dispose();
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
            _shard ??= new TokenShardWriter(Path.Combine(_directory, ShardFile), _tokenizer.VocabSize);
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
        string file = ShardFile;
        _shard.Complete();
        _shards.Add(new ManifestShard { File = file, Tokens = _shard.Count, Sha256 = FileHash.Of(Path.Combine(_directory, file)) });
        _shard.Dispose();
        _shard = null;
    }
}

/// <summary>The state of a partly written split.</summary>
/// <param name="Tokens">The number of tokens.</param>
/// <param name="Documents">The number of documents begun.</param>
/// <param name="TextBytes">The number of UTF-8 bytes of text.</param>
/// <param name="InsideDocument">Whether the last document is not ended yet.</param>
/// <param name="Shards">The complete shards.</param>
/// <param name="OpenTokens">The number of tokens in the incomplete shard; null if there is none.</param>
/// <param name="UnknownTokens">The number of tokens for text that the tokenizer does not know.</param>
internal sealed record SplitProgress(long Tokens, long Documents, long TextBytes, bool InsideDocument, IReadOnlyList<ManifestShard> Shards, int? OpenTokens, long UnknownTokens = 0);
