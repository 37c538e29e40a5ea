using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Foreword.Tokenization;

namespace Foreword.Data;

/// <summary>
/// Turns documents into a directory of token shards (<see cref="ShardManifest"/>). Every document is followed by the
/// tokenizer's end-of-text token, as in GPT-2 and nanoGPT (llm.c puts it in front).
/// </summary>
/// <remarks>
/// Texts are tokenised in parallel and written in their order, so the result does not depend on the number of
/// threads. Only a bounded number of them is held at a time: memory does not grow with the corpus.
/// </remarks>
public sealed class CorpusPreparer
{
    private const string TokenizerDirectory = "tokenizer";

    /// <summary>Characters that one task tokenises: small documents share a task, to outweigh its cost.</summary>
    private const int BatchLength = 1 << 18;

    private readonly Tokenizer _tokenizer;
    private readonly PreparationOptions _options;

    /// <summary>A preparer for one tokenizer.</summary>
    /// <exception cref="ArgumentException">An option is outside its range.</exception>
    public CorpusPreparer(Tokenizer tokenizer, PreparationOptions options)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(options);
        _tokenizer = tokenizer;
        _options = options.Validate();
    }

    /// <summary>
    /// Writes the directory. It is built beside its place and moved there when complete, replacing an earlier
    /// preparation; after a failure everything is as it was.
    /// </summary>
    /// <param name="documents">The corpus, for example <see cref="DocumentReader.Read"/>; its beginning is enumerated twice.</param>
    /// <param name="directory">A directory that does not exist, is empty, or holds an earlier preparation and nothing else.</param>
    /// <param name="inputs">Where the documents come from, for the manifest.</param>
    /// <param name="progress">Told on the calling thread about every batch written.</param>
    /// <param name="cancellation">Ends the work; the directory stays as it was.</param>
    /// <exception cref="IOException">The directory holds other files, another process is writing it, or the disk is full.</exception>
    /// <exception cref="InvalidDataException">There is no text, or the documents' own source is damaged.</exception>
    public PreparationReport Prepare(
        IEnumerable<TextPiece> documents,
        string directory,
        IReadOnlyList<string> inputs,
        IProgress<PreparationProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(documents);
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(inputs);
        Stopwatch watch = Stopwatch.StartNew();
        using StagedDirectory staged = StagedDirectory.Begin(directory);
        CheckReplaceable(directory);
        ValidationSplit split = ValidationSplit.Plan(documents, _options.ValidationShare, _options.ValidationRun, _options.Seed, cancellation);

        using SplitWriter train = new(staged.Path, TokenDataset.Train, _tokenizer.VocabularySize, _options.ShardTokens);
        using SplitWriter? validation = split.HoldsOut ? new(staged.Path, TokenDataset.Validation, _tokenizer.VocabularySize, _options.ShardTokens) : null;
        foreach (EncodedBatch batch in EncodeInOrder(Batches(split.Assign(documents)), cancellation))
        {
            Write(batch, train, validation);
            progress?.Report(new PreparationProgress(
                train.Documents + (validation?.Documents ?? 0), train.Tokens + (validation?.Tokens ?? 0), train.TextBytes + (validation?.TextBytes ?? 0)));
        }

        if (train.Documents == 0)
            throw new InvalidDataException("the inputs hold no text");
        ShardManifest manifest = Describe(split, inputs, train.Complete(), validation?.Complete());
        _tokenizer.Save(Directory.CreateDirectory(Path.Combine(staged.Path, TokenizerDirectory)).FullName);
        manifest.Save(staged.Path);
        cancellation.ThrowIfCancellationRequested();
        staged.Commit();
        return new PreparationReport(manifest, watch.Elapsed);
    }

    /// <summary>A directory that is not a preparation, or that somebody has added files to, is not for us to replace.</summary>
    private static void CheckReplaceable(string directory)
    {
        if (File.Exists(directory))
            throw new IOException($"{directory} is a file; the shards need a directory");
        if (!Directory.Exists(directory) || !Directory.EnumerateFileSystemEntries(directory).Any())
            return;
        if (!File.Exists(Path.Combine(directory, ShardManifest.FileName)))
            throw new IOException($"{directory} is not empty and holds no {ShardManifest.FileName} of an earlier preparation; choose another directory");
        ShardManifest earlier = ShardManifest.Load(directory);
        IEnumerable<string> ours = earlier.Splits.Values.SelectMany(split => split.Files()).Append(ShardManifest.FileName).Append(earlier.Tokenizer.Directory);
        string? foreign = Directory.EnumerateFileSystemEntries(directory).Select(entry => Path.GetFileName(entry)).Except(ours).Order(StringComparer.Ordinal).FirstOrDefault();
        if (foreign is not null)
            throw new IOException($"{directory} holds {foreign}, which is not part of the earlier preparation; move it away or choose another directory");
    }

    private static IEnumerable<List<SplitPiece>> Batches(IEnumerable<SplitPiece> pieces)
    {
        List<SplitPiece> batch = [];
        int length = 0;
        foreach (SplitPiece piece in pieces)
        {
            batch.Add(piece);
            length += piece.Text.Length;
            if (length < BatchLength)
                continue;
            yield return batch;
            (batch, length) = ([], 0);
        }

        if (batch.Count > 0)
            yield return batch;
    }

    /// <summary>Tokenises on all threads and gives the results in the order of the batches; two per thread are under way.</summary>
    private IEnumerable<EncodedBatch> EncodeInOrder(IEnumerable<List<SplitPiece>> batches, CancellationToken cancellation)
    {
        TaskFactory workers = new(new ConcurrentExclusiveSchedulerPair(TaskScheduler.Default, _options.Threads).ConcurrentScheduler);
        Queue<Task<EncodedBatch>> underWay = [];
        foreach (List<SplitPiece> batch in batches)
        {
            cancellation.ThrowIfCancellationRequested();
            if (underWay.Count == 2 * _options.Threads)
                yield return underWay.Dequeue().GetAwaiter().GetResult();
            underWay.Enqueue(workers.StartNew(() => Encode(batch), cancellation));
        }

        while (underWay.TryDequeue(out Task<EncodedBatch>? next))
            yield return next.GetAwaiter().GetResult();
    }

    private EncodedBatch Encode(List<SplitPiece> pieces)
    {
        List<int> ids = [];
        int[] ends = new int[pieces.Count];
        for (int i = 0; i < ends.Length; i++)
        {
            _tokenizer.Encode(pieces[i].Text, ids);
            ends[i] = ids.Count;
        }

        return new EncodedBatch(pieces, ids, ends, pieces.ConvertAll(piece => Encoding.UTF8.GetByteCount(piece.Text)));
    }

    private void Write(EncodedBatch batch, SplitWriter train, SplitWriter? validation)
    {
        ReadOnlySpan<int> ids = CollectionsMarshal.AsSpan(batch.Ids);
        int start = 0;
        for (int i = 0; i < batch.Pieces.Count; i++)
        {
            SplitWriter split = batch.Pieces[i].IsValidation ? validation! : train;
            split.Append(ids[start..batch.Ends[i]], batch.TextBytes[i]);
            if (batch.Pieces[i].EndsDocument)
                split.EndDocument(_tokenizer.EndOfTextId);
            start = batch.Ends[i];
        }
    }

    private ShardManifest Describe(ValidationSplit split, IReadOnlyList<string> inputs, ManifestSplit train, ManifestSplit? validation)
    {
        Dictionary<string, ManifestSplit> splits = new() { [TokenDataset.Train] = train };
        if (validation is not null)
            splits.Add(TokenDataset.Validation, validation);
        return new ShardManifest
        {
            Format = ShardManifest.FormatName,
            Version = ShardManifest.CurrentVersion,
            Tokenizer = new ManifestTokenizer
            {
                Fingerprint = _tokenizer.Fingerprint,
                VocabularySize = _tokenizer.VocabularySize,
                EndOfText = _tokenizer.EndOfTextId,
                Directory = TokenizerDirectory,
            },
            Validation = new ManifestValidation
            {
                Share = _options.ValidationShare,
                Run = _options.ValidationRun,
                Seed = _options.Seed,
                Divides = !split.HoldsOut ? "nothing" : split.CutsText ? "text" : "documents",
            },
            Inputs = inputs,
            Splits = splits,
        };
    }

    /// <summary>The ids of some pieces, one after the other; those of piece i end at Ends[i].</summary>
    private sealed record EncodedBatch(List<SplitPiece> Pieces, List<int> Ids, int[] Ends, List<int> TextBytes);
}
