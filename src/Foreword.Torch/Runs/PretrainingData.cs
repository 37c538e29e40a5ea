using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Foreword.Chat;
using Foreword.Data.Preparing;
using Foreword.Data.Reading;
using Foreword.Data.Recipes;
using Foreword.Data.Shards;
using Foreword.Progress;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Weights.Catalog;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foreword.Torch.Runs;

/// <summary>
/// The tokens of a run. They come from existing shards, or from text that is tokenized into the run's own <c>data/</c> the first time.
/// </summary>
internal sealed class PretrainingData : IDisposable
{
    private PretrainingData(TokenDataset train, TokenDataset? validation, Tokenizer tokenizer) => (Train, Validation, Tokenizer) = (train, validation, tokenizer);

    /// <summary>Gets the training tokens.</summary>
    public TokenDataset Train { get; }

    /// <summary>Gets the held-out tokens, or null if there are none.</summary>
    public TokenDataset? Validation { get; }

    /// <summary>Gets the tokenizer that made the tokens.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>Gets how the messages of dialogues became tokens; null if the tokens are not those of dialogues.</summary>
    public ChatTemplate? Template => Train.Manifest.Layout?.Template;

    /// <summary>
    /// Gets a SHA-256, in lowercase hexadecimal, that identifies the tokens. It covers the tokenizer and, for each split, the length and hash of
    /// every shard. It does not depend on the location of the shards.
    /// </summary>
    public string Fingerprint
    {
        get
        {
            StringBuilder content = new(Train.Manifest.Tokenizer.Fingerprint);
            foreach (var (name, split) in Train.Manifest.Splits.OrderBy(split => split.Key, StringComparer.Ordinal))
            {
                content.Append('\n').Append(name);
                foreach (ManifestShard shard in split.Shards)
                    content.Append(CultureInfo.InvariantCulture, $" {shard.Tokens} {shard.Sha256}");
            }

            return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content.ToString())));
        }
    }

    /// <summary>Opens the shards. Prepares them from text first, unless <paramref name="ownDirectory"/> already contains them.</summary>
    /// <param name="section">The recipe's data section.</param>
    /// <param name="seed">Seed that selects the held-out documents.</param>
    /// <param name="ownDirectory">Directory of the shards that are made from text.</param>
    /// <param name="progress">Receives the progress of the preparation; null for none.</param>
    /// <param name="logger">Receives which files are not read; null for no log.</param>
    /// <param name="cancellationToken">Cancels the preparation. No files remain.</param>
    /// <exception cref="InvalidDataException">Text, shards or tokenizer are broken or do not fit each other.</exception>
    public static PretrainingData Open(
        DataSection section, long seed, string ownDirectory, IProgress<PretrainEvent>? progress = null, ILogger? logger = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(section);
        if (section.Shards is not null)
            return Open(section.Shards, section.Tokenizer);
        if (!File.Exists(Path.Combine(ownDirectory, ShardManifest.FileName)))
            Prepare(section, seed, ownDirectory, progress, logger ?? NullLogger.Instance, cancellationToken);
        return Open(ownDirectory, section.Tokenizer);
    }

    private static PretrainingData Open(string shards, string? tokenizerPath)
    {
        TokenDataset train = TokenDataset.Open(shards, TokenDataset.Train);
        TokenDataset? validation = null;
        try
        {
            if (train.Manifest.Splits.ContainsKey(TokenDataset.Validation))
                validation = TokenDataset.Open(shards, TokenDataset.Validation);
            Tokenizer tokenizer = tokenizerPath is null ? train.LoadTokenizer() : CorpusPreparer.TokenizerFor(train.Manifest, ModelDirectory.LoadTokenizer(tokenizerPath));
            if (tokenizer.Fingerprint != train.Manifest.Tokenizer.Fingerprint)
                throw new InvalidDataException($"{tokenizerPath} is not the tokenizer that made {shards}: its fingerprint is {tokenizer.Fingerprint}, the manifest says {train.Manifest.Tokenizer.Fingerprint}; prepare the text again with this tokenizer");
            return new PretrainingData(train, validation, tokenizer);
        }
        catch
        {
            validation?.Dispose();
            train.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Train.Dispose();
        Validation?.Dispose();
    }

    private static void Prepare(DataSection section, long seed, string directory, IProgress<PretrainEvent>? progress, ILogger logger, CancellationToken cancellationToken)
    {
        CorpusLayout layout = section.Layout ?? CorpusLayout.Text;
        CorpusReader documents = CorpusReader.Open(section.Text, layout, section.Reading());
        if (documents.Skipped.Count > 0)
        {
            string files = SkippedFiles.Describe(documents.Skipped, section.TextField);
            TorchLog.FilesLeftOut(logger, files);
        }

        Tokenizer tokenizer = section.Tokenizer is not null
            ? ModelDirectory.LoadTokenizer(section.Tokenizer)
            : new BpeTrainer { VocabSize = section.VocabSize!.Value }.Train(
                documents.ReadTexts(),
                new SynchronousProgress<TokenizerProgress>(p => progress?.Report(new PretrainEvent.TrainingTokenizer(p.Characters))),
                cancellationToken);
        PreparationOptions options = new()
        {
            ValidationShare = section.Validation,
            ValidationRun = section.ValidationRun,
            Seed = seed,
            AllowSpecial = section.AllowSpecial,
            Reading = section.Reading(),
            Layout = layout,
            Template = layout.HoldsDialogues() ? ChatTemplateFile.Choose(section.Template, section.Tokenizer ?? "", tokenizer) : null,
            DialogueTokens = section.DialogueTokens,
        };
        PreparationReport report = new CorpusPreparer(tokenizer, options).Prepare(
            documents.Read(), directory, section.Text, documents.Files,
            new SynchronousProgress<PreparationProgress>(p => progress?.Report(new PretrainEvent.PreparingShards(p.Documents, p.Tokens))),
            cancellationToken);
        if (report.UnknownText is { } unknown)
            TorchLog.ExamplesDoubted(logger, unknown);
    }
}
