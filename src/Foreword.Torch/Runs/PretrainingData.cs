using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Foreword.Data.Preparing;
using Foreword.Data.Reading;
using Foreword.Data.Recipes;
using Foreword.Data.Shards;
using Foreword.Tokenization;
using Foreword.Tokenization.Bpe;
using Foreword.Weights;

namespace Foreword.Torch.Runs;

/// <summary>
/// The tokens of a run: shards that exist, or text that is tokenised into the run's own <c>data/</c> the first time.
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

    /// <summary>The tokens to learn from.</summary>
    public TokenDataset Train { get; }

    /// <summary>The held-out tokens, or null.</summary>
    public TokenDataset? Validation { get; }

    /// <summary>What made the tokens.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>
    /// SHA-256, in lower-case hexadecimal, of what the tokens are: the tokenizer, and each split's shards by length and hash. It is the same
    /// wherever the shards lie.
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

    /// <summary>Opens the shards; text is prepared first, unless <paramref name="ownDirectory"/> holds its shards from before.</summary>
    /// <param name="section">The recipe's data section.</param>
    /// <param name="seed">Chooses the documents held out.</param>
    /// <param name="ownDirectory">Where shards made from text lie.</param>
    /// <param name="tell">Told about progress.</param>
    /// <param name="cancellationToken">Ends the preparation; nothing is left behind.</param>
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
                new Teller<TokenizerProgress>(p => tell?.Invoke(new PretrainEvent.TrainingTokenizer(p.Characters))),
                cancellationToken);
        new CorpusPreparer(tokenizer, new PreparationOptions { ValidationShare = section.Validation, ValidationRun = section.ValidationRun, Seed = seed, AllowSpecial = section.AllowSpecial, Reading = section.Reading() }).Prepare(
            documents.Read(), directory, section.Text, documents.Files,
            new Teller<PreparationProgress>(p => tell?.Invoke(new PretrainEvent.PreparingShards(p.Documents, p.Tokens))),
            cancellationToken);
    }

    /// <summary>Reports on the calling thread; <see cref="Progress{T}"/> would post to another one.</summary>
    private sealed class Teller<T>(Action<T> tell) : IProgress<T>
    {
        public void Report(T value) => tell(value);
    }
}
