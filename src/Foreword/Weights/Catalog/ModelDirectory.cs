using System.Globalization;
using Foreword.IO;
using Foreword.Models;
using Foreword.Tokenization;
using Foreword.Tokenization.Catalog;
using Foreword.Weights.HuggingFace;

namespace Foreword.Weights.Catalog;

/// <summary>Finds models and tokenizers on disk, and checks that a model and a tokenizer belong together.</summary>
internal static class ModelDirectory
{
    /// <summary>
    /// The largest number of ids by which a model may exceed its tokenizer. Such rows pad the vocabulary to a round number (50,257 to 50,304), or a
    /// fine-tuning task added them. A larger surplus means that the tokenizer belongs to another model.
    /// </summary>
    internal const int MostUnusedIds = 1023;

    /// <summary>Returns the path of the model that a path refers to.</summary>
    /// <param name="path">
    /// A model in any format, a checkpoint, a run directory, or the name of a downloaded model (OWNER/NAME). The name is used only if nothing exists
    /// at the path.
    /// </param>
    /// <returns>
    /// The path itself if it is a model or a checkpoint. For a run directory, its <c>best/</c> if that holds a model; otherwise, its
    /// <c>checkpoint-N/</c> with the highest N. For a name, the directory of the downloaded model.
    /// </returns>
    /// <exception cref="DirectoryNotFoundException">Nothing exists at the path, and no model with that name was downloaded.</exception>
    /// <exception cref="InvalidDataException">The path is a file or a directory without a model.</exception>
    public static string Resolve(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Find(path) is { } model)
            return model;
        GitLfsPointer.Refuse(path);
        if (File.Exists(path))
            throw new InvalidDataException($"{path} is a file, but not a model in a single-file format; other models are directories");
        if (!Directory.Exists(path))
            throw new DirectoryNotFoundException($"model directory '{path}' does not exist{(HubRepository.TryParse(path) is not null ? ", and no model of that name was downloaded" : "")}");
        throw new InvalidDataException($"{path} {WhyNoModel(path)}");
    }

    /// <summary>Describes why a directory is no model, the most likely reason first, as the end of a sentence that begins with the path.</summary>
    private static string WhyNoModel(string directory)
    {
        string[] entries = [.. Directory.EnumerateFileSystemEntries(directory).Select(entry => Path.GetFileName(entry)!).Order(StringComparer.Ordinal)];
        if (entries.Length == 0)
            return "is empty, so it holds no model";
        if (entries.Contains("recipe.yaml"))
            return "is the directory of a run that has saved no model yet";
        if (Array.Find(entries, entry => Path.GetExtension(entry) is ".safetensors" or ".pt" or ".pth" || entry.StartsWith("pytorch_model", StringComparison.Ordinal)) is { } weights)
            return $"holds {weights}, but no {HuggingFaceConfig.FileName}";
        if (Array.Find(entries, entry => Directory.Exists(Path.Combine(directory, entry)) && Find(Path.Combine(directory, entry)) is not null) is { } within)
            return $"holds no model itself, but {Path.Combine(directory, within)} is one";
        if (entries.Where(entry => entry.EndsWith(".gguf", StringComparison.Ordinal)).ToArray() is [var first, .. var others])
            return others.Length > 0 ? $"holds {others.Length + 1} .gguf files; name one of them" : $"holds {first}, which is not a GGUF file";
        if (TokenizerFiles.IsIn(directory))
            return "holds a tokenizer, but no model";
        return $"holds no model: no {HuggingFaceConfig.FileName}, no .gguf file, no best/ and no checkpoint-N/";
    }

    /// <summary>
    /// Loads the tokenizer that a path refers to. It is read from the tokenizer directory, from the model directory, or from the weights file itself.
    /// </summary>
    /// <param name="path">A tokenizer directory, or anything that <see cref="Resolve"/> accepts.</param>
    /// <exception cref="DirectoryNotFoundException">Nothing exists at the path.</exception>
    /// <exception cref="FileNotFoundException">There is no tokenizer. The message lists the files that were looked for.</exception>
    /// <exception cref="InvalidDataException">A file is malformed. The message names it.</exception>
    /// <exception cref="NotSupportedException">The tokenizer needs a feature that Foreword does not support.</exception>
    public static Tokenizer LoadTokenizer(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (TokenizerFiles.IsIn(path) || Find(path) is not { } model)
            return TokenizerFiles.Load(path);
        return WeightsCatalog.FormatOf(model)?.LoadTokenizer(model) ?? TokenizerFiles.Load(model); // a configuration without weights has no format
    }

    /// <summary>Returns the directory of a downloaded model.</summary>
    /// <param name="name">The name of the model, OWNER/NAME.</param>
    /// <returns>The directory, or null if the model was not downloaded.</returns>
    public static string? Downloaded(string name) => HubCacheLayout.Snapshot(name, Environment.GetEnvironmentVariable);

    /// <summary>Returns the newest checkpoint of a run directory.</summary>
    /// <param name="runDirectory">An existing directory.</param>
    /// <returns>The <c>checkpoint-N/</c> with the highest N that holds a model, or null if there is none.</returns>
    public static string? NewestCheckpoint(string runDirectory) =>
        Directory.EnumerateDirectories(runDirectory, "checkpoint-*")
            .Select(directory => (directory, Step: Step(directory)))
            .Where(checkpoint => checkpoint.Step is not null && HoldsModel(checkpoint.directory))
            .OrderByDescending(checkpoint => checkpoint.Step)
            .Select(checkpoint => checkpoint.directory)
            .FirstOrDefault();

    /// <summary>
    /// Checks that a tokenizer can belong to a model. At most 1,023 embeddings may have no id, and every id must have an embedding.
    /// </summary>
    /// <param name="model">The path of the model, for messages.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="config">The architecture of the model.</param>
    /// <remarks>
    /// At most 1,023 added tokens at the end of the vocabulary may have no embedding, because a padding token is often added without a new row. A
    /// text that contains such a token is rejected later.
    /// </remarks>
    /// <exception cref="InvalidDataException">The sizes do not match. The message names both.</exception>
    public static void CheckVocabulary(string model, Tokenizer tokenizer, ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(config);
        if (config.VocabSize - tokenizer.VocabSize > MostUnusedIds || !HasRows(tokenizer, config.VocabSize))
            throw new InvalidDataException($"{model}: the tokenizer has {tokenizer.VocabSize} ids but the model's vocab_size is {config.VocabSize}");
    }

    /// <summary>Returns whether every id is below the vocabulary size, except the ids of a few added tokens.</summary>
    internal static bool HasRows(Tokenizer tokenizer, int vocabSize)
    {
        int surplus = tokenizer.VocabSize - vocabSize;
        return surplus <= 0 || (surplus <= MostUnusedIds && tokenizer.AddedTokens.Select(token => token.Id).Distinct().Count(id => id >= vocabSize) == surplus);
    }

    /// <summary>Returns whether a path holds weights, or only a configuration. In the second case, a later error names the missing weights.</summary>
    private static bool HoldsModel(string path) => WeightsCatalog.FormatOf(path) is not null || File.Exists(Path.Combine(path, HuggingFaceConfig.FileName));

    /// <summary>Finds a model as <see cref="Resolve"/> does, but returns null if there is none.</summary>
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
