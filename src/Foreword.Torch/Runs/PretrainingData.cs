using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Foreword.Data.Preparing;
using Foreword.Data.Reading;
using Foreword.Data.Recipes;
using Foreword.Data.Shards;
using Foreword.IO;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Weights.Catalog;

namespace Foreword.Torch.Runs;

/// <summary>
/// The tokens of a run. They come from existing shards, or from text that is tokenized into the run's own <c>data/</c> the first time.
/// </summary>
public sealed class PretrainingData : IDisposable
{
    private PretrainingData(string shards, string? tokenizer)
    {
        Train = TokenDataset.Open(shards, TokenDataset.Train);
        Validation = Train.Manifest.Splits.ContainsKey(TokenDataset.Validation) ? TokenDataset.Open(shards, TokenDataset.Validation) : null;
        Tokenizer = tokenizer is null ? Train.LoadTokenizer() : ModelDirectory.LoadTokenizer(tokenizer);
        if (Tokenizer.Fingerprint != Train.Manifest.Tokenizer.Fingerprint)
            throw new InvalidDataException($"{tokenizer} is not the tokenizer that made {shards}: its fingerprint is {Tokenizer.Fingerprint}, the manifest says {Train.Manifest.Tokenizer.Fingerprint}; prepare the text again with this tokenizer");
    }

    /// <summary>Gets the training tokens.</summary>
    public TokenDataset Train { get; }

    /// <summary>Gets the held-out tokens, or null if there are none.</summary>
    public TokenDataset? Validation { get; }

    /// <summary>Gets the tokenizer that made the tokens.</summary>
    public Tokenizer Tokenizer { get; }

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
    /// <param name="tell">Receives progress events, or null.</param>
    /// <param name="cancellationToken">Cancels the preparation. No files remain.</param>
    /// <exception cref="InvalidDataException">Text, shards or tokenizer are broken or do not fit each other.</exception>
    public static PretrainingData Open(DataSection section, long seed, string ownDirectory, Action<PretrainEvent>? tell = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(section);
        if (section.Shards is not null)
            return new PretrainingData(section.Shards, section.Tokenizer);
        if (!File.Exists(Path.Combine(ownDirectory, ShardManifest.FileName)))
            Prepare(section, seed, ownDirectory, tell, cancellationToken);
        return new PretrainingData(ownDirectory, section.Tokenizer);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Train.Dispose();
        Validation?.Dispose();
    }

    private static void Prepare(DataSection section, long seed, string directory, Action<PretrainEvent>? tell, CancellationToken cancellationToken)
    {
        DocumentReader documents = DocumentReader.Open(section.Text, section.Reading());
        if (documents.Skipped.Count > 0)
            tell?.Invoke(new PretrainEvent.FilesLeftOut(SkippedFiles.Describe(documents.Skipped, section.TextField)));
        Tokenizer tokenizer = section.Tokenizer is not null
            ? ModelDirectory.LoadTokenizer(section.Tokenizer)
            : new BpeTrainer { VocabularySize = section.VocabSize!.Value }.Train(
                documents.Read().Select(part => part.Text),
                new SynchronousProgress<TokenizerProgress>(p => tell?.Invoke(new PretrainEvent.TrainingTokenizer(p.Characters))),
                cancellationToken);
        new CorpusPreparer(tokenizer, new PreparationOptions { ValidationShare = section.Validation, ValidationRun = section.ValidationRun, Seed = seed, AllowSpecial = section.AllowSpecial, Reading = section.Reading() }).Prepare(
            documents.Read(), directory, section.Text, documents.Files,
            new SynchronousProgress<PreparationProgress>(p => tell?.Invoke(new PretrainEvent.PreparingShards(p.Documents, p.Tokens))),
            cancellationToken);
    }
}
