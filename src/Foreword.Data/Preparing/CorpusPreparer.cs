using System.Diagnostics;
using System.Runtime.InteropServices;
using Foreword.Chat;
using Foreword.Data.Cleaning;
using Foreword.Data.Reading.Formats;
using Foreword.Data.Shards;
using Foreword.IO;
using Foreword.Settings;
using Foreword.Tokenization;

namespace Foreword.Data.Preparing;

/// <summary>Converts documents to a directory of token shards, see <see cref="ShardManifest"/>.</summary>
/// <remarks>
/// Every document is followed by the tokenizer's end-of-text token, as in GPT-2 and nanoGPT (llm.c puts it before the document). If the tokenizer has
/// a template, it is applied to each document. A token before the document that is not end-of-text (<c>&lt;s&gt;</c>) is kept, and no separator is
/// written twice.
/// <para>
/// Texts are tokenized in parallel and written in their order, so the result does not depend on the number of threads. The number of texts in memory
/// is limited, so memory use does not grow with the corpus.
/// </para>
/// </remarks>
public sealed class CorpusPreparer
{
    private const string TokenizerDirectory = "tokenizer";

    /// <summary>The number of characters that one work item tokenizes. Small documents share a work item, to reduce its overhead.</summary>
    private const int BatchLength = 1 << 18;

    private readonly Tokenizer _tokenizer;
    private readonly PreparationOptions _options;
    private readonly IDocumentEncoder _encoder;

