using System.Globalization;
using Foreword.IO;
using Foreword.Models;
using Foreword.Tokenization;
using Foreword.Tokenization.Files;
using Foreword.Weights.HuggingFace;

namespace Foreword.Weights;

/// <summary>Finds a model and checks that its parts belong together.</summary>
public static class ModelDirectory
{
    /// <summary>
    /// Ids that a model may have above its tokenizer's: rows that pad the vocabulary to a round number (50,257 to
    /// 50,304) or that a fine-tuning task added. More than that is another tokenizer's model.
    /// </summary>
    internal const int MostUnusedIds = 1023;

    /// <summary>
    /// The model that a path means: itself when it is a model in any format or a checkpoint, or the checkpoint of a run directory,
    /// which is <c>best/</c> where there is one, else the highest <c>checkpoint-N/</c>. Where nothing lies at the path, it may be the name
    /// of a downloaded model: OWNER/NAME.
    /// </summary>
    /// <exception cref="DirectoryNotFoundException">Nothing lies at the path.</exception>
    /// <exception cref="InvalidDataException">It is a file or a directory without a model.</exception>
    public static string Resolve(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Find(path) is { } model)
            return model;
        GitLfsPointer.Refuse(path);
        if (File.Exists(path))
            throw new InvalidDataException($"{path} is a file, but no model in one of the formats that are files; other models are directories");
        if (!Directory.Exists(path))
            throw new DirectoryNotFoundException($"model directory '{path}' does not exist{(HubRepository.TryParse(path) is not null ? ", and no model of that name was downloaded" : "")}");
        throw new InvalidDataException($"{path} holds no {HuggingFaceConfig.FileName}, no best/ and no checkpoint-N/: it is neither a model nor a run directory; models are {string.Join("; ", WeightsFormat.All.Select(format => format.Files))}");
    }

    /// <summary>
    /// The tokenizer that a path means: a tokenizer directory's, or that of whatever <see cref="Resolve"/> takes for a model, beside the weights or in their file.
    /// </summary>
    /// <exception cref="DirectoryNotFoundException">Nothing lies at the path.</exception>
    /// <exception cref="FileNotFoundException">There is no tokenizer; the message says what was looked for.</exception>
    /// <exception cref="InvalidDataException">A file is malformed; the message names it.</exception>
    public static Tokenizer LoadTokenizer(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (TokenizerFiles.IsIn(path) || Find(path) is not { } model)
            return TokenizerFiles.Load(path);
        return WeightsFormat.Of(model)?.LoadTokenizer(model) ?? TokenizerFiles.Load(model); // a configuration without weights has no format
    }

    /// <summary>The directory of a downloaded model by its name, OWNER/NAME; null where it was not downloaded.</summary>
    public static string? Downloaded(string name) => HubCacheLayout.Snapshot(name, Environment.GetEnvironmentVariable);

    /// <summary>The directory's <c>checkpoint-N/</c> with the highest N that holds a model, or null.</summary>
    public static string? NewestCheckpoint(string runDirectory) =>
        Directory.EnumerateDirectories(runDirectory, "checkpoint-*")
            .Select(directory => (directory, Step: Step(directory)))
            .Where(checkpoint => checkpoint.Step is not null && HoldsModel(checkpoint.directory))
            .OrderByDescending(checkpoint => checkpoint.Step)
            .Select(checkpoint => checkpoint.directory)
            .FirstOrDefault();

    /// <summary>
    /// Checks that the tokenizer can be the model's: few embeddings have no id, and every id has an embedding. Added tokens at the end may lack one: a token for
    /// padding is often added without a row of its own. A text that holds such a token is refused later.
    /// </summary>
    /// <exception cref="InvalidDataException">The sizes do not match; the message names both.</exception>
    public static void CheckVocabulary(string model, Tokenizer tokenizer, GptConfig config)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(config);
        if (config.VocabSize - tokenizer.VocabularySize > MostUnusedIds || !HasRows(tokenizer, config.VocabSize))
            throw new InvalidDataException($"{model}: the tokenizer has {tokenizer.VocabularySize} ids but the model's vocab_size is {config.VocabSize}");
    }

    /// <summary>Whether every id is below the vocabulary's size, except those of a few added tokens.</summary>
    internal static bool HasRows(Tokenizer tokenizer, int vocabularySize)
    {
        int surplus = tokenizer.VocabularySize - vocabularySize;
        return surplus <= 0 || (surplus <= MostUnusedIds && tokenizer.AddedTokens.Select(token => token.Id).Distinct().Count(id => id >= vocabularySize) == surplus);
    }

    /// <summary>Weights, or a configuration whose weights are then missed by name.</summary>
    private static bool HoldsModel(string path) => WeightsFormat.Of(path) is not null || File.Exists(Path.Combine(path, HuggingFaceConfig.FileName));

    /// <summary>As <see cref="Resolve"/>, or null.</summary>
    private static string? Find(string path)
    {
        if (HoldsModel(path))
            return path;
        if (!Directory.Exists(path))
            return File.Exists(path) ? null : Downloaded(path);
        string best = Path.Combine(path, "best");
        return HoldsModel(best) ? best : NewestCheckpoint(path);
    }

    private static long? Step(string directory) =>
        long.TryParse(Path.GetFileName(directory).AsSpan("checkpoint-".Length), NumberStyles.None, CultureInfo.InvariantCulture, out long step) ? step : null;
}
