using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Foreword.Data.Datasets;
using Foreword.Data.Datasets.Catalog;
using Foreword.Data.Recipes;
using Foreword.Data.Shards;
using Foreword.IO;

namespace Foreword.Data.FineTuning;

/// <summary>
/// The files that a fine-tuning run reads, with their hashes. A run stores them in <c>data.json</c>. It can be resumed only if the contents of the
/// files are the same. Their location may change.
/// </summary>
internal sealed record TrainingFiles
{
    /// <summary>The name of the file in a run directory.</summary>
    public const string FileName = "data.json";

    /// <summary>Gets the training files.</summary>
    public required IReadOnlyList<ManifestFile> Train { get; init; }

    /// <summary>Gets the files that select the best epoch; empty if a share of the training set is used instead.</summary>
    public required IReadOnlyList<ManifestFile> Validation { get; init; }

    /// <summary>Gets the label files of the training set and the validation set; empty if the tables hold the labels.</summary>
    public IReadOnlyList<ManifestFile> Labels { get; init; } = [];

    /// <summary>
    /// Gets the files of the base model's weights if checkpoints need them, because adapters are saved without the base model; otherwise empty.
    /// </summary>
    public IReadOnlyList<ManifestFile> Model { get; init; } = [];

    /// <summary>Computes the hashes of the files.</summary>
    /// <param name="data">Names the files of labels, and the other files if there is no content.</param>
    /// <param name="content">The content that was read. If it is null and the files are those of a data set, the data set is read again.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static TrainingFiles Create(LabeledSection data, DatasetContent? content = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        if (data.Dataset is { } name)
            content ??= DatasetCatalog.OfName(name).Read(data.DatasetInput with { CancellationToken = cancellationToken });
        IReadOnlyList<string> train = content?.Train.Files ?? data.Paths(data.Train), validation = content is null ? data.Paths(data.Validation) : content.Validation?.Files ?? [];
        return new()
        {
            Train = ManifestFile.Describe(train, cancellationToken),
            Validation = ManifestFile.Describe(data.Dataset is null ? validation : validation.Except(train), cancellationToken), // a data set may take both parts from one file
            Labels = ManifestFile.Describe([.. data.Paths(data.TrainLabels), .. data.Paths(data.ValidationLabels)], cancellationToken),
        };
    }

    /// <summary>Reads the record of a run.</summary>
    /// <param name="directory">The run's directory.</param>
    /// <returns>The record; null if the run was started by a version that did not write it.</returns>
    /// <exception cref="InvalidDataException">The file is malformed.</exception>
    public static TrainingFiles? Read(string directory)
    {
        string path = Path.Combine(directory, FileName);
        if (!File.Exists(path))
            return null;
        TrainingFiles read = JsonFile.Deserialize(path, json => JsonSerializer.Deserialize(json, TrainingFilesJson.Readable.TrainingFiles));
        return read.Train is null || read.Validation is null || read.Labels is null || read.Model is null || read.Train.Concat(read.Validation).Concat(read.Labels).Concat(read.Model).Contains(null)
            ? throw new InvalidDataException($"{path}: null where a list or a file belongs")
            : read;
    }

    /// <summary>Returns a copy that includes the weights of the base model.</summary>
    /// <param name="path">The model's directory or file.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public TrainingFiles WithModel(string path) => this with
    {
        Model = ManifestFile.Describe(Directory.Exists(path) ? Directory.EnumerateFiles(path).Where(HoldsWeights).Order(StringComparer.Ordinal) : [path], CancellationToken.None),
    };

    /// <summary>Writes the record into an existing directory.</summary>
    /// <param name="directory">The run's directory.</param>
    public void Save(string directory) => DurableFile.Replace(Path.Combine(directory, FileName), stream => JsonSerializer.Serialize(stream, this, TrainingFilesJson.Readable.TrainingFiles));

    /// <summary>Checks that these are the same files as those of a run to be resumed.</summary>
    /// <param name="before">The files that the run recorded.</param>
    /// <param name="run">The run's directory, for the message.</param>
    /// <exception cref="InvalidDataException">
    /// The contents or the number of the files differ. The message names the first file that differs.
    /// </exception>
    public void CheckSame(TrainingFiles before, string run)
    {
        ArgumentNullException.ThrowIfNull(before);
        CheckSame("data.train", before.Train, Train, run);
        CheckSame("data.validation", before.Validation, Validation, run);
        CheckSame("data.train_labels with data.validation_labels", before.Labels, Labels, run);
        CheckSame("model.path", before.Model, Model, run);
    }

    /// <summary>Returns the paths of files whose contents are equal to a training file.</summary>
    internal IEnumerable<string> CopiesAmong(IReadOnlyList<string> paths) => paths.Where(path =>
    {
        long length = new FileInfo(path).Length;
        ManifestFile[] asLong = [.. Train.Where(file => file.Bytes == length)];
        string? hash = asLong.Length == 0 ? null : FileHash.Of(path);
        return asLong.Any(file => file.Sha256 == hash);
    });

    /// <summary>Gets the validation files whose contents are equal to a training file.</summary>
    internal IEnumerable<(ManifestFile Validation, ManifestFile Train)> Shared =>
        from validation in Validation
        from train in Train
        where validation.Sha256 == train.Sha256
        select (validation, train);

    private static bool HoldsWeights(string path) => Path.GetExtension(path) is not (".json" or ".txt" or ".md" or ".yaml" or ".jsonl");

    private static void CheckSame(string key, IReadOnlyList<ManifestFile> before, IReadOnlyList<ManifestFile> now, string run)
    {
        if (before.Count != now.Count)
            throw new InvalidDataException($"{key} names {Files(now.Count)}; the run {run} was started with {Files(before.Count)}; use another directory");
        foreach ((ManifestFile old, ManifestFile file) in before.Zip(now))
        {
            if (old.Sha256 != file.Sha256)
            {
                string other = old.Path == file.Path ? $"has changed since the run {run} was started" : $"is not the file that the run {run} was started with, {old.Path}";
                throw new InvalidDataException($"{file.Path} {other} (SHA-256 {Beginning(file)}, {FileName} says {Beginning(old)}); use another directory");
            }
        }

        static string Files(int count) => count == 1 ? "1 file" : $"{count} files";
        static string Beginning(ManifestFile file) => file.Sha256[..Math.Min(12, file.Sha256.Length)] + "...";
    }
}

/// <summary>Serializes <see cref="TrainingFiles"/> without reflection.</summary>
[JsonSerializable(typeof(TrainingFiles))]
internal sealed partial class TrainingFilesJson : JsonSerializerContext
{
    public static TrainingFilesJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // paths stay readable
    });
}