    /// <summary>Creates a preparer.</summary>
    /// <param name="tokenizer">The tokenizer that produces the ids.</param>
    /// <param name="options">The settings.</param>
    /// <exception cref="ArgumentException">An option is outside its range, or the tokenizer lacks tokens that the layout or the template needs.</exception>
    public CorpusPreparer(Tokenizer tokenizer, PreparationOptions options)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(options);
        _options = options.Validate();
        _tokenizer = TokenizerFor(options.Layout == CorpusLayout.Gpt2Chinese, options.Template, tokenizer);
        _encoder = options.Layout switch
        {
            CorpusLayout.Text => new TextEncoder(_tokenizer, options.AllowSpecial),
            CorpusLayout.Gpt2Chinese => new ArticleEncoder(_tokenizer, options.AllowSpecial),
            _ => new TemplateEncoder(_tokenizer, options.Template!, options.DialogueTokens),
        };
    }

    /// <summary>Returns the tokenizer of the shards: that of the caller, with what a layout adds to it.</summary>
    /// <param name="hasArticles">Whether the documents are GPT2-Chinese's articles.</param>
    /// <param name="template">The template of dialogues; null for none.</param>
    /// <param name="tokenizer">The caller's tokenizer.</param>
    /// <exception cref="ArgumentException">The tokenizer lacks tokens that cannot be added to it.</exception>
    private static Tokenizer TokenizerFor(bool hasArticles, ChatTemplate? template, Tokenizer tokenizer) =>
        hasArticles ? ArticleEncoder.Roles(tokenizer) : template is null ? tokenizer : tokenizer.WithSpecialTokens(template.Tokens);

    /// <summary>Returns the tokenizer that shards were made with, from the one that their maker named.</summary>
    internal static Tokenizer TokenizerFor(ShardManifest manifest, Tokenizer tokenizer) =>
        TokenizerFor(manifest.Layout?.Name == RecipeKey.ChoiceOf(CorpusLayout.Gpt2Chinese), manifest.Layout?.Template, tokenizer);

    /// <summary>
    /// Writes the directory of shards. It is built in a temporary directory, which replaces an earlier preparation when it is complete. After a
    /// failure, an earlier preparation is unchanged.
    /// </summary>
    /// <param name="documents">
    /// The corpus, for example <see cref="CorpusReader.Read"/>. Its beginning is enumerated twice. With deduplication, the whole corpus is
    /// enumerated one additional time.
    /// </param>
    /// <param name="directory">A directory that does not exist, is empty, or contains only an earlier preparation.</param>
    /// <param name="inputs">The sources of the documents, for the manifest.</param>
    /// <param name="files">
    /// The files that contain the documents; null if they do not come from files. The manifest stores their hashes. If files are given, a preparation
    /// that was killed or canceled after a complete shard is resumed.
    /// </param>
    /// <param name="progress">Notified on the calling thread about every batch written; null reports nothing.</param>
    /// <param name="cancellationToken">Cancels the work. The directory stays unchanged.</param>
    /// <returns>The manifest and the elapsed time.</returns>
    /// <exception cref="IOException">The directory contains other files, another process is writing it, or the disk is full.</exception>
    /// <exception cref="InvalidDataException">There is no text, or the source of the documents is damaged.</exception>
    public PreparationReport Prepare(
        IEnumerable<TextChunk> documents,
        string directory,
        IReadOnlyList<string> inputs,
        IReadOnlyList<string>? files = null,
        IProgress<PreparationProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(documents);
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(inputs);
        Stopwatch watch = Stopwatch.StartNew();
        string request = PreparationJournal.RequestOf(_tokenizer, _options, inputs, files ?? []);
        using StagedDirectory staged = StagedDirectory.Start(directory, partial => files is not null && PreparationJournal.Load(partial, request) is not null);
        CheckReplaceable(directory);
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<IReadOnlyList<ManifestFile>>? hashes = files is null ? null : Task.Run(() => ManifestFile.Describe(files, ended.Token), ended.Token);
        try
        {
            Cleaned cleaned = Clean(documents, cancellationToken);
            ValidationSplit split = ValidationSplit.Plan(cleaned.Documents, _options.ValidationShare, _options.ValidationRun, _options.Seed, cancellationToken, cutsText: !_options.Layout.HoldsDialogues());
            (ManifestSplit train, ManifestSplit? validation, ShortenedDialogues shortened) = WriteSplits(split, cleaned.Documents, staged, files is null ? null : request, progress, cancellationToken);
            ShardManifest manifest = Describe(split, inputs, train, validation) with { Layout = Describe(shortened), Files = hashes?.GetAwaiter().GetResult(), Cleaning = cleaned.Describe(_options) };
            _tokenizer.Save(Directory.CreateDirectory(Path.Combine(staged.Path, TokenizerDirectory)).FullName);
            manifest.Save(staged.Path);
            PreparationJournal.Delete(staged.Path);
            cancellationToken.ThrowIfCancellationRequested();
            CheckReplaceable(directory); // hours may have passed since the first check
            staged.Replace();
            IEnumerable<ManifestSplit> splits = manifest.Splits.Values;
            return new PreparationReport(manifest, watch.Elapsed) { UnknownText = UnknownTokens.Describe(_tokenizer, splits.Sum(part => part.UnknownTokens), splits.Sum(part => part.Tokens)) };
        }
        finally
        {
            ended.Cancel();
        }
    }

    private Cleaned Clean(IEnumerable<TextChunk> documents, CancellationToken cancellationToken)
    {
        LengthFilter length = new(_options.MinCharacters);
        IEnumerable<TextChunk> cleaned = TextNormalizer.Apply(documents, _options.Normalization);
        if (_options.MinCharacters > 0)
            cleaned = length.Apply(cleaned);
        if (_options.Deduplication == Deduplication.None)
            return new Cleaned(cleaned, length, null);
        Duplicates duplicates = Duplicates.Find(cleaned, _options.Deduplication, _options.DuplicateThreshold, cancellationToken);
        return new Cleaned(duplicates.Without(cleaned), length, duplicates);
    }

    /// <summary>Writes both splits, from the beginning or from the state in the directory's journal.</summary>
    /// <param name="split">Decides which documents are held out.</param>
    /// <param name="documents">The corpus.</param>
    /// <param name="staged">The temporary directory.</param>
    /// <param name="request">The hash of the request; null if no journal is written.</param>
    /// <param name="progress">Notified about every batch.</param>
    /// <param name="cancellationToken">Cancels the work. Everything up to the last journal entry is kept.</param>
    private (ManifestSplit Train, ManifestSplit? Validation, ShortenedDialogues Shortened) WriteSplits(
        ValidationSplit split, IEnumerable<TextChunk> documents, StagedDirectory staged, string? request, IProgress<PreparationProgress>? progress, CancellationToken cancellationToken)
    {
        PreparationJournal? journal = request is null ? null : PreparationJournal.Load(staged.Path, request);
        using SplitWriter train = Open(staged.Path, TokenDataset.Train, journal?.Train);
        using SplitWriter? validation = split.HoldsOut ? Open(staged.Path, TokenDataset.Validation, journal?.Validation) : null;
        long chunks = journal?.Pieces ?? 0;
        ShortenedDialogues shortened = journal?.Shortened ?? new();
        int journalled = Shards();
        try
        {
            foreach (EncodedBatch batch in EncodeInOrder(Batches(Skip(split.Assign(documents), chunks)), cancellationToken))
            {
                Write(batch, train, validation);
                chunks += batch.Pieces.Count;
                shortened = shortened.With(batch.Encoded);
                progress?.Report(new PreparationProgress(
                    train.Documents + (validation?.Documents ?? 0), train.Tokens + (validation?.Tokens ?? 0), train.TextBytes + (validation?.TextBytes ?? 0)));
                if (request is null || Shards() == journalled)
                    continue;
                journal = new PreparationJournal(request, chunks, train.Flush(), validation?.Flush()) { Shortened = shortened.Dialogues + shortened.Cut > 0 ? shortened : null };
                journal.Save(staged.Path);
                journalled = Shards();
            }

            if (train.Documents == 0)
                throw new InvalidDataException("the inputs contain no text");
            return (train.Complete(), validation?.Complete(), shortened);
        }
        catch (OperationCanceledException) when (journal is not null)
        {
            train.Suspend();
            validation?.Suspend();
            staged.Keep();
            throw;
        }

        int Shards() => train.CompletedShards + (validation?.CompletedShards ?? 0);
    }

    private SplitWriter Open(string directory, string name, SplitProgress? progress) => progress is null
        ? new SplitWriter(directory, name, _tokenizer, _options.ShardTokens)
        : SplitWriter.Resume(directory, name, _tokenizer, _options.ShardTokens, progress);

    private static IEnumerable<SplitChunk> Skip(IEnumerable<SplitChunk> chunks, long count)
    {
        foreach (SplitChunk chunk in chunks)
        {
            if (count-- <= 0)
                yield return chunk;
        }
    }

    /// <summary>Checks that the directory may be replaced: it is a preparation, and nobody has added files to it.</summary>
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

    private static IEnumerable<List<SplitChunk>> Batches(IEnumerable<SplitChunk> chunks)
    {
        List<SplitChunk> batch = [];
        int length = 0;
        foreach (SplitChunk chunk in chunks)
        {
            batch.Add(chunk);
            length += chunk.Text.Length;
            if (length < BatchLength)
                continue;
            yield return batch;
            (batch, length) = ([], 0);
        }

        if (batch.Count > 0)
            yield return batch;
    }

    /// <summary>Tokenizes on all threads and returns the results in the order of the batches. Two batches per thread are in progress.</summary>
    private IEnumerable<EncodedBatch> EncodeInOrder(IEnumerable<List<SplitChunk>> batches, CancellationToken cancellationToken)
    {
        TaskFactory workers = new(new ConcurrentExclusiveSchedulerPair(TaskScheduler.Default, _options.Threads).ConcurrentScheduler);
        Queue<Task<EncodedBatch>> underWay = [];
        foreach (List<SplitChunk> batch in batches)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (underWay.Count == 2 * _options.Threads)
                yield return underWay.Dequeue().GetAwaiter().GetResult();
            underWay.Enqueue(workers.StartNew(() => Encode(batch), cancellationToken));
        }

        while (underWay.TryDequeue(out Task<EncodedBatch>? next))
            yield return next.GetAwaiter().GetResult();
    }

    private EncodedBatch Encode(List<SplitChunk> chunks)
    {
        List<int> ids = [];
        int[] ends = new int[chunks.Count];
        EncodedChunk[] encoded = new EncodedChunk[chunks.Count];
        for (int i = 0; i < ends.Length; i++)
        {
            encoded[i] = _encoder.Encode(chunks[i], ids);
            ends[i] = ids.Count;
        }

        return new EncodedBatch(chunks, ids, ends, encoded);
    }

    private void Write(EncodedBatch batch, SplitWriter train, SplitWriter? validation)
    {
        ReadOnlySpan<int> ids = CollectionsMarshal.AsSpan(batch.Ids);
        int start = 0;
        for (int i = 0; i < batch.Pieces.Count; i++)
        {
            SplitWriter split = batch.Pieces[i].IsValidation ? validation! : train;
            split.Append(ids[start..batch.Ends[i]], batch.Encoded[i].TextBytes);
            if (batch.Pieces[i].EndsDocument)
                split.EndDocument(_encoder.EndOfDocument);
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
                VocabSize = _tokenizer.VocabSize,
                EndOfText = _encoder.EndOfDocument,
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
            AllowSpecial = _options.AllowSpecial,
            Reading = ManifestReading.Create(_options.Reading),
            Splits = splits,
        };
    }

    private ManifestLayout? Describe(ShortenedDialogues shortened) => _options.Layout == CorpusLayout.Text ? null : new ManifestLayout
    {
        Name = RecipeKey.ChoiceOf(_options.Layout),
        Template = _options.Template,
        DialogueTokens = _options.DialogueTokens,
        Shortened = shortened.Dialogues,
        DroppedMessages = shortened.Messages,
        Cut = shortened.Cut,
    };

    /// <summary>The ids of several chunks of text, one after the other. The ids of chunk i end at Ends[i].</summary>
    private sealed record EncodedBatch(List<SplitChunk> Pieces, List<int> Ids, int[] Ends, EncodedChunk[] Encoded);

    /// <summary>The documents to tokenize, after cleaning.</summary>
    /// <param name="Documents">The documents, normalized, without those that are too short and without duplicates.</param>
    /// <param name="Length">Counts the documents that were too short.</param>
    /// <param name="Duplicates">The duplicates; null if they were not searched.</param>
    private sealed record Cleaned(IEnumerable<TextChunk> Documents, LengthFilter Length, Duplicates? Duplicates)
    {
        public ManifestCleaning? Describe(PreparationOptions options) =>
            options.Normalization == TextNormalization.None && options.MinCharacters == 0 && options.Deduplication == Deduplication.None ? null : new ManifestCleaning
            {
                Normalization = options.Normalization.ToString().ToLowerInvariant(),
                MinCharacters = options.MinCharacters,
                Deduplication = options.Deduplication.ToString().ToLowerInvariant(),
                DuplicateThreshold = options.DuplicateThreshold,
                TooShort = Length.LeftOut,
                Duplicates = Duplicates?.Count ?? 0,
            };
    }
}
